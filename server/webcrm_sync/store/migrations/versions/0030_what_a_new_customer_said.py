"""What a person entered for a new customer, as digests: a later form may say something else"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None
#: They only leave the new column as it is.
OLD_PROCESSES_GO_ON = True


def upgrade() -> None:
    op.add_column("new_customer", sa.Column("digest", ARRAY(sa.BigInteger()), nullable=True))


def downgrade() -> None:
    op.drop_column("new_customer", "digest")
