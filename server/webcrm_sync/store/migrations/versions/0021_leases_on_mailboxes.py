"""Store the lease on each mailbox, and the identity of the database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
#: They would write to mailboxes without a lease.
OLD_PROCESSES_GO_ON = False


def upgrade() -> None:
    op.add_column("mailbox", _time("lease_until"))
    op.add_column("mailbox", _time("elsewhere_since"))
    # Nothing is written before the first check, so it is due at once.
    op.execute("UPDATE mailbox SET keep_due_at = TIMESTAMPTZ '2000-01-01 00:00:00+00'")
    if sa.inspect(op.get_bind()).has_table("mailbox_lease"):  # see `downgrade`
        return
    op.create_table(
        "mailbox_lease",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("written", sa.Text()),
        sa.Column("intended", sa.Text()),
        *(_time(name) for name in ("since", "renewed_at", "checked_at", "confirm_at")),
        sa.Column("rival", sa.Text()),
        *(_flag(name) for name in ("may_take_over", "is_start", "is_unsure")),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], "fk_mailbox_lease_mailbox_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailbox_id", name="pk_mailbox_lease"),
    )
    op.create_table(
        "database_identity",
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("cluster", "files", "place")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], "fk_database_identity_company_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("company_id", name="pk_database_identity"),
    )


def downgrade() -> None:
    # The two tables stay: without them a later upgrade would take our own leases for foreign ones.
    op.drop_column("mailbox", "elsewhere_since")
    op.drop_column("mailbox", "lease_until")


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text("false"))
