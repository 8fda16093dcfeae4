"""Finds the sync folders of a mailbox by id, then by name, and makes those that are missing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.outlook import Folder, FolderFacts, Place
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.store import mailboxes
from webcrm_sync.store.database import Tx
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
    folder: Folder | None


@dataclass(frozen=True, slots=True)
class SavedFolder:
    """A sync folder in Outlook. `parents`: ids of the folders above it, its parent first."""

    place: Place
    folder: Folder
    parents: tuple[str, ...]
    is_new: bool


@dataclass(frozen=True, slots=True)
class KnownFolders:
    """The mailbox's sync folders, and what Graph says about them and the folders above them.

    `facts`: by Graph id, None = there is no such folder. `read_at`, `read_moment`: when Graph was
    asked, by our clock and by the machine's, which never jumps (seconds).
    """

    folders: Sequence[SyncFolder]
    facts: Mapping[str, FolderFacts | None]
    read_at: datetime
    read_moment: float


def read_known_folders(context: Context, box: Mailbox) -> KnownFolders:
    """The mailbox's sync folders as they are in Outlook now. At most one request."""
    with context.begin() as tx:
        known = mailboxes.folders(tx, box.id)
    read_at, read_moment = context.now(), time.monotonic()
    ids = {i for f in known for i in (f.graph_id, *f.parents[:-1])}
    facts = context.graph.fetch_folder_facts(box.user_id, sorted(ids)) if ids else {}
    return KnownFolders(known, facts, read_at, read_moment)


def find_candidates(context: Context, user_id: str) -> Sequence[FolderCandidate]:
    """The folders of our name under Inbox, Sent Items and, if it exists, at the root."""
    found = []
    for place, parent in _PARENTS.items():
        named = context.graph.find_child_folders(user_id, parent, context.settings.folder_name)
        if named or place is not Place.ROOT:
            found.append(FolderCandidate(place, named[0] if named else None))
    return found


def create_missing(
    context: Context, user_id: str, candidates: Sequence[FolderCandidate]
) -> Sequence[SavedFolder]:
    """The candidates as folders in Outlook. After an error, those created here are deleted."""
    folders: list[tuple[FolderCandidate, Folder]] = []
    try:
        for found in candidates:
            folders.append((found, found.folder or _create(context, user_id, found.place)))
        chains = _parent_chains(context, user_id, [folder for _, folder in folders])
    except SyncError:
        new = [folder for found, folder in folders if found.folder is None]
        _delete_empty(context, user_id, new)
        raise
    return [
        SavedFolder(found.place, folder, chain, is_new=found.folder is None)
        for (found, folder), chain in zip(folders, chains, strict=True)
    ]


def _create(context: Context, user_id: str, place: Place) -> Folder:
    return context.graph.create_folder(user_id, _PARENTS[place], context.settings.folder_name)


def _delete_empty(context: Context, user_id: str, new: Sequence[Folder]) -> None:
    """Delete folders that were created a moment ago, unless somebody has moved a mail into one."""
    for folder in new:
        with suppress(SyncError):  # the first error says what is wrong; add again adopts the folder
            if not context.graph.fetch_folder(user_id, folder.graph_id).total_items:
                context.graph.delete_folder(user_id, folder.graph_id)


def ensure_sync_folders(context: Context, box: Mailbox, seen: KnownFolders) -> None:
    """Make the mailbox's missing sync folders, and forget those that were deleted. Idempotent.

    A folder that was renamed or moved remains a sync folder, and so does one that cannot be
    checked. An unforeseen error about one folder is raised after the others were handled.
    """
    known = seen.folders
    if known and _are_unchanged(seen):
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
    if not chain or bin_id in chain:
        _forget_folder(context, box, folder)
        return False
    with context.begin() as tx:
        mailboxes.set_folder(tx, folder.id, parents=list(chain))
    return True


def _are_unchanged(seen: KnownFolders) -> bool:
    """True if no known folder and no folder above one was moved or deleted."""
    if {Place.INBOX, Place.SENT} - {f.place for f in seen.folders}:
        return False
    parents = {child: facts.parent_id for child, facts in seen.facts.items() if facts}
    return all(
        parents.get(child) == parent
        for f in seen.folders
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
        candidate = FolderCandidate(Place.ROOT, new[0])
        _adopt_folder(context, box, candidate, is_replacement=False)


def _parent_ids(context: Context, user_id: str, folder_id: str) -> tuple[str, ...]:
    """Ids of the folders above a folder, its parent first; empty if it is gone."""
    parent = context.graph.fetch_parent_ids(user_id, [folder_id]).get(folder_id)
    if not parent:
        return ()
    (chain,) = _parent_chains(context, user_id, [Folder(folder_id, "", parent, 0)])
    return chain


def _parent_chains(
    context: Context, user_id: str, folders: Sequence[Folder]
) -> list[tuple[str, ...]]:
    """Ids of the folders above each folder, its parent first. One request for each level."""
    parents: dict[str, str | None] = {}
    unknown = {folder.parent_id for folder in folders if folder.parent_id}
    for _ in range(_DEEPEST):
        if not unknown:
            break
        parents |= context.graph.fetch_parent_ids(user_id, sorted(unknown))
        unknown = {parent for parent in parents.values() if parent} - parents.keys()
    return [tuple(_walk_up(folder.parent_id, parents)) for folder in folders]


def _walk_up(folder_id: str | None, parents: Mapping[str, str | None]) -> Iterator[str]:
    seen: set[str] = set()
    while folder_id and folder_id not in seen:
        yield folder_id
        seen.add(folder_id)
        folder_id = parents.get(folder_id)


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
    (saved,) = create_missing(context, box.user_id, [found])
    with context.begin() as tx:
        record_folder(tx, box.id, saved, is_replacement=is_replacement)


def record_folder(tx: Tx, mailbox_id: int, saved: SavedFolder, *, is_replacement: bool) -> None:
    """Record a sync folder, which is read at once. Idempotent but for its event."""
    mailboxes.add_folder(
        tx,
        mailbox_id,
        graph_id=saved.folder.graph_id,
        place=saved.place,
        parents=saved.parents,
    )
    kind = EventKind.FOLDER_MADE if saved.is_new else EventKind.FOLDER_FOUND
    tx.record_event(kind, mailbox_id=mailbox_id, place=saved.place.value, anew=is_replacement)
    tx.defer(Job.DISCOVER, mailbox_id)
