"""Store why a filing is withdrawn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("is_replaced", "is_removed"):
        op.add_column(
            "filing",
            sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False),
        )
    op.execute(
        "UPDATE filing SET is_removed = true FROM event WHERE filing.is_withdrawn"
        " AND event.email_id = filing.email_id AND event.kind = 'removed in webcrm'"
        " AND event.facts ->> 'activity' = filing.activity_id::text"
    )


def downgrade() -> None:
    op.drop_column("filing", "is_removed")
    op.drop_column("filing", "is_replaced")
