"""Messages on their way out: which is next, and how far each has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Choice, Outgoing, Receipt
from bot.store.conversations import Clock, ConversationStore, utc_now
from bot.store.tables import ConversationRow, MessageRow
from bot.store.unbroken import unbroken

# Receipts come late and out of order: a message only ever moves to a higher rank.
RANK = {"queued": 0, "sending": 1, "unknown": 2, "sent": 3, "failed": 4, "dropped": 4, "delivered": 5}


class Outbox:
    """The outgoing half of the messages table."""

    def __init__(self, store: ConversationStore, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock

    @unbroken
    async def next(self, conversation_id: str) -> tuple[Outgoing, bool] | None:
        """Mark the oldest unsent message as being sent and return it.

        The second value is True when an earlier attempt may have gone out (we were cut off in the middle of it).
        The holder is looked at in this same transaction: an answer of the bot is dropped once staff hold.
        """
        async with self._store.transaction() as session:
            while True:
                row = await session.scalar(
                    select(MessageRow)
                    .where(MessageRow.conversation_id == conversation_id, MessageRow.status.in_(("queued", "sending")))
                    .order_by(MessageRow.seq)
                    .limit(1)
                )
                if row is None:
                    return None
                conversation = await session.get_one(ConversationRow, conversation_id)
                cut_off = row.status == "sending"
                if _unwanted(conversation, row) and not cut_off:
                    row.status, row.settled_at = "dropped", self._clock()
                    await session.flush()
                    continue
                row.status, row.attempts = "sending", row.attempts + 1
                others = await _provider_ids(session, row) if cut_off else frozenset()
                return _outgoing(conversation, row, others), cut_off

    @unbroken
    async def mark(self, message_id: str, status: str, provider_id: str = "", error: str = "") -> None:
        """Move a message forwards to `status`; a status behind the one it has is ignored."""
        async with self._store.transaction() as session:
            row = await session.scalar(select(MessageRow).where(MessageRow.id == message_id))
            if row is not None:
                self._move(row, status, provider_id, error, self._clock())

    @unbroken
    async def wanted(self, message_id: str) -> bool:
        """Look once more before a message is sent again: False if a receipt has settled it meanwhile, or if it may no longer
        go out, which drops it."""
        async with self._store.transaction() as session:
            row = await session.scalar(select(MessageRow).where(MessageRow.id == message_id))
            if row is None or row.status != "sending":
                return False
            conversation = await session.get_one(ConversationRow, row.conversation_id)
            if not _unwanted(conversation, row):
                return True
            row.status, row.settled_at = "dropped", self._clock()
            return False

    @unbroken
    async def requeue(self, message_id: str, most: int) -> bool:
        """Put a message that surely was not sent back in its place; False if that was done `most` times already."""
        async with self._store.transaction() as session:
            row = await session.scalar(select(MessageRow).where(MessageRow.id == message_id))
            if row is None or row.status != "sending" or row.attempts >= most:
                return False
            row.status = "queued"
            return True

    @unbroken
    async def opt_out(self, message_id: str) -> None:
        """Note that the citizen told the provider itself to stop."""
        async with self._store.transaction() as session:
            row = await session.scalar(select(MessageRow).where(MessageRow.id == message_id))
            if row is not None:
                conversation = await session.get_one(ConversationRow, row.conversation_id)
                conversation.opted_out_at = conversation.opted_out_at or self._clock()
                conversation.opted_out_by = conversation.opted_out_by or "provider"

    @unbroken
    async def receipt(self, receipt: Receipt) -> bool:
        """Note what a provider says of a message; False when it is none of ours."""
        ours = []
        if receipt.message:
            ours.append(MessageRow.id == receipt.message)
        if receipt.provider_id:
            ours.append(MessageRow.provider_id == receipt.provider_id)
        if not ours:
            return False
        async with self._store.transaction() as session:
            row = await session.scalar(select(MessageRow).where(or_(*ours), MessageRow.author != "citizen").limit(1))
            if row is None:
                return False
            self._move(row, receipt.status, receipt.provider_id, receipt.error, self._clock())
            return True

    def _move(self, row: MessageRow, status: str, provider_id: str, error: str, now: datetime) -> None:
        row.provider_id = provider_id or row.provider_id
        if RANK[status] > RANK[row.status]:
            row.status, row.error, row.settled_at = status, error, now


def _unwanted(conversation: ConversationRow, row: MessageRow) -> bool:
    """Say whether a message may no longer go out: staff took over meanwhile, or the citizen wants none."""
    overtaken = conversation.holder == "staff" and row.author == "bot" and not row.notice
    return overtaken or (conversation.opted_out_at is not None and not row.owed)


async def _provider_ids(session: AsyncSession, row: MessageRow) -> frozenset[str]:
    others = select(MessageRow.provider_id).where(
        MessageRow.conversation_id == row.conversation_id, MessageRow.provider_id != "", MessageRow.id != row.id
    )
    return frozenset(await session.scalars(others))


def _outgoing(conversation: ConversationRow, row: MessageRow, others: frozenset[str]) -> Outgoing:
    choices = tuple(Choice(**choice) for choice in row.choices)
    return Outgoing(row.id, conversation.channel, conversation.address, row.text, choices, conversation.route, others)
