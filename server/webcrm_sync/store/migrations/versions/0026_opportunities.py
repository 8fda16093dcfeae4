"""Opportunities: the local copy, and those that mails are filed under"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
#: An old process would move an Activity and leave it under an Opportunity of its old Organisation.
OLD_PROCESSES_GO_ON = False


def upgrade() -> None:
    op.create_table(
        "opportunity",
        sa.Column(
            "company_id",
            sa.BigInteger(),
            sa.ForeignKey("company.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("opportunity_id", sa.BigInteger(), primary_key=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Float()),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("level_text", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
    )
    op.create_index(
        "ix_opportunity_open",
        "opportunity",
        ["company_id", "organisation_id"],
        postgresql_where=sa.text("is_open"),
    )
    op.add_column("company", sa.Column("opportunities_until", sa.DateTime(timezone=True)))
    op.add_column("filing", sa.Column("opportunity_id", sa.BigInteger()))
    op.add_column("filing", sa.Column("opportunity_at", sa.DateTime(timezone=True)))
    op.add_column(
        "wish",
        sa.Column(
            "sets_opportunity", sa.Boolean(), nullable=False, server_default=sa.text("false")
        ),
    )
    op.add_column("wish", sa.Column("opportunity_id", sa.BigInteger()))


def downgrade() -> None:
    op.execute("DELETE FROM wish WHERE kind = 'opportunity'")
    op.drop_column("wish", "opportunity_id")
    op.drop_column("wish", "sets_opportunity")
    op.drop_column("filing", "opportunity_at")
    op.drop_column("filing", "opportunity_id")
    op.drop_column("company", "opportunities_until")
    op.drop_table("opportunity")
