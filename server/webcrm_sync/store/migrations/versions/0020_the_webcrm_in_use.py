"""The webCRM system and the key field that the filings are in"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None
#: They neither read nor write the new columns.
OLD_PROCESSES_GO_ON = True


def upgrade() -> None:
    op.add_column("company", sa.Column("webcrm_key_field", sa.Text()))
    op.add_column("company", sa.Column("webcrm_system", sa.Text()))


def downgrade() -> None:
    op.drop_column("company", "webcrm_system")
    op.drop_column("company", "webcrm_key_field")
