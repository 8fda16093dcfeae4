"""When each sync folder is read: requests, polls, and the cursor behind what was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, func, select, text, update

from webcrm_sync.core.jobs import Job
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.mailboxes import SyncFolder, lock
from webcrm_sync.store.schedule import IS_POLLED_TOGETHER, MAILBOX_IS_OPEN, POLL_PATIENCE
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.tables import folder, item, mailbox

#: The shortest time between two readings of a busy folder, however many are requested.
_BUSY_PAUSE = timedelta(seconds=1)
#: The smallest difference between two times in PostgreSQL.
_SMALLEST_STEP = timedelta(microseconds=1)
#: Announced copies of a folder that are kept, the newest ones. Those before them are most likely
#: on its further pages, which list them.
MOST_ANNOUNCED = 5
_ANNOUNCE = text(
    "INSERT INTO announced_copy (folder_id, graph_id)"
    " SELECT folder_id, graph_id"
    " FROM unnest(CAST(:folder_ids AS bigint[]), CAST(:graph_ids AS text[]))"
    " WITH ORDINALITY AS line (folder_id, graph_id, number)"
    " ORDER BY number ON CONFLICT DO NOTHING RETURNING folder_id"
)
_FORGET_OLDER = text(
    "DELETE FROM announced_copy USING (SELECT id,"
    " row_number() OVER (PARTITION BY folder_id ORDER BY id DESC) AS place FROM announced_copy"
    " WHERE folder_id = ANY(CAST(:folder_ids AS bigint[]))) AS placed"
    " WHERE placed.id = announced_copy.id AND place > :most"
)
_TAKE_ANNOUNCED = text(
    "DELETE FROM announced_copy USING folder"
    " WHERE folder.id = folder_id AND mailbox_id = :mailbox"
    " RETURNING folder_id, announced_copy.graph_id"
)
_F, _M = folder.alias("f"), mailbox.alias("m")
_IS_DUE_POLL = f"{MAILBOX_IS_OPEN} AND {IS_POLLED_TOGETHER} AND f.poll_due_at <= :by"
_DUE_POLLS = (
    select(*columns_of(_F, SyncFolder))
    .join(_M, _M.c.id == _F.c.mailbox_id)
    .where(text(_IS_DUE_POLL))
    .order_by(_F.c.poll_due_at, _F.c.id)
    .limit(bindparam("limit"))
)
_IS_PAUSED = select(mailbox.c.id).where(
    mailbox.c.id == folder.c.mailbox_id, mailbox.c.paused_at.is_not(None)
)


def due_polls(tx: Tx, *, by: datetime, limit: int) -> Sequence[SyncFolder]:
    """Folders to poll together (`schedule.IS_POLLED_TOGETHER`), due at `by` at the latest."""
    times = {"now": tx.now, "overdue": tx.now - POLL_PATIENCE, "by": by}
    parameters = {"company": tx.company_id, "limit": limit, **times}
    return [SyncFolder(**row) for row in tx.connection.execute(_DUE_POLLS, parameters).mappings()]


def unfinished(tx: Tx, folder_ids: Iterable[int]) -> frozenset[int]:
    """The folders of which a full reading ended before it rechecked the copies it did not list."""
    unlisted = (item.c.folder_id == folder.c.id) & (item.c.seen_round < folder.c.round)
    # The mailbox adds nothing to the result; the index of items begins with it.
    of_folder = unlisted & (item.c.mailbox_id == folder.c.mailbox_id)
    query = select(folder.c.id).where(any_of(folder.c.id, folder_ids))
    return frozenset(
        tx.connection.scalars(query.where(select(item.c.id).where(of_folder).exists()))
    )


def leave_to_discover(tx: Tx, seen: SyncFolder) -> None:
    """Make a folder's poll overdue, unless a reading has changed its time since it was `seen`."""
    is_unchanged = folder.c.poll_due_at == seen.poll_due_at
    query = update(folder).where(folder.c.id == seen.id, is_unchanged)
    tx.connection.execute(query.values(poll_due_at=tx.now - POLL_PATIENCE))


def request_read(tx: Tx, folder_ids: Iterable[int]) -> None:
    """Make a reading of these folders due now, since something may have changed in them.

    A folder that was busy a moment ago waits for the tick: one reading per second lists many
    mails on a page instead of few. Each request has a time of its own, so that a reading under way
    does not finish a later request.
    """
    ids = set(folder_ids)
    if len(ids) > 1:
        lock(tx, folder_ids=ids)
    read_requested_at = func.greatest(
        tx.now, folder.c.read_requested_at + _SMALLEST_STEP
    )  # ignores NULL
    query = (
        update(folder).where(any_of(folder.c.id, ids)).values(read_requested_at=read_requested_at)
    )
    rows = tx.connection.execute(query.returning(folder.c.mailbox_id, folder.c.busy_at))
    recent = tx.now - _BUSY_PAUSE
    calm = {row.mailbox_id for row in rows if not row.busy_at or row.busy_at < recent}
    for mailbox_id in sorted(calm):
        tx.defer(Job.DISCOVER, mailbox_id)


