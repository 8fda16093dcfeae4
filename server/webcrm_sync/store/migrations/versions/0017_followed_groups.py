"""Groups whose members are watched, and mailboxes that an administrator paused

Processes of the version before it go on working: they neither read nor write the new rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "followed_group",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("followed_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("looked_at", moment),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("trouble", sa.Text()),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], "fk_followed_group_company_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_followed_group"),
        sa.UniqueConstraint("company_id", "group_id", name="uq_followed_group_company_id_group_id"),
    )
    op.create_table(
        "group_member",
        sa.Column("followed_group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("left_at", moment),
        sa.Column("is_excluded", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("trouble", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("retry_at", moment),
        sa.ForeignKeyConstraint(
            ["followed_group_id"],
            ["followed_group.id"],
            "fk_group_member_followed_group_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("followed_group_id", "user_id", name="pk_group_member"),
    )
    op.add_column("mailbox", sa.Column("paused_at", moment))


def downgrade() -> None:
    op.drop_column("mailbox", "paused_at")
    op.drop_table("group_member")
    op.drop_table("followed_group")
