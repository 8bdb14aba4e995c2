"""Conversations, messages, kept reports."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("route", sa.String, nullable=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("staff", sa.String),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("told_waiting_at", MOMENT),
        sa.Column("danger_at", MOMENT),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("offered", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.UniqueConstraint("channel", "address"),
    )
    op.create_table(
        "messages",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("conversation_id", sa.String, sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("choices", sa.JSON, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("delivery", sa.String, unique=True),
        sa.Column("provider_id", sa.String, nullable=False),
        sa.Column("notice", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.String, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
    )
    op.create_index("ix_messages_conversation", "messages", ["conversation_id", "seq"])
    op.create_index("ix_messages_status", "messages", ["status"])
    op.create_index("ix_messages_provider_id", "messages", ["provider_id"])
    op.create_table(
        "kept_reports",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("conversation_id", sa.String, sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("department", sa.String, nullable=False),
        sa.Column("report", sa.JSON, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("kept_reports")
    op.drop_table("messages")
    op.drop_table("conversations")
