"""What the tables say about the health of mailboxes and mails, in a query each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text

from webcrm_sync.core.states import Reason, State
from webcrm_sync.core.troubles import MailboxFacts, MailFacts
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.tables import IS_OPEN, mailbox

#: A folder that is read page by page is being read, however long ago its poll was due. `least`
#: ignores NULL.
_MAILBOXES = text("""
    SELECT m.id AS mailbox_id, m.address, m.trouble, m.push_trouble,
           min(f.poll_due_at) FILTER (WHERE f.poll_due_at <= :now AND NOT f.has_more)
               AS unread_since,
           count(f.id) AS folders,
           count(f.id) FILTER (
               WHERE f.subscription_id IS NULL OR f.subscription_expires_at <= :now
           ) AS deaf_folders,
           count(f.id) FILTER (WHERE f.push_doubted_at IS NOT NULL) AS doubted_folders,
           min(f.subscription_expires_at) FILTER (WHERE f.subscription_id IS NOT NULL)
               AS subscription_ends_at
      FROM mailbox m LEFT JOIN folder f ON f.mailbox_id = m.id
     WHERE m.company_id = :company AND m.paused_at IS NULL GROUP BY m.id ORDER BY m.id""")
#: A copy whose categories Outlook has refused a few times is in webCRM, and its story says so.
_MAILS = text(f"""
    SELECT count(*) FILTER (WHERE is_under_way) AS under_way,
           min(state_at) FILTER (WHERE is_under_way) AS oldest_since,
           min(state_at) FILTER (WHERE is_under_way AND trouble IS NULL) AS unexplained_since,
           count(*) FILTER (WHERE reason = '{Reason.UNKNOWN_LABEL}') AS unlabelled,
           count(*) FILTER (WHERE state = '{State.WAITING}') AS waiting,
           count(*) FILTER (WHERE state = '{State.PARKED}') AS parked
      FROM (SELECT i.state, i.state_at, i.reason, m.trouble,
                   i.state IN ('found', 'matched')
                   OR i.state = 'filed' AND i.mark_attempts < 3 AS is_under_way
              FROM item i JOIN mailbox m ON m.id = i.mailbox_id
             WHERE m.company_id = :company AND m.paused_at IS NULL AND {IS_OPEN}) AS open_items
    """)  # noqa: S608 - built from constants


def read_mailboxes(tx: Tx) -> Sequence[MailboxFacts]:
    """The facts about every mailbox that no administrator has paused."""
    return [MailboxFacts(**row._mapping) for row in _rows(tx, _MAILBOXES)]


def count_paused(tx: Tx) -> int:
    """The number of mailboxes that an administrator has paused."""
    query = select(func.count()).where(mailbox.c.company_id == tx.company_id)
    return tx.connection.execute(query.where(mailbox.c.paused_at.is_not(None))).scalar_one()


def read_mails(tx: Tx) -> MailFacts:
    """The facts about the mails that are not at their end."""
    (row,) = _rows(tx, _MAILS)
    return MailFacts(**row._mapping)


def _rows(tx: Tx, query: Any) -> Sequence[Any]:
    return tx.connection.execute(query, {"company": tx.company_id, "now": tx.now}).all()
