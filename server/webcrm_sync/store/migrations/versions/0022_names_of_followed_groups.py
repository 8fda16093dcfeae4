"""The names of followed groups, and alerts about the groups"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
#: They cannot read an alert of a kind that they do not know.
OLD_PROCESSES_GO_ON = False
_NEW_KINDS = "('followed group', 'leaver')"


def upgrade() -> None:
    op.add_column("followed_group", sa.Column("name", sa.Text()))
    op.execute("UPDATE followed_group SET due_at = TIMESTAMPTZ '2000-01-01 00:00:00+00'")


def downgrade() -> None:
    op.execute(f"DELETE FROM alert WHERE kind IN {_NEW_KINDS}")  # noqa: S608 - a constant
    op.drop_column("followed_group", "name")
