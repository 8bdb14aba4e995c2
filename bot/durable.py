"""Durable workflows (DBOS): converse and refile survive a kill, and are taken up again at the next start.

Workflows are started directly (a queue would be polled) under ids of our own, so that a redelivery
starts nothing new. Their inputs and results are kept by DBOS: ids only, never a citizen's words.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from dbos import DBOS, SetWorkflowID
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from bot.metrics import BROKEN

log = structlog.get_logger("durable")

STEP_TRIES = 10
CLOSE_SECONDS = 4  # the supervisor kills after 10
KEPT_SECONDS = 3 * 24 * 3600  # longer than any provider repeats a delivery
REFILE_FIRST, REFILE_LONGEST = 2.0, 300.0  # seconds between two tries to file a kept report

Step = Callable[[str], Awaitable[Any]]


class Durable:
    """The two workflows around three steps, each of which may run more than once.

    `answer(conversation)` answers all that waits, `deliver(conversation)` sends all that is written down,
    `file(key)` tries to file a kept report: the conversation to tell, or None when it must be tried again, first
    after `refile_first` seconds.
    """

    def __init__(
        self,
        database_url: str,
        data_dir: Path,
        answer: Step,
        deliver: Step,
        file: Step,
        refile_first: float = REFILE_FIRST,
    ) -> None:
        self._closing = threading.Event()
        self._converse, self._refile = _workflows(answer, deliver, file, self._closing, refile_first)
        sqlite = make_url(database_url).get_backend_name() == "sqlite"
        url = f"sqlite:///{data_dir.resolve() / 'workflows.sqlite'}" if sqlite else database_url
        self._dbos = DBOS(
            config={
                "name": "civicline",
                # Rows of an older build, or of a process of another name, would never be taken up again.
                "application_version": "1",
                "executor_id": "gateway",
                "system_database_url": url,
                "system_database_engine": _sqlite(url) if sqlite else None,
                "log_level": "WARNING",
                "enable_otlp": False,
            }
        )

    def launch(self) -> None:
        """Take up what was cut off. Called inside the event loop on which the steps are to run."""
        DBOS.launch()

    async def converse(self, message_id: str, conversation_id: str) -> None:
        """See that the message is answered and the answer sent; a second call for the same message does nothing."""
        with SetWorkflowID(f"converse-{message_id}"):
            await DBOS.start_workflow_async(self._converse, conversation_id)

    async def refile(self, key: str) -> None:
        """See that a kept report is filed, however long its department is down."""
        with SetWorkflowID(f"refile-{key}"):
            await DBOS.start_workflow_async(self._refile, key)

    async def purge(self, now: float | None = None) -> int:
        """Delete what ended long before `now` (a Unix time); returns how many."""
        before = (time.time() if now is None else now) - KEPT_SECONDS
        ended = await DBOS.list_workflows_async(
            status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            completed_before=time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(before)),
            limit=5000,
            load_input=False,
            load_output=False,
        )
        await DBOS.delete_workflows_async([workflow.workflow_id for workflow in ended])
        return len(ended)

    async def close(self) -> None:
        """Let what is under way end, for CLOSE_SECONDS at most; the rest is taken up at the next start."""
        self._closing.set()
        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def end() -> None:
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=CLOSE_SECONDS)
            loop.call_soon_threadsafe(ended.set_result, None)

        # A thread of its own: DBOS ends the pool that asyncio's threads come from.
        threading.Thread(target=end).start()
        await ended


def _workflows(answer: Step, deliver: Step, file: Step, closing: threading.Event, refile_first: float) -> tuple[Any, Any]:
    step = DBOS.step

    @step(name="answer", retries_allowed=True, max_attempts=STEP_TRIES)
    async def answering(conversation_id: str) -> None:
        await answer(conversation_id)

    @step(name="deliver", retries_allowed=True, max_attempts=STEP_TRIES)
    async def delivering(conversation_id: str) -> None:
        await deliver(conversation_id)

    @step(name="file")
    async def filing(key: str) -> str | None:
        try:
            return str(told) if (told := await file(key)) else None
        except Exception:  # tried again, like a department that is down: a report is never given up
            log.exception("filing_broken", key=key)
            return None

    @DBOS.workflow(name="converse", max_recovery_attempts=100)
    async def converse(conversation_id: str) -> None:
        try:
            await answering(conversation_id)
            await delivering(conversation_id)
        except Exception:
            if not closing.is_set():
                BROKEN.inc()
                log.exception("workflow_broken", workflow="converse", conversation=conversation_id)
            raise

    @DBOS.workflow(name="refile", max_recovery_attempts=100)
    async def refile(key: str) -> None:
        pause = refile_first
        while (conversation_id := await filing(key)) is None:
            await DBOS.sleep_async(pause)
            pause = min(pause * 2, REFILE_LONGEST)
        await delivering(conversation_id)

    return converse, refile


def _sqlite(url: str) -> Engine:
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # As DBOS sets up its own engine, and besides: WAL, and a commit that survives a power cut,
        # because a provider gets its 200 on the strength of it.
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine
