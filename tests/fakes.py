"""Fakes with a memory, for the core's own stories: an engine that repeats, a channel that remembers."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Self

from aiohttp import web

from bot.messages import Choice, Handover, KeptReport, Outgoing, Reply
from bot.ports import Core, Premises, SendError, State, Turn, Utterance

MENU = (Choice("Case status", "ask_case_status"), Choice("A person", "ask_person"))


class FakeEngine:
    """Says what it was told; some words make it do something else. `faults` are raised first, one a turn."""

    def __init__(self) -> None:
        self.heard: list[Utterance] = []
        self.faults: deque[Exception] = deque()

    async def turn(self, conversation: str, state: State, utterance: Utterance) -> Turn:
        """Answer; the state counts the turns."""
        if self.faults:
            raise self.faults.popleft()
        self.heard.append(utterance)
        return Turn(self._replies(utterance), {"turns": state.get("turns", 0) + 1})

    def _replies(self, utterance: Utterance) -> tuple[Reply, ...]:
        match utterance.text:
            case "human":
                return (Reply(handover=Handover("asked", "wants a person")),)
            case "menu":
                return (Reply("Which one?", MENU),)
            case "report":
                return (Reply("Kept.", kept=KeptReport(f"{utterance.id}:report", "city", {"language": "es"})),)
            case "file":
                return (Reply("Your report is case 482 109 379."), Reply(written=True))
        return (Reply(f"You said {utterance.text}"),)


class FakeChannel:
    """A channel whose messages arrive in `sent`. `faults` are raised first, one a send."""

    name = "fake"
    live = False
    limit = 160

    def __init__(self, *, buttons: bool = False) -> None:
        self.buttons = buttons
        self.keywords = True
        self.sent: list[Outgoing] = []
        self.faults: deque[SendError] = deque()
        self.asked: list[str] = []  # the ids that `find` was asked for
        self.went_out: set[str] = set()  # those that it will find

    @classmethod
    def open(cls, premises: Premises) -> Self | None:
        """Open always."""
        return cls()

    def routes(self, core: Core) -> Sequence[web.AbstractRouteDef]:
        """Have none."""
        return ()

    async def send(self, outgoing: Outgoing) -> str:
        """Remember the message."""
        if self.faults:
            raise self.faults.popleft()
        self.sent.append(outgoing)
        return f"PR{len(self.sent)}"

    async def find(self, outgoing: Outgoing) -> str | None:
        """Find what the test says went out."""
        self.asked.append(outgoing.id)
        return "PRfound" if self.went_out else None

    async def close(self) -> None:
        """Hold nothing."""

    @property
    def texts(self) -> list[str]:
        """The texts that arrived, in order."""
        return [outgoing.text for outgoing in self.sent]
