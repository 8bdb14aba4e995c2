"""What is kept of conversations: every read and write of the core, each in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from bot.messages import Choice, Inbound, KeptReport
from bot.ports import Line, State
from bot.store.tables import ConversationRow, KeptReportRow, MessageRow
from bot.store.unbroken import unbroken

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment with its zone."""
    return datetime.now(UTC)


class Moved(Exception):
    """The conversation changed since it was read (another turn, or staff): what was worked out is void."""


@dataclass
class Entry:
    """A message to be written: whose, what, and whether it goes out whoever holds the conversation (`notice`), and to a
    citizen who wants no more messages (`owed`)."""

    text: str
    author: str = "bot"
    choices: Sequence[Choice] = ()
    notice: bool = False
    owed: bool = False


@dataclass
class Outcome:
    """What one step of a conversation changes; None leaves a field as it is."""

    entries: list[Entry] = field(default_factory=list)
    state: State | None = None
    offered: Sequence[Choice] | None = None
    holder: str | None = None
    staff: str | None = None
    reason: str = ""
    summary: str = ""
    language: str | None = None
    kept: KeptReport | None = None
    # How a kept report ended: its key, "filed" or "refused", its reference.
    settled: tuple[str, str, str] | None = None
    # Something was done (a case filed) that the citizen must hear of whoever holds the conversation by now.
    lasting: bool = False
    danger: bool = False
    told_waiting: bool = False
    # Who says that the citizen wants no more messages ("citizen", "provider"); "" when they want them again.
    opted_out: str | None = None


