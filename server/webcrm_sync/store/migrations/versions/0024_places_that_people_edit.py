"""Places that people edit: exact lists, who edited, and what the pane shows of a contact"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
#: They would file a mail under a place that a person took away.
OLD_PROCESSES_GO_ON = False


def upgrade() -> None:
    op.add_column(
        "press",
        sa.Column("is_exact", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    for name in ("removed", "opportunities"):
        ids = postgresql.ARRAY(sa.BigInteger())
        op.add_column("press", sa.Column(name, ids, server_default="{}", nullable=False))
    for name in ("title", "phone"):
        op.add_column("contact", sa.Column(name, sa.Text(), server_default="", nullable=False))
    # The next refresh of the directory reads every Person again, and so fills these columns.
    op.execute("UPDATE company SET directory_full_at = directory_full_at - INTERVAL '2 days'")
    op.create_index(
        "ix_event_by_mailbox",
        "event",
        [sa.text("(facts ->> 'by_mailbox')"), "id"],
        postgresql_where=sa.text("facts ? 'by_mailbox'"),
    )


def downgrade() -> None:
    op.drop_index("ix_event_by_mailbox", "event")
    op.drop_column("contact", "phone")
    op.drop_column("contact", "title")
    op.drop_column("press", "opportunities")
    op.drop_column("press", "removed")
    op.drop_column("press", "is_exact")
