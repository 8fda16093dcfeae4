"""Compares the folders of one mailbox with our rows, and fixes what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from webcrm_sync.core.errors import Gone, SyncError, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.outlook import Location
from webcrm_sync.core.states import State
from webcrm_sync.engine.backoff import back_off_mailbox
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery import discover
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.engine.reconciliation.differences import (
    Difference,
    FolderProof,
    Kind,
    MailboxProof,
    count_by_state,
    find_suspects,
    is_unmarked,
)
from webcrm_sync.store import folder_reads, mailboxes, reconciliation
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import item_records, marks, transitions
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder
from webcrm_sync.store.reconciliation import RecordedCopy

#: Only the newest mirrors are checked: outside the sync folders each takes a call.
_MAX_MIRRORS = 200

Listing = Mapping[str, Location]


def prove_mailbox(context: Context, box: Mailbox) -> MailboxProof:
    """The comparison of the mailbox with our rows. Fixes what it can. Idempotent.

    A mailbox that does not answer is backed off, and the proof says why. A paused one is left out.
    """
    if _is_paused(context, box):
        return MailboxProof(box.address, is_paused=True)
    if box.pause_end(context.now()):
        return MailboxProof(box.address, trouble=box.trouble)
    try:
        return _prove(context, box)
    except SyncError as error:
        if _is_paused(context, box):
            return MailboxProof(box.address, is_paused=True)
        back_off_mailbox(context, box, error)
        return MailboxProof(box.address, trouble=str(error))


def _is_paused(context: Context, box: Mailbox) -> bool:
    """True if an administrator has paused the mailbox, perhaps since the comparison began."""
    with context.begin() as tx:
        now = mailboxes.read_mailbox(tx, box.id)
    return now is not None and now.paused_at is not None


def _prove(context: Context, box: Mailbox) -> MailboxProof:
    """List the folders, then read their delta: afterwards every listed copy must be known.

    An unforeseen error about one folder is raised after the others were compared and fixed.
    """
    with context.begin() as tx:
        before = mailboxes.folders(tx, box.id)
    found = _reset_broken_cursors(context, box, before)
    listings: dict[int, Listing | None] = {}
    folders = []
    with isolate.DeferredErrors() as errors:
        for folder in before:
            with errors.defer():
                listings[folder.id] = _list_folder(context, box, folder)
        with errors.defer():
            _read_deltas(context, box, before)
        with context.begin() as tx:
            after = {f.id: f for f in mailboxes.folders(tx, box.id)}
        kinds = {d.kind for d in found}
        for folder in (f for f in before if f.id in listings):
            listed, now = listings[folder.id], after.get(folder.id)
            if listed is None or now is None:
                found.append(Difference(Kind.FOLDER))
                continue
            if _has_lost_cursor(folder, now) and Kind.CURSOR not in kinds:
                found.append(Difference(Kind.CURSOR))
            with errors.defer():
                folder_proof, differences = _compare(context, box, now, listed)
                folders.append(folder_proof)
                found += differences
        found += _advance_stuck(context, box)
    removed = _count_removed_mirrors(context, box, [x for x in listings.values() if x is not None])
    return MailboxProof(box.address, tuple(folders), tuple(found), removed)


def _has_lost_cursor(before: SyncFolder, now: SyncFolder) -> bool:
    """True if the cursor was reset, and not because a new version selects more properties."""
    return now.round > before.round and now.selection == before.selection


def _reset_broken_cursors(
    context: Context, box: Mailbox, folders: Sequence[SyncFolder]
) -> list[Difference]:
    """Reset cursors that are not URLs of Graph."""
    graph_url = f"{context.settings.graph_url}/"
    broken = [f for f in folders if f.cursor is not None and not f.cursor.startswith(graph_url)]
    with context.begin() as tx:
        mailboxes.lock(tx, mailbox_ids=[box.id] if broken else [])
        for folder in broken:
            folder_reads.advance_cursor(tx, folder, None, round=folder.round + 1)
            tx.record_event(EventKind.FOLDER_READ_ANEW, mailbox_id=box.id, place=folder.place.value)
    return [Difference(Kind.CURSOR) for _ in broken]


def _list_folder(context: Context, box: Mailbox, folder: SyncFolder) -> Listing | None:
    """All copies in the folder; None if it is gone: `maintain` then finds or makes it."""
    try:
        return context.graph.list_folder_mails(box.user_id, folder.graph_id)
    except Gone:
        with context.begin() as tx:
            mailboxes.maintain_now(tx, [box.id])
        return None


def _read_deltas(context: Context, box: Mailbox, folders: Sequence[SyncFolder]) -> None:
    """Read the deltas of these folders.

    Raises TryLater when the mailbox does not answer, or was paused since the comparison began.
    """
    with context.begin() as tx:
        folder_reads.request_read(tx, [f.id for f in folders])
    discover.discover(context, box.id)
    discover.read_on(context, box.id)
    with context.begin() as tx:
        now = mailboxes.read_mailbox(tx, box.id)
    if now is not None and now.paused_at:
        raise TryLater("An administrator has paused the mailbox.")
    if now is not None and (paused_until := now.pause_end(context.now())):
        raise TryLater(now.trouble or "", retry_at=paused_until)


def _compare(
    context: Context, box: Mailbox, folder: SyncFolder, listed: Listing
) -> tuple[FolderProof, list[Difference]]:
    """Compare the folder's copies as one batch. A copy that raises is left out."""
    with context.begin() as tx:
        rows = reconciliation.recorded_copies(tx, box.id, folder_id=folder.id, graph_ids=listed)

    def compare(ids: Sequence[str]) -> tuple[FolderProof, list[Difference]]:
        some = {i: listed[i] for i in ids if i in listed}
        return _compare_copies(context, box, folder, some, {i: rows[i] for i in ids if i in rows})

    parts = isolate.run_batch(context, "prove", list({**listed, **rows}), compare, _hold_of)
    counts: Counter[str] = Counter()
    for proof, _ in parts:
        counts.update(proof.counts)
    in_folder = sum(proof.in_folder for proof, _ in parts)
    differences = [one for _, found in parts for one in found]
    return FolderProof(folder.place.value, in_folder, dict(counts)), differences


