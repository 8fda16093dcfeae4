"""Store why an attachment is left out, and the content ids of pictures in the text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("email", sa.Column("cids", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("document", sa.Column("left_out", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("document", "left_out")
    op.drop_column("email", "cids")
