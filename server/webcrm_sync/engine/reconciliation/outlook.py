"""Compare one mailbox's folders with our rows, and mend what differs."""

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
from webcrm_sync.store import mailboxes, reconciliation
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import item_records, marks, transitions
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder
from webcrm_sync.store.reconciliation import RecordedCopy

#: Mirrors that lie in no sync folder are looked for one by one: the newest ones.
_MIRRORS = 200

Listing = Mapping[str, Location]


def prove_mailbox(context: Context, box: Mailbox) -> MailboxProof:
    """Compare the mailbox with our rows; what can be mended is mended. Idempotent.

    A mailbox that does not answer is held, as by any other step, and the proof says so.
    """
    if box.shut_until(context.now()):
        return MailboxProof(box.address, trouble=box.trouble)
    try:
        return _prove(context, box)
    except SyncError as error:
        back_off_mailbox(context, box, error)
        return MailboxProof(box.address, trouble=str(error))


def _prove(context: Context, box: Mailbox) -> MailboxProof:
    """List the folders first and read delta afterwards: whatever was listed must be known then.

    What is unforeseen about one folder is raised after the others were compared and mended.
    """
    with context.begin() as tx:
        before = mailboxes.folders(tx, box.id)
    found = _mend_cursors(context, box, before)
    listings: dict[int, Listing | None] = {}
    folders = []
    with isolate.DeferredErrors() as steps:
        for folder in before:
            with steps.defer():
                listings[folder.id] = _listing(context, box, folder)
        with steps.defer():
            _read_on(context, box, before)
        with context.begin() as tx:
            after = {f.id: f for f in mailboxes.folders(tx, box.id)}
        told = {d.kind for d in found}
        for folder in (f for f in before if f.id in listings):
            listed, now = listings[folder.id], after.get(folder.id)
            if listed is None or now is None:
                found.append(Difference(Kind.FOLDER))
                continue
            if _lost_its_cursor(folder, now) and Kind.CURSOR not in told:
                found.append(Difference(Kind.CURSOR))
            with steps.defer():
                folder_proof, differences = _compare(context, box, now, listed)
                folders.append(folder_proof)
                found += differences
        found += _move_on(context, box)
    removed = _removed_mirrors(context, box, [x for x in listings.values() if x is not None])
    return MailboxProof(box.address, tuple(folders), tuple(found), removed)


def _lost_its_cursor(before: SyncFolder, now: SyncFolder) -> bool:
    """True when the folder had to be read anew, and not because we ask for more than before."""
    return now.round > before.round and now.selection == before.selection


def _mend_cursors(
    context: Context, box: Mailbox, folders: Sequence[SyncFolder]
) -> list[Difference]:
    """Give up cursors that are no address of Graph's: they could never be followed."""
    ours = f"{context.settings.graph_url}/"
    broken = [f for f in folders if f.cursor is not None and not f.cursor.startswith(ours)]
    with context.begin() as tx:
        mailboxes.lock(tx, mailbox_ids=[box.id] if broken else [])
        for folder in broken:
            mailboxes.advance_cursor(tx, folder, None, round=folder.round + 1)
            tx.record_event(EventKind.FOLDER_READ_ANEW, mailbox_id=box.id, place=folder.place.value)
    return [Difference(Kind.CURSOR) for _ in broken]


def _listing(context: Context, box: Mailbox, folder: SyncFolder) -> Listing | None:
    """Everything in the folder; None when it is gone: `keep` finds it or makes another one."""
    try:
        return context.graph.listing(box.user_id, folder.graph_id)
    except Gone:
        with context.begin() as tx:
            mailboxes.keep_now(tx, [box.id])
        return None


def _read_on(context: Context, box: Mailbox, folders: Sequence[SyncFolder]) -> None:
    """Read delta to its end. Raises TryLater when the mailbox does not answer."""
    with context.begin() as tx:
        mailboxes.request_read(tx, [f.id for f in folders])
    discover.discover(context, box.id)
    with context.begin() as tx:
        now = mailboxes.read_mailbox(tx, box.id)
    if now is not None and (shut_until := now.shut_until(context.now())):
        raise TryLater(now.trouble or "", retry_at=shut_until)


