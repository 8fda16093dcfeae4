"""Copies that are read ahead of the pages of a flood"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.text("false")
    op.add_column("folder", sa.Column("has_more", sa.Boolean(), nullable=False, server_default=no))
    op.create_table(
        "announced_copy",
        sa.Column("folder_id", sa.BigInteger(), nullable=False),
        sa.Column("graph_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["folder_id"], ["folder.id"], "fk_announced_copy_folder_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("folder_id", "graph_id", name="pk_announced_copy"),
    )


def downgrade() -> None:
    op.drop_table("announced_copy")
    op.drop_column("folder", "has_more")
