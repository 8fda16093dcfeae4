"""Matching is a job of its own

Until now `file` also matched mails. Where a worker died in that, `file` would look for the mail
that it had begun, in careful mode and for ever: it never matches the mail again.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM begun WHERE task = 'file'")
    op.execute("UPDATE job_trouble SET deaths = 0 WHERE task = 'file'")


def downgrade() -> None:
    """Deaths are counted from 0 again."""
