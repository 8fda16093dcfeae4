"""Store the notification address of a subscription, and the request that a reading began for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("folder", sa.Column("hint_read", sa.DateTime(timezone=True), nullable=True))
    op.add_column("folder", sa.Column("subscription_address", sa.Text(), nullable=True))
    op.add_column("folder", sa.Column("replaced_subscription_id", sa.Text(), nullable=True))
    op.create_index("ix_folder_subscription", "folder", [sa.text("lower(subscription_id)")])


def downgrade() -> None:
    op.drop_index("ix_folder_subscription", "folder")
    op.drop_column("folder", "replaced_subscription_id")
    op.drop_column("folder", "subscription_address")
    op.drop_column("folder", "hint_read")
