"""Create the tables of people's requests in Outlook."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "filing",
        sa.Column("is_withdrawn", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_table(
        "press",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("graph_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column(
            "organisations", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False
        ),
        sa.Column("pressed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_press_mailbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "graph_id", name=op.f("pk_press")),
    )
    op.create_table(
        "wish",
        sa.Column("filing_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("move_to", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["filing_id"], ["filing.id"], name=op.f("fk_wish_filing_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("filing_id", name=op.f("pk_wish")),
    )
    op.create_index(op.f("ix_wish_due_at"), "wish", ["due_at"])
    op.create_table(
        "always_sync",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"],
            ["mailbox.id"],
            name=op.f("fk_always_sync_mailbox_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "address", name=op.f("pk_always_sync")),
    )
    op.create_table(
        "new_contact",
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("intent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_new_contact_company_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "address", "organisation_id", name=op.f("pk_new_contact")
        ),
    )


def downgrade() -> None:
    op.drop_table("new_contact")
    op.drop_table("always_sync")
    op.drop_index(op.f("ix_wish_due_at"), table_name="wish")
    op.drop_table("wish")
    op.drop_table("press")
    op.drop_column("filing", "is_withdrawn")
