"""Create the tables of incidents, failed jobs and crash markers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _company() -> sa.Column[int]:
    return sa.Column("company_id", sa.BigInteger(), nullable=False)


def _to(table: str, name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [f"{table}_id"], [f"{table}.id"], ondelete="CASCADE", name=f"fk_{name}_{table}_id"
    )


def upgrade() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        _company(),
        sa.Column("mailbox_id", sa.BigInteger(), nullable=True),
        sa.Column("email_id", sa.BigInteger(), nullable=True),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _to("company", "incident"),
        _to("mailbox", "incident"),
        _to("email", "incident"),
    )
    op.create_index("ix_incident_fingerprint_at", "incident", ["fingerprint", "at"])
    op.create_index("ix_incident_email_id", "incident", ["email_id"])
    open_ = sa.text("ended_at IS NULL")
    op.create_index("ix_incident_open", "incident", ["version"], postgresql_where=open_)
    op.create_table(
        "job_trouble",
        _company(),
        sa.Column("task", sa.Text(), primary_key=True),
        sa.Column("subject_id", sa.BigInteger(), primary_key=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("deaths", sa.Integer(), nullable=False, server_default="0"),
        _to("company", "job_trouble"),
    )
    op.create_table(
        "begun",
        _company(),
        sa.Column("task", sa.Text(), primary_key=True),
        sa.Column("subject_id", sa.BigInteger(), primary_key=True),
        sa.Column("thing", sa.Text(), primary_key=True),
        sa.Column("times", sa.Integer(), nullable=False),
        _to("company", "begun"),
    )
    no = sa.text("false")
    op.add_column("item", sa.Column("is_bare", sa.Boolean(), nullable=False, server_default=no))


def downgrade() -> None:
    op.drop_column("item", "is_bare")
    for table in ("begun", "job_trouble", "incident"):
        op.drop_table(table)
