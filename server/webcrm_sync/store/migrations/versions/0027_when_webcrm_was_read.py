"""When webCRM's Activities and contacts were last read"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None
#: They only leave the new columns as they are.
OLD_PROCESSES_GO_ON = True
_COLUMNS = ("mirror_read_at", "directory_read_at")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("company", sa.Column(name, sa.DateTime(timezone=True)))


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_column("company", name)
