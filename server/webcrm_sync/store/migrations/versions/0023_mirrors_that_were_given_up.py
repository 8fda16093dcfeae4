"""Mirrors that Outlook has and that were given up after a month"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
#: An old process would give up such mirrors again.
OLD_PROCESSES_GO_ON = False


def upgrade() -> None:
    # A draft that was deleted stood as JSON's null, so the retention took its mirror for one that
    # Outlook never got.
    op.execute("UPDATE mirror SET draft = NULL WHERE draft = 'null'::jsonb")
    op.execute("UPDATE mirror SET state = 'mirrored', reason = NULL WHERE graph_id IS NOT NULL")
    # Some of these rows were then deleted. The copy in Outlook names its Activity.
    op.execute(
        """
        INSERT INTO mirror (company_id, activity_id, mailbox_id, state, graph_id, created_at)
        SELECT mailbox.company_id, substring(item.stamp FROM 7)::bigint, item.mailbox_id,
               'mirrored', item.graph_id, item.found_at
        FROM item JOIN mailbox ON mailbox.id = item.mailbox_id
        WHERE item.stamp ~ '^ms1-m-[0-9]{1,18}$'
        ON CONFLICT (company_id, activity_id) DO NOTHING
        """
    )


def downgrade() -> None:
    pass
