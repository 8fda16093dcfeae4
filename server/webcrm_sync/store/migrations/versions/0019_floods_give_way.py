"""Mails of a flood give way to others, and the newest announced copies are kept"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
#: They neither read nor write the new columns, which have defaults.
OLD_PROCESSES_GO_ON = True


def upgrade() -> None:
    no = sa.text("false")
    op.add_column(
        "email", sa.Column("is_from_flood", sa.Boolean(), nullable=False, server_default=no)
    )
    op.add_column("announced_copy", sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False))


def downgrade() -> None:
    op.drop_column("announced_copy", "id")
    op.drop_column("email", "is_from_flood")