def poll_by(tx: Tx, folder_ids: Iterable[int], at: datetime) -> None:
    """Have these folders read at this time at the latest."""
    query = update(folder).where(any_of(folder.c.id, folder_ids))
    poll_due_at = func.least(folder.c.poll_due_at, at)  # ignores NULL
    tx.connection.execute(query.values(poll_due_at=poll_due_at))


def read_from_start(tx: Tx, mailbox_ids: Iterable[int]) -> None:
    """Read all sync folders of these mailboxes again from the start, now."""
    query = update(folder).where(any_of(folder.c.mailbox_id, mailbox_ids))
    values = {"cursor": None, "round": folder.c.round + 1, "read_requested_at": tx.now}
    tx.connection.execute(query.values(has_more=False, **values))


def read_as_first(tx: Tx, mailbox_id: int) -> None:
    """Read all sync folders of the mailbox from the start, as if they had never been read."""
    read_from_start(tx, [mailbox_id])
    query = update(folder).where(folder.c.mailbox_id == mailbox_id)
    tx.connection.execute(query.values(is_known=False))


def begin_reading(tx: Tx, due: Iterable[SyncFolder]) -> None:
    """Record that the requested readings of these folders begin. Later requests stay open."""
    ids = {f.id for f in due if f.read_requested_at != f.read_begun_for}
    if ids:
        lock(tx, folder_ids=ids)
        query = update(folder).where(any_of(folder.c.id, ids))
        tx.connection.execute(query.values(read_begun_for=folder.c.read_requested_at))


def finish_read(
    tx: Tx, seen: SyncFolder, *, poll_due_at: datetime, is_busy: bool, **values: object
) -> None:
    """Record a reading up to the folder's end. A request since it was `seen` stays open.

    `values`: the values of further columns.
    """
    is_unchanged = folder.c.read_requested_at.is_not_distinct_from(seen.read_requested_at)
    query = update(folder).where(folder.c.id == seen.id)
    cleared = case((is_unchanged, None), else_=folder.c.read_requested_at)
    busy_at = tx.now if is_busy else None
    times = {"read_requested_at": cleared, "poll_due_at": poll_due_at, "busy_at": busy_at}
    tx.connection.execute(query.values(**times, **values))


def advance_cursor(tx: Tx, seen: SyncFolder, cursor: str | None, **values: object) -> bool:
    """Set a folder's cursor. False if another run has set it since it was `seen`.

    False too while an administrator has paused the mailbox: what was read is not written then.
    `values`: further columns; `has_more` is False unless they say otherwise.
    """
    query = update(folder).where(
        folder.c.id == seen.id,
        folder.c.cursor.is_not_distinct_from(seen.cursor),
        folder.c.round == seen.round,
        ~_IS_PAUSED.exists(),
    )
    columns = {"cursor": cursor, "has_more": False, **values}
    return tx.connection.execute(query.values(columns)).rowcount == 1


def announce(tx: Tx, copies: Iterable[tuple[SyncFolder, str]]) -> None:
    """Have these copies, by folder and Graph id, read ahead of the pages of a busy folder.

    The newest one comes last. They replace the oldest ones of a folder when too many wait.
    """
    lines = list(copies)
    parameters = {"folder_ids": [f.id for f, _ in lines], "graph_ids": [i for _, i in lines]}
    added = set(tx.connection.execute(_ANNOUNCE, parameters).scalars())
    if not added:
        return
    tx.connection.execute(_FORGET_OLDER, {"folder_ids": sorted(added), "most": MOST_ANNOUNCED})
    for mailbox_id in {f.mailbox_id for f, _ in lines if f.id in added}:
        tx.defer(Job.DISCOVER, mailbox_id)


def take_announced(tx: Tx, mailbox_id: int) -> Mapping[int, Sequence[str]]:
    """The announced copies of the mailbox by folder id; they are forgotten."""
    taken: dict[int, list[str]] = {}
    for folder_id, graph_id in tx.connection.execute(_TAKE_ANNOUNCED, {"mailbox": mailbox_id}):
        taken.setdefault(folder_id, []).append(graph_id)
    return taken
