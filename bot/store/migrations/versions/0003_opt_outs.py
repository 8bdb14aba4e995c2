"""Citizens who want no more messages, and messages that go out to them all the same."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("opted_out_at", sa.DateTime(timezone=True)))
    op.add_column("conversations", sa.Column("opted_out_by", sa.String, nullable=False, server_default=""))
    op.add_column("messages", sa.Column("owed", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("messages", "owed")
    op.drop_column("conversations", "opted_out_by")
    op.drop_column("conversations", "opted_out_at")
