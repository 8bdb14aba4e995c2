"""The Engine over HTTP: nlu/engine.py's `POST /turn`."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from bot.messages import Choice, Handover, KeptReport, Reply
from bot.ports import EngineDown, State, Turn, TurnFailed, Utterance

# Longer than the engine's own patience with the action server (15 s an action, rarely two of them).
PATIENCE = 35.0


class RasaEngine:
    """The dialogue engine at `url`, known by its token."""

    def __init__(self, url: str, token: str, *, city: str = "", emergency: str = "") -> None:
        self._url = url
        # What answers are worded with, besides the language.
        self._told = {"city": city, "emergency": emergency}
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None

    async def turn(self, conversation: str, state: State, utterance: Utterance) -> Turn:
        """Answer one message. Raises EngineDown (not reached, too slow, actions not reached), TurnFailed."""
        asked = {"conversation": conversation, "state": state, "message": _message(utterance, self._told)}
        try:
            async with self._http().post(f"{self._url}/turn", json=asked) as response:
                status, body = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EngineDown(type(error).__name__) from error
        if status in (503, 504):
            raise EngineDown(str(status))
        if status != 200:
            raise TurnFailed(str(status))
        try:
            answer = json.loads(body)
            return Turn(tuple(_reply(reply) for reply in answer["replies"]), answer["state"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TurnFailed(f"unreadable answer: {type(error).__name__}") from error

    async def ready(self) -> bool:
        """Say whether the engine has its model and answers."""
        try:
            async with self._http().get(f"{self._url}/health", timeout=aiohttp.ClientTimeout(total=3)) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(total=PATIENCE))
        return self._session


def _message(utterance: Utterance, told: dict[str, str]) -> dict[str, Any]:
    said = {"message_id": utterance.id, "channel": utterance.channel, "language": utterance.language}
    message: dict[str, Any] = {"text": utterance.text, "metadata": said | told}
    if utterance.intent:
        message |= {"intent": utterance.intent, "entities": dict(utterance.entities or {})}
    return message


def _reply(reply: dict[str, Any]) -> Reply:
    custom = reply.get("custom") or {}
    return Reply(
        text=reply.get("text") or "",
        choices=tuple(Choice(**choice) for choice in reply.get("choices") or ()),
        handover=Handover(**custom["handover"]) if "handover" in custom else None,
        kept=KeptReport(**custom["kept_report"]) if "kept_report" in custom else None,
        written=bool(custom.get("written")),
    )