class ConversationStore:
    """Conversations, messages and kept reports in the database."""

    def __init__(self, engine: AsyncEngine, clock: Clock = utc_now) -> None:
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._clock = clock

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a session whose work is committed together, or not at all."""
        async with self._sessions.begin() as session:
            yield session

    @unbroken
    async def keep(self, inbound: Inbound) -> tuple[str, str, bool]:
        """Write the message down. Returns (message id, conversation id, whether it was new)."""
        try:
            return await self._keep(inbound)
        except IntegrityError:  # the same delivery, or the same new citizen, in another transaction just now
            return await self._keep(inbound)

    async def _keep(self, inbound: Inbound) -> tuple[str, str, bool]:
        delivery, now = f"{inbound.channel}:{inbound.id}", self._clock()
        async with self.transaction() as session:
            known = await session.scalar(select(MessageRow).where(MessageRow.delivery == delivery))
            if known:
                return known.id, known.conversation_id, False
            conversation = await session.scalar(by_address(inbound.channel, inbound.address))
            if conversation is None:
                conversation = ConversationRow(
                    id=uuid4().hex, channel=inbound.channel, address=inbound.address, created_at=now, updated_at=now
                )
                session.add(conversation)
                await session.flush()
            conversation.route = inbound.route or conversation.route
            message = MessageRow(
                id=uuid4().hex, conversation_id=conversation.id, author="citizen", text=inbound.text,
                status="waiting", delivery=delivery, at=now,
            )  # fmt: skip
            session.add(message)
            return message.id, conversation.id, True

    @unbroken
    async def find(self, channel: str, address: str) -> ConversationRow | None:
        """Return the conversation of an address."""
        async with self.transaction() as session:
            return await session.scalar(by_address(channel, address))

    @unbroken
    async def next_waiting(self, conversation_id: str) -> tuple[ConversationRow, MessageRow] | None:
        """Return the conversation and its oldest message that has no answer yet."""
        async with self.transaction() as session:
            row = await session.scalar(
                select(MessageRow)
                .where(MessageRow.conversation_id == conversation_id, MessageRow.status == "waiting")
                .order_by(MessageRow.seq)
                .limit(1)
            )
            if row is None:
                return None
            return await session.get_one(ConversationRow, conversation_id), row

    @unbroken
    async def conclude(self, seen: ConversationRow, outcome: Outcome, answered: str | None = None) -> None:
        """Write an outcome and, in the same transaction, that `answered` (a message id) has its answer.

        Raises Moved when the conversation is no longer as it was `seen`, or the message was answered.
        """
        now = self._clock()
        async with self.transaction() as session:
            row = await session.get_one(ConversationRow, seen.id, with_for_update=True)
            if row.version != seen.version:
                raise Moved
            if answered is not None:
                message = await session.scalar(select(MessageRow).where(MessageRow.id == answered))
                if message is None or message.status != "waiting":
                    raise Moved
                message.status, message.settled_at = "answered", now
            _apply(row, outcome, now)
            session.add_all(_outgoing(row.id, outcome.entries, now))
            if outcome.kept and await session.get(KeptReportRow, outcome.kept.key) is None:
                session.add(_kept(row.id, outcome.kept, now))
            if outcome.settled:
                key, status, reference = outcome.settled
                kept = await session.get_one(KeptReportRow, key)
                kept.status, kept.reference = status, reference

    @unbroken
    async def waiting(self) -> list[str]:
        """Return the conversations that have something to answer or to send, oldest first."""
        async with self.transaction() as session:
            rows = await session.execute(
                select(MessageRow.conversation_id)
                .where(MessageRow.status.in_(("waiting", "queued", "sending")))
                .order_by(MessageRow.seq)
            )
            return list(dict.fromkeys(rows.scalars()))

    @unbroken
    async def held(self) -> dict[str, int]:
        """Return how many conversations each holder has."""
        async with self.transaction() as session:
            rows = await session.execute(select(ConversationRow.holder, func.count()).group_by(ConversationRow.holder))
            return {"bot": 0, "queue": 0, "staff": 0} | dict(rows.tuples().all())

    @unbroken
    async def history(self, channel: str, address: str, after: int = 0) -> list[Line]:
        """Return the lines of a conversation that came after line `after`."""
        async with self.transaction() as session:
            rows = await session.scalars(
                select(MessageRow)
                .join(ConversationRow)
                .where(ConversationRow.channel == channel, ConversationRow.address == address)
                .where(MessageRow.seq > after, MessageRow.status != "dropped")
                .order_by(MessageRow.seq)
            )
            return [Line(r.seq, r.author, r.text, tuple(c["title"] for c in r.choices)) for r in rows]


def by_address(channel: str, address: str) -> Select[ConversationRow]:
    """Return the query for the conversation of an address."""
    return select(ConversationRow).where(ConversationRow.channel == channel, ConversationRow.address == address)


def _apply(row: ConversationRow, outcome: Outcome, now: datetime) -> None:
    row.version += 1
    row.updated_at = now
    if outcome.state is not None:
        row.state = outcome.state
    if outcome.offered is not None:
        row.offered = [asdict(choice) for choice in outcome.offered]
    if outcome.language is not None:
        row.language = outcome.language
    if outcome.holder is not None:
        row.holder, row.staff, row.reason, row.summary = outcome.holder, outcome.staff, outcome.reason, outcome.summary
        row.told_waiting_at = None
    if outcome.opted_out is not None:
        row.opted_out_at, row.opted_out_by = (now if outcome.opted_out else None), outcome.opted_out
    if outcome.danger:
        row.danger_at = now
    if outcome.told_waiting:
        row.told_waiting_at = now


def _outgoing(conversation_id: str, entries: list[Entry], now: datetime) -> list[MessageRow]:
    return [
        MessageRow(
            id=uuid4().hex, conversation_id=conversation_id, author=entry.author, text=entry.text,
            choices=[asdict(choice) for choice in entry.choices], notice=entry.notice, owed=entry.owed, status="queued", at=now,
        )
        for entry in entries
    ]  # fmt: skip


def _kept(conversation_id: str, kept: KeptReport, now: datetime) -> KeptReportRow:
    return KeptReportRow(
        key=kept.key, conversation_id=conversation_id, department=kept.department, report=dict(kept.report), created_at=now
    )
