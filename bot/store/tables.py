"""The core's tables: conversations, their messages, and reports kept for a department that was down."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.database import Base, UtcTime


class ConversationRow(Base):
    """One citizen's address on one channel, who holds the conversation, and the engine's state of it."""

    __tablename__ = "conversations"
    __table_args__ = (UniqueConstraint("channel", "address"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]
    address: Mapped[str]
    route: Mapped[str] = mapped_column(default="")
    holder: Mapped[str] = mapped_column(default="bot")  # bot | queue | staff
    staff: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")  # why it was handed over
    summary: Mapped[str] = mapped_column(Text, default="")
    told_waiting_at: Mapped[datetime | None] = mapped_column(UtcTime)
    danger_at: Mapped[datetime | None] = mapped_column(UtcTime)
    # Since when the citizen wants no more messages, and who said so: citizen | provider.
    opted_out_at: Mapped[datetime | None] = mapped_column(UtcTime)
    opted_out_by: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    state: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    offered: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    # Raised by every turn, take, say and release: whoever read an older one must not write.
    version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)


class MessageRow(Base):
    """One message, in or out. `seq` is the order of a conversation as everybody sees it."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_conversation", "conversation_id", "seq"),
        Index("ix_messages_status", "status"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    author: Mapped[str]  # citizen | bot | staff
    text: Mapped[str] = mapped_column(Text)
    choices: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    # A citizen's: waiting | answered. Ours: one of bot.messages.STATUSES.
    status: Mapped[str]
    # "channel:provider's id" of a citizen's message: what makes a redelivery known.
    delivery: Mapped[str | None] = mapped_column(unique=True)
    provider_id: Mapped[str] = mapped_column(default="", index=True)
    # A notice goes out whoever holds the conversation; an answer of the bot does not once staff hold it.
    notice: Mapped[bool] = mapped_column(default=False)
    # Owed to a citizen who wants no more messages too: the one confirmation of that, and the answer to danger words.
    owed: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(UtcTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)


class KeptReportRow(Base):
    """A report that its department could not take: filed again and again under the same key."""

    __tablename__ = "kept_reports"

    key: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    department: Mapped[str]
    report: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(default="kept")  # kept | filed | refused
    reference: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)
