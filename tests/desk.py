"""The core on a real SQLite with a fake engine and a fake channel: what its stories are told with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from bot.answers import Answers
from bot.conversations import Conversations, Rules
from bot.delivery import Delivery, Pace
from bot.frontdoor import FrontDoor
from bot.messages import Inbound
from bot.store.conversations import ConversationStore
from bot.store.database import open_database
from bot.store.migrate import upgrade
from bot.store.outbox import Outbox
from bot.store.reports import KeptReports
from tests.fakes import FakeChannel, FakeEngine

ANN, BEN = "+15550100001", "+15550100002"


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self.now

    def pass_(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


class AtOnce:
    """The workflows' part of a story: a message is answered before `receive` returns, unless `held_back`."""

    def __init__(self) -> None:
        self.front: FrontDoor
        self.held_back = False
        self.started: list[str] = []
        self.refiled: list[str] = []

    async def converse(self, message_id: str, conversation_id: str) -> None:
        """Answer and deliver now."""
        self.started.append(message_id)
        if not self.held_back:
            await self.front.answer(conversation_id)
            await self.front.deliver(conversation_id)

    async def refile(self, key: str) -> None:
        """Remember what is to be filed."""
        self.refiled.append(key)


class Desk:
    """The core, its fakes, and the two verbs that stories begin with."""

    def __init__(self, path: Path, channel: FakeChannel | None = None) -> None:
        self.clock = Clock()
        self.engine = FakeEngine()
        self.channel = channel or FakeChannel()
        self.database = open_database(f"sqlite:///{path}")
        self.store = ConversationStore(self.database, self.clock)
        self.outbox = Outbox(self.store, self.clock)
        self.answers = Answers.read({"emergency": "911", "phone": "555-0100", "city": "Riverton"})
        channels = {"fake": self.channel}
        rules = Rules(patience=0.3)
        self.conversations = Conversations(self.store, self.engine, self.answers, channels, rules, self.clock)
        self.delivery = Delivery(self.outbox, channels, Pace(first=0.001, longest=0.002, tries=5))
        self.workflows = AtOnce()
        self.reports = KeptReports(self.store)
        self.front = FrontDoor(self.conversations, self.delivery, self.store, self.reports, live=())
        self.front.workflows = self.workflows
        self.workflows.front = self.front
        self._ids = count(1)

    async def hear(self, text: str, *, address: str = ANN, id: str = "") -> bool:
        """Receive a message of a citizen."""
        return await self.front.receive(Inbound("fake", address, text, id or f"M{next(self._ids)}"))

    async def holder(self, address: str = ANN) -> str:
        """Return who holds the conversation."""
        conversation = await self.store.find("fake", address)
        assert conversation is not None
        return conversation.holder

    def text(self, key: str, language: str = "en", **values: object) -> str:
        """Return one of the reviewed texts."""
        return self.answers.text(language, key, **values)


@asynccontextmanager
async def a_desk(folder: Path, channel: FakeChannel | None = None) -> AsyncIterator[Desk]:
    """Open a desk on a new database in `folder`."""
    desk = Desk(folder / "desk.sqlite", channel)
    await upgrade(desk.database)
    yield desk
    await desk.front.settled()
    await desk.database.dispose()
