"""Store whether a mail's content is its HTML as received."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "email", sa.Column("is_raw", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    op.execute(
        "UPDATE email SET content = NULL, cids = NULL WHERE is_raw"
    )  # these mails are then read again
    op.drop_column("email", "is_raw")