def _compare(
    context: Context, box: Mailbox, folder: SyncFolder, listed: Listing
) -> tuple[FolderProof, list[Difference]]:
    """The folder's copies together; one that raises is left out alone."""
    with context.begin() as tx:
        rows = reconciliation.recorded_copies(tx, box.id, folder_id=folder.id, graph_ids=listed)

    def compare(ids: Sequence[str]) -> tuple[FolderProof, list[Difference]]:
        told = {i: listed[i] for i in ids if i in listed}
        return _compare_these(context, box, folder, told, {i: rows[i] for i in ids if i in rows})

    parted = isolate.run_batch(context, "prove", list({**listed, **rows}), compare, _aside)
    counts: Counter[str] = Counter()
    for proof, _ in parted:
        counts.update(proof.counts)
    in_folder = sum(proof.in_folder for proof, _ in parted)
    differences = [one for _, found in parted for one in found]
    return FolderProof(folder.place.value, in_folder, dict(counts)), differences


def _aside(graph_id: str) -> Hold:
    return incidents.leave_out(f"proof of copy {graph_id[:200]}")


def _compare_these(
    context: Context,
    box: Mailbox,
    folder: SyncFolder,
    listed: Listing,
    rows: Mapping[str, RecordedCopy],
) -> tuple[FolderProof, list[Difference]]:
    doubtful = find_suspects(folder.id, listed, rows)
    where = context.graph.locations(box.user_id, doubtful.all) if doubtful.all else {}
    here = {i for i, at in where.items() if at is not None and at.folder_id == folder.graph_id}
    strange = [i for i in doubtful.strange if i in here]
    missing = [i for i in doubtful.missing if i not in here]
    still = {i: at for i, at in listed.items() if i in rows or i in here}
    if strange or missing:
        discover.recheck_copies(context, box, folder, [*strange, *missing])
    with context.begin() as tx:
        now = reconciliation.recorded_copies(
            tx, box.id, folder_id=folder.id, graph_ids=[*strange, *missing]
        )
        found = [_difference(Kind.UNKNOWN_MAIL, now.get(i)) for i in strange]
        found += [_difference(Kind.NOT_IN_FOLDER, now.get(i)) for i in missing]
        found += _mark_again(tx, box, folder, {i: where[i] for i in doubtful.unmarked})
    return FolderProof(folder.place.value, len(still), count_by_state(still, rows)), found


def _difference(kind: Kind, row: RecordedCopy | None) -> Difference:
    return Difference(kind, message_id=row.message_id if row else None)


def _mark_again(
    tx: Tx, box: Mailbox, folder: SyncFolder, where: Mapping[str, Location | None]
) -> list[Difference]:
    """Take note of what these copies carry, and have the truth written on them."""
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


def _move_on(context: Context, box: Mailbox) -> list[Difference]:
    """Take copies further that stand in a state which nothing would end."""
    found: list[Difference] = []
    with incidents.release_if_widespread(context), context.begin() as tx:
        stuck = reconciliation.stuck_items(tx, box.id)

        def further(some: Sequence[tuple[Item, State, str | None]]) -> None:
            for item, to, message_id in some:
                transitions.move_on(tx, item, to=to)
                found.append(Difference(Kind.STATE, message_id=message_id))

        for one in stuck:
            isolate.run_in_savepoints(
                context, tx, "prove", [one], further, lambda it: _aside(it[0].graph_id)
            )
        if stuck:
            tx.defer(Job.MARK, box.id)
            tx.defer(Job.FILE, tx.company_id)
    return found


def _removed_mirrors(context: Context, box: Mailbox, listings: Sequence[Listing]) -> int:
    """How many mirrors their owner has removed since the last proof. That is the owner's right."""
    with context.begin() as tx:
        known = reconciliation.mirrors_in(tx, box.id, limit=_MIRRORS)
    elsewhere = [i for i in known if not any(i in listed for listed in listings)]
    where = context.graph.locations(box.user_id, elsewhere) if elsewhere else {}
    gone = [known[i] for i, at in where.items() if at is None]
    with context.begin() as tx:
        reconciliation.note_removed_mirrors(tx, gone)
    return len(gone)
