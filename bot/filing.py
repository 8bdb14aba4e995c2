"""Filing a kept report by the action server, once its department is back."""

from __future__ import annotations

import aiohttp
import structlog

from bot.answers import Answers
from bot.store.conversations import ConversationStore, Entry, Moved, Outcome
from bot.store.reports import KeptReports

log = structlog.get_logger("filing")
PATIENCE = 20.0  # seconds for one try


class Filing:
    """Brings kept reports to the action server at `url`, and tells the citizen how it ended."""

    def __init__(self, url: str, token: str, reports: KeptReports, store: ConversationStore, answers: Answers) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._reports = reports
        self._store = store
        self._answers = answers

    async def file(self, key: str) -> str | None:
        """Try once. Returns the conversation that has news, or None when it must be tried again."""
        kept = await self._reports.get(key)
        if kept.status != "kept":
            return kept.conversation_id
        status, reference = await self._ask({"key": key, "department": kept.department, "report": kept.report})
        if status == "kept":
            return None
        log.info("kept_report", key=key, status=status)
        language = str(kept.report.get("language") or "")
        text = self._answers.text(language, f"report_{status}", reference=reference)
        while True:
            conversation = await self._reports.conversation(kept)
            outcome = Outcome([Entry(text, notice=True)], settled=(key, status, reference))
            if status == "refused" and conversation.holder == "bot":
                outcome.holder, outcome.reason, outcome.told_waiting = "queue", "failed", True
            try:
                await self._store.conclude(conversation, outcome)
            except Moved:  # the citizen wrote meanwhile
                continue
            return kept.conversation_id

    async def _ask(self, report: dict[str, object]) -> tuple[str, str]:
        try:
            timeout = aiohttp.ClientTimeout(total=PATIENCE)
            async with (
                aiohttp.ClientSession(headers=self._headers, timeout=timeout) as http,
                http.post(f"{self._url}/reports", json=report) as response,
            ):
                if response.status == 200:
                    return "filed", str((await response.json())["reference"])
                if response.status != 503:  # anything but "the department is down" is for somebody to look at
                    log.warning("report_not_filed", key=report["key"], status=response.status)
                return ("refused" if response.status in (400, 422) else "kept"), ""
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            log.warning("report_not_filed", key=report["key"], error=type(error).__name__)
            return "kept", ""
