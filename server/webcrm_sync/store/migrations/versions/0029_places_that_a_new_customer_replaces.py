"""The place of a mail that a new customer replaces"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None
#: An old process files the mail under the new Organisation too, as it always did.
OLD_PROCESSES_GO_ON = True


def upgrade() -> None:
    op.add_column("new_customer", sa.Column("replaces_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("new_customer", "replaces_id")
