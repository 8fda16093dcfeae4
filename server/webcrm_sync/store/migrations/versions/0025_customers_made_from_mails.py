"""Customers that people create from a mail, and what similar names are found by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
#: They read and write none of this. An Organisation that they save gets its key at the next full
#: reading.
OLD_PROCESSES_GO_ON = True


def upgrade() -> None:
    op.add_column(
        "organisation", sa.Column("name_key", sa.Text(), nullable=False, server_default="")
    )
    # The next reading of webCRM's directory is a full one, which fills the new column. It is due
    # within a minute; matching needs the time of the last one, so that stays.
    op.execute(
        "UPDATE company SET directory_full_at = TIMESTAMPTZ '2000-01-01 00:00:00+00'"
        " WHERE directory_full_at IS NOT NULL"
    )
    op.create_table(
        "organisation_claim",
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        *_texts("folded_name", "name", "domain", "phone", "www"),
        sa.Column("owner_id", sa.BigInteger()),
        _time("claimed_at", nullable=False),
        _time("intent_at"),
        sa.Column("is_accepted", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("searches", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("earlier_ids", ARRAY(sa.BigInteger()), nullable=False, server_default="{}"),
        _time("due_at", nullable=False),
        sa.Column("organisation_id", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], "fk_organisation_claim_company_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("company_id", "folded_name", name="pk_organisation_claim"),
    )
    op.create_table(
        "new_customer",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        *_texts("graph_id", "folded_name", "by"),
        *(
            sa.Column(f"contact_{word}", sa.Text())
            for word in ("name", "address", "title", "phone")
        ),
        sa.Column("organisation_id", sa.BigInteger()),
        sa.Column("person_id", sa.BigInteger()),
        _time("requested_at", nullable=False),
        _time("moved_at"),
        _time("completed_at"),
        sa.Column("refusal", sa.Text()),
        _time("due_at", nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], "fk_new_customer_mailbox_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "graph_id", "folded_name", name="pk_new_customer"),
    )
    op.create_index(
        "ix_new_customer_due",
        "new_customer",
        ["due_at"],
        postgresql_where=sa.text("completed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("new_customer")
    op.drop_table("organisation_claim")
    op.drop_column("organisation", "name_key")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
