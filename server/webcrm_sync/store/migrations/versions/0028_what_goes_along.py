"""What goes along of a mail, and what a person chose of it with the button"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None
#: An old process would file what a person left out.
OLD_PROCESSES_GO_ON = False


def upgrade() -> None:
    op.add_column("email", sa.Column("along", JSONB(), nullable=True))
    op.add_column("press", sa.Column("along", JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("press", "along")
    op.drop_column("email", "along")
