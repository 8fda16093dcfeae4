"""Finds the sync folders of a mailbox by id, then by name, and makes those that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.outlook import Folder, Place
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.store import mailboxes
from webcrm_sync.store.items import transitions
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

#: Well-known names, the same in every language (Graph: mailFolder).
_PARENTS = {Place.INBOX: "inbox", Place.SENT: "sentitems", Place.ROOT: "msgfolderroot"}
#: A folder below this one is deleted. One that is deleted for good answers 404.
_BIN = "deleteditems"
_DEEPEST = 30


@dataclass(frozen=True, slots=True)
class FolderCandidate:
    """A folder of our name under one parent. `folder`: None if it must be made."""

    place: Place
    parent_id: str
    folder: Folder | None


def find_candidates(context: Context, user_id: str) -> Sequence[FolderCandidate]:
    """The folders of our name under Inbox, Sent Items and, if it exists, at the root."""
    found = []
    for place, parent in _PARENTS.items():
        home = context.graph.fetch_folder(user_id, parent)
        named = context.graph.find_child_folders(
            user_id, home.graph_id, context.settings.folder_name
        )
        if named or place is not Place.ROOT:
            found.append(FolderCandidate(place, home.graph_id, named[0] if named else None))
    return found


def ensure_sync_folders(context: Context, box: Mailbox) -> None:
    """Make the mailbox's missing sync folders, and forget those that were deleted. Idempotent.

    A folder that was renamed or moved remains a sync folder, and so does one that cannot be
    checked. An unforeseen error about one folder is raised after the others were handled.
    """
    with context.begin() as tx:
        known = mailboxes.folders(tx, box.id)
    if known and _are_unchanged(context, box, known):
        _adopt_root_folder(context, box, known)
        return
    bin_id = context.graph.fetch_folder(box.user_id, _BIN).graph_id
    deleted = set()
    with isolate.DeferredErrors() as errors:
        for folder in known:
            with errors.defer():
                if not _still_exists(context, box, folder, bin_id):
                    deleted.add(folder.place)
        for found in find_candidates(context, box.user_id):
            with errors.defer():
                if found.place in deleted or all(f.place is not found.place for f in known):
                    _adopt_folder(context, box, found, is_replacement=bool(known))


def _still_exists(context: Context, box: Mailbox, folder: SyncFolder, bin_id: str) -> bool:
    """Record where the folder is now. False if it was deleted: it is forgotten then."""
    chain = _parent_ids(context, box.user_id, folder.graph_id)
    if chain is None or bin_id in chain:
        _forget_folder(context, box, folder)
        return False
    with context.begin() as tx:
        mailboxes.set_folder(tx, folder.id, parents=chain)
    return True


def _are_unchanged(context: Context, box: Mailbox, known: Sequence[SyncFolder]) -> bool:
    """True if no known folder and no folder above one was moved or deleted. One request."""
    if {Place.INBOX, Place.SENT} - {f.place for f in known}:
        return False
    ids = {i for f in known for i in (f.graph_id, *f.parents[:-1])}
    parents = context.graph.fetch_parent_ids(box.user_id, sorted(ids))
    return all(
        parents.get(child) == parent
        for f in known
        for child, parent in zip((f.graph_id, *f.parents), f.parents, strict=False)
    )


def _adopt_root_folder(context: Context, box: Mailbox, known: Sequence[SyncFolder]) -> None:
    """Adopt a folder of our name that the owner made at the mailbox's root."""
    if any(f.place is Place.ROOT for f in known):
        return
    root = _PARENTS[Place.ROOT]
    named = context.graph.find_child_folders(box.user_id, root, context.settings.folder_name)
    new = [f for f in named if f.graph_id not in {k.graph_id for k in known}]
    if new:
        candidate = FolderCandidate(Place.ROOT, new[0].parent_id, new[0])
        _adopt_folder(context, box, candidate, is_replacement=False)


def _parent_ids(context: Context, user_id: str, folder_id: str) -> list[str] | None:
    """Ids of the folders above a folder, its parent first; None if it is gone."""
    chain: list[str] = []
    child = folder_id
    for _ in range(_DEEPEST):
        parent = context.graph.fetch_parent_ids(user_id, [child]).get(child)
        if not parent or parent == child:
            return chain or None
        chain.append(parent)
        child = parent
    return chain


def _forget_folder(context: Context, box: Mailbox, folder: SyncFolder) -> None:
    for subscription_id in folder.subscription_ids:
        context.graph.unsubscribe(subscription_id)
    with context.begin() as tx:
        lock_company(tx)  # a page of this folder may be in the middle of a write
        mailboxes.lock(tx, mailbox_ids=[box.id])
        transitions.skip_folder(tx, folder.id)
        mailboxes.drop_folder(tx, folder.id)
        tx.record_event(EventKind.FOLDER_GONE, mailbox_id=box.id, place=folder.place.value)


def _adopt_folder(
    context: Context, box: Mailbox, found: FolderCandidate, *, is_replacement: bool
) -> None:
    name = context.settings.folder_name
    folder = found.folder or context.graph.create_folder(box.user_id, found.parent_id, name)
    chain = _parent_ids(context, box.user_id, folder.graph_id) or []
    with context.begin() as tx:
        mailboxes.add_folder(tx, box.id, graph_id=folder.graph_id, place=found.place, parents=chain)
        kind = EventKind.FOLDER_FOUND if found.folder else EventKind.FOLDER_MADE
        tx.record_event(kind, mailbox_id=box.id, place=found.place.value, anew=is_replacement)
        tx.defer(Job.DISCOVER, box.id)
