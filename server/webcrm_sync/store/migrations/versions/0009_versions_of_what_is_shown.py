"""Store a version of the directory, for open panes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory_version",
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], "fk_directory_version_company_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("company_id", name="pk_directory_version"),
    )
    op.create_index(
        "ix_item_open",
        "item",
        ["mailbox_id", "state"],
        postgresql_where=sa.text("state IN ('found', 'matched', 'filed', 'waiting', 'parked')"),
    )


def downgrade() -> None:
    op.drop_index("ix_item_open", "item")
    op.drop_table("directory_version")
