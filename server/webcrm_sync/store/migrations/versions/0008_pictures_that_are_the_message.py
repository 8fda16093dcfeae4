"""Store facts about the pictures in a mail's text, and index Documents by size."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("email", sa.Column("pictures", postgresql.JSONB(), nullable=True))
    op.create_index("ix_document_size", "document", ["size"])


def downgrade() -> None:
    op.drop_index("ix_document_size", "document")
    op.drop_column("email", "pictures")
