"""What we remember about the leases on mailboxes, and the database that remembers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.database_identity import DatabaseIdentity, is_copy
from webcrm_sync.core.mailbox_lease import MailboxLease
from webcrm_sync.store import filings, folder_reads, mailboxes, mirrors
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import item_records
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.mailbox_leases import database_identity, mailbox_lease
from webcrm_sync.store.schema.tables import mailbox

_LEASE = columns_of(mailbox_lease, MailboxLease)
#: This database, and the identity that is recorded in it, in one query: every process asks at its
#: start. Some providers hide the server's identifier, and PostgreSQL checks the right to call a
#: function even where CASE does not reach it. So `ts_stat` reads it, by a query of its own.
_IDENTITIES = text("""
    SELECT coalesce(
               CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE') THEN (
                   SELECT word FROM ts_stat(
                       'SELECT array_to_tsvector(ARRAY[system_identifier :: text])'
                       ' FROM pg_control_system()'
                   )
               ) END,
               ''
           ) || '/' || own.oid AS own, recorded.cluster, recorded.files, recorded.place
      FROM pg_database own
           LEFT JOIN database_identity recorded ON recorded.company_id = :company
     WHERE own.datname = current_database()""")
#: A worker whose heartbeat is older is dead, see `worker`.
_HAS_WORKER = text(
    "SELECT EXISTS (SELECT 1 FROM procrastinate_workers"
    " WHERE last_heartbeat > now() - interval '10 seconds')"
)


def read(tx: Tx, mailbox_id: int) -> MailboxLease:
    """What we remember about the lease on a mailbox; nothing if it was never checked."""
    query = select(*_LEASE).where(mailbox_lease.c.mailbox_id == mailbox_id)
    row = tx.connection.execute(query).mappings().one_or_none()
    return MailboxLease(**row) if row else MailboxLease()


def save(tx: Tx, mailbox_id: int, **values: object) -> None:
    """Set columns of the lease on a mailbox."""
    new = insert(mailbox_lease).values(mailbox_id=mailbox_id, **values)
    changed = new.on_conflict_do_update(index_elements=[mailbox_lease.c.mailbox_id], set_=values)
    tx.connection.execute(changed)


def check_all(tx: Tx, **values: object) -> None:
    """Let nothing be written for any mailbox before its lease is checked, which is due now.

    `values`: further columns of each lease.
    """
    ids = _mailbox_ids(tx)
    query = update(mailbox).where(any_of(mailbox.c.id, ids))
    tx.connection.execute(query.values(lease_until=None))
    mailboxes.maintain_now(tx, ids)
    for mailbox_id in ids:
        save(tx, mailbox_id, **values)


def _mailbox_ids(tx: Tx) -> Sequence[int]:
    query = select(mailbox.c.id).where(mailbox.c.company_id == tx.company_id)
    ids = tx.connection.execute(query.order_by(mailbox.c.id)).scalars().all()
    mailboxes.lock(tx, mailbox_ids=ids)
    return ids


def has_living_worker(tx: Tx) -> bool:
    """True if a worker runs on this database."""
    return bool(tx.connection.scalar(_HAS_WORKER))


def record_identity(tx: Tx, *, files: str, place: str) -> bool:
    """Record the identity of this database. True if it is a copy of the recorded one.

    A copy forgets the leases of its original, so that it meets them as those of another
    installation.
    """
    row = tx.connection.execute(_IDENTITIES, {"company": tx.company_id}).one()
    current = DatabaseIdentity(row.own, files, place)
    is_known = row.cluster is not None
    recorded = DatabaseIdentity(row.cluster, row.files, row.place) if is_known else None
    if recorded == current:
        return False
    values = asdict(current)
    new = insert(database_identity).values(company_id=tx.company_id, **values)
    key = [database_identity.c.company_id]
    tx.connection.execute(new.on_conflict_do_update(index_elements=key, set_=values))
    if recorded is None or not is_copy(recorded, current):
        return False
    forgotten = {"written": None, "intended": None, "confirm_at": None, "may_take_over": False}
    check_all(tx, **forgotten, is_start=False, is_unsure=True)
    return True


def doubt_work(tx: Tx, mailbox_id: int, since: datetime) -> None:
    """Look before anything is written for a mailbox on which others may have worked.

    `since`: when we last held it. Its unsent filings and mirrors count as unclear, its copies as
    found in a folder that was never read.
    """
    filings.doubt_unsent(tx, mailbox_id, since)
    mirrors.doubt_planned(tx, mailbox_id)
    item_records.mark_past(tx, mailbox_id)
    folder_reads.read_as_first(tx, mailbox_id)
