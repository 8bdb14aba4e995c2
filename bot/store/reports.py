"""Reports kept for a department that could not take them."""

from __future__ import annotations

from sqlalchemy import select

from bot.store.conversations import ConversationStore
from bot.store.tables import ConversationRow, KeptReportRow
from bot.store.unbroken import unbroken


class KeptReports:
    """The kept reports of one installation."""

    def __init__(self, store: ConversationStore) -> None:
        self._store = store

    @unbroken
    async def get(self, key: str) -> KeptReportRow:
        """Return a kept report."""
        async with self._store.transaction() as session:
            return await session.get_one(KeptReportRow, key)

    @unbroken
    async def conversation(self, kept: KeptReportRow) -> ConversationRow:
        """Return the conversation in which the report was made, as it is now."""
        async with self._store.transaction() as session:
            return await session.get_one(ConversationRow, kept.conversation_id)

    @unbroken
    async def unsettled(self, conversation_id: str = "") -> list[str]:
        """Return the keys of the reports that are still kept (of one conversation, or of all)."""
        query = select(KeptReportRow.key).where(KeptReportRow.status == "kept")
        if conversation_id:
            query = query.where(KeptReportRow.conversation_id == conversation_id)
        async with self._store.transaction() as session:
            return list(await session.scalars(query))
