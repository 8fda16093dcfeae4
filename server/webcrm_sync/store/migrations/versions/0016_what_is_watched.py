"""Signs of life, counts, and the alerts with their messages"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def _company(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    key = sa.ForeignKeyConstraint(
        ["company_id"], ["company.id"], f"fk_{table}_company_id", ondelete="CASCADE"
    )
    return sa.Column("company_id", sa.BigInteger(), nullable=False), key


def upgrade() -> None:
    op.add_column("company", sa.Column("alerts_due_at", _MOMENT))
    op.create_table(
        "heartbeat",
        *_company("heartbeat"),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "queue", name="pk_heartbeat"),
    )
    op.create_table(
        "tally",
        *_company("tally"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "subject", "outcome", name="pk_tally"),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *_company("alert"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("mailbox_ids", sa.ARRAY(sa.BigInteger()), nullable=False, server_default="{}"),
        sa.Column("first_seen_at", _MOMENT, nullable=False),
        sa.Column("last_seen_at", _MOMENT, nullable=False),
        sa.Column("opened_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.Column("openings", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("told_number", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint("company_id", "key", name="uq_alert_company_id_key"),
    )
    op.create_table(
        "alert_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *_company("alert_message"),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("moment", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("mailbox_ids", sa.ARRAY(sa.BigInteger()), nullable=False, server_default="{}"),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("begun_at", _MOMENT),
        sa.Column("sent_at", _MOMENT),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("trouble", sa.Text()),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], "fk_alert_message_alert_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert_message"),
        sa.UniqueConstraint(
            "alert_id",
            "opened_at",
            "moment",
            "number",
            "channel",
            name="uq_alert_message_alert_id_opened_at_moment_number_channel",
        ),
    )
    unsent = sa.text("sent_at IS NULL")
    op.create_index("ix_alert_message_unsent", "alert_message", ["due_at"], postgresql_where=unsent)


def downgrade() -> None:
    for table in ("alert_message", "alert", "tally", "heartbeat"):
        op.drop_table(table)
    op.drop_column("company", "alerts_due_at")