def _hold_of(graph_id: str) -> Hold:
    return incidents.leave_out(f"proof of copy {graph_id[:200]}")


def _compare_copies(
    context: Context,
    box: Mailbox,
    folder: SyncFolder,
    listed: Listing,
    rows: Mapping[str, RecordedCopy],
) -> tuple[FolderProof, list[Difference]]:
    suspects = find_suspects(folder.id, listed, rows)
    where = context.graph.fetch_locations(box.user_id, suspects.all) if suspects.all else {}
    here = {i for i, at in where.items() if at is not None and at.folder_id == folder.graph_id}
    unknown = [i for i in suspects.strange if i in here]
    missing = [i for i in suspects.missing if i not in here]
    present = {i: at for i, at in listed.items() if i in rows or i in here}
    if unknown or missing:
        discover.recheck_copies(context, box, folder, [*unknown, *missing])
    with context.begin() as tx:
        now = reconciliation.recorded_copies(
            tx, box.id, folder_id=folder.id, graph_ids=[*unknown, *missing]
        )
        found = [_difference(Kind.UNKNOWN_MAIL, now.get(i)) for i in unknown]
        found += [_difference(Kind.NOT_IN_FOLDER, now.get(i)) for i in missing]
        found += _request_marks(tx, box, folder, {i: where[i] for i in suspects.unmarked})
    return FolderProof(folder.place.value, len(present), count_by_state(present, rows)), found


def _difference(kind: Kind, row: RecordedCopy | None) -> Difference:
    return Difference(kind, message_id=row.message_id if row else None)


def _request_marks(
    tx: Tx, box: Mailbox, folder: SyncFolder, where: Mapping[str, Location | None]
) -> list[Difference]:
    """Have copies marked again that do not carry the categories of their state."""
    rows = reconciliation.recorded_copies(tx, box.id, folder_id=folder.id, graph_ids=where)
    found = []
    for graph_id, at in where.items():
        row = rows.get(graph_id)
        if at is None or row is None or not is_unmarked(row, at):
            continue
        item_records.observe(tx, row.item.id, at.change_key, at.categories)
        marks.request(tx, row.item)
        found.append(Difference(Kind.CATEGORIES, message_id=row.message_id))
    return found


def _advance_stuck(context: Context, box: Mailbox) -> list[Difference]:
    """Advance copies that are stuck in a state that no job would end."""
    found: list[Difference] = []
    with incidents.release_if_widespread(context), context.begin() as tx:
        stuck = reconciliation.stuck_items(tx, box.id)

        def advance(some: Sequence[tuple[Item, State, str | None]]) -> None:
            for item, to, message_id in some:
                transitions.move_on(tx, item, to=to)
                found.append(Difference(Kind.STATE, message_id=message_id))

        for one in stuck:
            isolate.run_in_savepoints(
                context, tx, "prove", [one], advance, lambda it: _hold_of(it[0].graph_id)
            )
        if stuck:
            tx.defer(Job.MARK, box.id)
            tx.defer(Job.MATCH, tx.company_id)
            tx.defer(Job.FILE, tx.company_id)
    return found


def _count_removed_mirrors(context: Context, box: Mailbox, listings: Sequence[Listing]) -> int:
    """How many mirrors their owner has removed since the last proof. Owners may do so."""
    with context.begin() as tx:
        known = reconciliation.mirrors_in(tx, box.id, limit=_MAX_MIRRORS)
    elsewhere = [i for i in known if not any(i in listed for listed in listings)]
    where = context.graph.fetch_locations(box.user_id, elsewhere) if elsewhere else {}
    removed = [known[i] for i, at in where.items() if at is None]
    with context.begin() as tx:
        reconciliation.note_removed_mirrors(tx, removed)
    return len(removed)
