"""Store the word digest of a mail, its references, its sensitivity and who sent it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("email", sa.Column("word_digest", sa.LargeBinary(), nullable=True))
    op.add_column("email", sa.Column("reply_to", postgresql.JSONB(), nullable=True))
    op.add_column("email", sa.Column("sent_by", postgresql.JSONB(), nullable=True))
    op.add_column("email", sa.Column("conversation_id", sa.Text(), nullable=True))
    op.add_column("email", sa.Column("in_reply_to", sa.Text(), nullable=True))
    op.add_column("email", sa.Column("referenced_ids", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("email", sa.Column("sensitivity", sa.Integer(), nullable=True))
    op.add_column(
        "folder", sa.Column("selection", sa.Integer(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("folder", "selection")
    for name in (
        "sensitivity",
        "referenced_ids",
        "in_reply_to",
        "conversation_id",
        "sent_by",
        "reply_to",
        "word_digest",
    ):
        op.drop_column("email", name)
