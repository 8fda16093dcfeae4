"""When the last worker died during a job

Deaths that an earlier version counted have no time: the job's next success forgets them, and the
crash markers with them, which name no step.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job_trouble", sa.Column("died_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("job_trouble", "died_at")
