"""The version of what the pane shows of one mail: equal as long as nothing it shows has changed.

Every pane that somebody sees asks for it every two seconds: one statement, one round trip.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import text

from webcrm_sync.store.database import Database


@dataclass(frozen=True, slots=True)
class Version:
    """`is_met`: the copy was read in a sync folder; `is_pushed`: those folders report by push."""

    digest: bytes
    is_met: bool
    is_pushed: bool


#: Bytes of a digest.
DIGEST = 12

# `xmin` is the transaction that wrote a row as it is now (PostgreSQL: system columns): whatever
# column changes, it changes. The folders' and the company's rows are written at every reading of
# theirs, so of these the columns count that people see.
_READ = text("""
SELECT
  copy.folder_id IS NOT NULL,
  folders.is_pushed,
  m.id, m.trouble, m.push_trouble, c.webcrm_trouble, folders.graph_ids,
  (SELECT number FROM directory_version WHERE company_id = c.id),
  (SELECT xmin FROM press WHERE mailbox_id = m.id AND graph_id = :graph_id),
  (SELECT sum(hashtextextended(address, 0)) FROM always_sync WHERE mailbox_id = m.id),
  mails.copies, mails.filings, open_items.found, open_items.waiting, open_items.parked
FROM mailbox m
JOIN company c ON c.id = m.company_id
LEFT JOIN item copy ON copy.mailbox_id = m.id AND copy.graph_id = :graph_id
CROSS JOIN LATERAL (
  SELECT coalesce(bool_and(subscription_id IS NOT NULL), false) AS is_pushed,
    sum(hashtextextended(graph_id, 0)) AS graph_ids
  FROM folder WHERE mailbox_id = m.id
) folders
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE state NOT IN ('waiting', 'parked')) AS found,
    count(*) FILTER (WHERE state = 'waiting') AS waiting,
    count(*) FILTER (WHERE state = 'parked') AS parked
  FROM item
  WHERE mailbox_id = m.id AND state IN ('found', 'matched', 'filed', 'waiting', 'parked')
) open_items
CROSS JOIN LATERAL (
  SELECT
    (SELECT string_agg(concat_ws('.', i.id, i.xmin), ' ' ORDER BY i.id)
     FROM item i WHERE i.email_id = ANY(same.ids)) AS copies,
    (SELECT string_agg(concat_ws('.', f.id, f.xmin, w.xmin), ' ' ORDER BY f.id)
     FROM filing f LEFT JOIN wish w ON w.filing_id = f.id
     WHERE f.email_id = ANY(same.ids)) AS filings
  FROM (
    SELECT array_append(
      ARRAY(SELECT id FROM email WHERE company_id = c.id AND message_id = :message_id),
      copy.email_id
    ) AS ids
  ) same
) mails
WHERE m.company_id = :company_id AND m.user_id = :user_id
""")


def read_version(
    database: Database, company_id: int, user_id: str, graph_id: str, message_id: str | None
) -> Version | None:
    """The version of this copy in the person's own mailbox, None when that is not watched.

    It covers the copy, every copy and filing of the same mail, what webCRM is still to be sent
    about it, whom webCRM knows, and the connection's state in the pane's foot.
    """
    named = {
        "company_id": company_id,
        "user_id": user_id,
        "graph_id": graph_id,
        "message_id": message_id,
    }
    row = database.read_one(_READ, named)
    if row is None:
        return None
    is_met, is_pushed, *facts = tuple(row)
    return Version(blake2b(repr(facts).encode(), digest_size=DIGEST).digest(), is_met, is_pushed)
