"""Versions of the pane's answers. A version changes when the pane would show a change.

One statement reads the versions of all mails that open panes show at this moment.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import text

from webcrm_sync.store.database import Database


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy in a person's own mailbox. `user_id`: the person's id in Entra."""

    user_id: str
    graph_id: str
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """The version of one copy's answer.

    `is_discovered`: the copy is in a sync folder. `is_pushed`: Graph pushes changes of all sync
    folders of the mailbox.
    """

    digest: bytes
    is_discovered: bool
    is_pushed: bool


#: Bytes of a digest.
DIGEST = 12

# `xmin` is the transaction that wrote the row (PostgreSQL: system columns), so it changes with any
# column. Folders and the company are written at every reading, so only their shown columns count.
_READ = text("""
SELECT
  requested.number,
  copy.folder_id IS NOT NULL,
  folders.is_pushed,
  m.id, m.trouble, m.push_trouble, m.paused_at, c.webcrm_trouble, folders.graph_ids,
  (SELECT number FROM directory_version WHERE company_id = c.id),
  (SELECT xmin FROM press WHERE mailbox_id = m.id AND graph_id = requested.graph_id),
  (SELECT string_agg(xmin::text, ' ' ORDER BY folded_name) FROM new_customer
   WHERE mailbox_id = m.id AND graph_id = requested.graph_id),
  (SELECT sum(hashtextextended(address, 0)) FROM always_sync WHERE mailbox_id = m.id),
  (SELECT string_agg(concat_ws('.', i.id, i.xmin), ' ' ORDER BY i.id)
   FROM item i WHERE i.email_id = ANY(same.ids)),
  (SELECT string_agg(concat_ws('.', f.id, f.xmin, w.xmin), ' ' ORDER BY f.id)
   FROM filing f LEFT JOIN wish w ON w.filing_id = f.id WHERE f.email_id = ANY(same.ids)),
  open_items.found, open_items.waiting, open_items.parked
FROM json_to_recordset(CAST(:requested AS json))
  AS requested(number int, user_id text, graph_id text, message_id text)
JOIN mailbox m ON m.company_id = :company_id AND m.user_id = requested.user_id
JOIN company c ON c.id = m.company_id
CROSS JOIN LATERAL (
  SELECT max(email_id) AS email_id, max(folder_id) AS folder_id
  FROM item WHERE mailbox_id = m.id AND graph_id = requested.graph_id
) copy
CROSS JOIN LATERAL (
  SELECT array_append(
    ARRAY(SELECT id FROM email WHERE company_id = c.id AND message_id = requested.message_id),
    copy.email_id
  ) AS ids
) same
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
""")


def read_versions(
    database: Database, company_id: int, copies: Sequence[Copy]
) -> list[Version | None]:
    """The version of each copy, in their order; None = its mailbox is not watched.

    A version covers every copy and filing of the mail, the changes that webCRM has yet to receive,
    the directory, and the connection's state in the pane's foot.
    """
    requested = [
        {
            "number": number,
            "user_id": copy.user_id,
            "graph_id": copy.graph_id,
            "message_id": copy.message_id,
        }
        for number, copy in enumerate(copies)
    ]
    rows = database.read(_READ, {"company_id": company_id, "requested": json.dumps(requested)})
    versions = {number: _version(*columns) for number, *columns in map(tuple, rows)}
    return [versions.get(number) for number in range(len(copies))]


def _version(*columns: object) -> Version:
    is_discovered, is_pushed, *_ = columns
    digest = blake2b(repr(columns).encode(), digest_size=DIGEST).digest()
    return Version(digest, bool(is_discovered), bool(is_pushed))
