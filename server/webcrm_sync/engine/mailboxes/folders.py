"""Where the sync folders of a mailbox are: found by id first, by name second, made last."""

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
#: What lies below this is no longer in use; a folder deleted for good answers 404.
_BIN = "deleteditems"
_DEEPEST = 30


@dataclass(frozen=True, slots=True)
class Found:
    """A folder of our name as it stands in the mailbox; `folder` None = it is to be made."""

    place: Place
    parent_id: str
    folder: Folder | None


def find_candidates(context: Context, user_id: str) -> Sequence[Found]:
    """The folders of our name under Inbox and Sent Items, and one at the root if it is there."""
    found = []
    for place, parent in _PARENTS.items():
        home = context.graph.folder(user_id, parent)
        named = context.graph.children(user_id, home.graph_id, context.settings.folder_name)
        if named or place is not Place.ROOT:
            found.append(Found(place, home.graph_id, named[0] if named else None))
    return found


def ensure_sync_folders(context: Context, box: Mailbox) -> None:
    """See that the mailbox's sync folders are in place; make those anew that are gone.

    A folder that was renamed or moved stays ours, and so does one of which that cannot be said.
    What is unforeseen about one folder is raised after the others. Idempotent.
    """
    with context.begin() as tx:
        known = mailboxes.folders(tx, box.id)
    if known and _stand_as_known(context, box, known):
        _take_in_root(context, box, known)
        return
    bin_id = context.graph.folder(box.user_id, _BIN).graph_id
    lost = set()
    with isolate.DeferredErrors() as folders:
        for folder in known:
            with folders.defer():
                if not _is_standing(context, box, folder, bin_id):
                    lost.add(folder.place)
        for found in find_candidates(context, box.user_id):
            with folders.defer():
                if found.place in lost or all(f.place is not found.place for f in known):
                    _adopt_folder(context, box, found, is_anew=bool(known))


def _is_standing(context: Context, box: Mailbox, folder: SyncFolder, bin_id: str) -> bool:
    """True for a folder that is in use; where it is now is noted. One that is not is let go."""
    chain = _chain(context, box.user_id, folder.graph_id)
    if chain is None or bin_id in chain:
        _forget_folder(context, box, folder)
        return False
    with context.begin() as tx:
        mailboxes.set_folder(tx, folder.id, parents=chain)
    return True


def _stand_as_known(context: Context, box: Mailbox, known: Sequence[SyncFolder]) -> bool:
    """True when no known folder, and nothing above it, was moved or deleted. One round trip."""
    if {Place.INBOX, Place.SENT} - {f.place for f in known}:
        return False
    ids = {i for f in known for i in (f.graph_id, *f.parents[:-1])}
    parents = context.graph.parents(box.user_id, sorted(ids))
    return all(
        parents.get(child) == parent
        for f in known
        for child, parent in zip((f.graph_id, *f.parents), f.parents, strict=False)
    )


def _take_in_root(context: Context, box: Mailbox, known: Sequence[SyncFolder]) -> None:
    """A folder of our name that the owner made at the mailbox's root counts too."""
    if any(f.place is Place.ROOT for f in known):
        return
    root = _PARENTS[Place.ROOT]
    named = context.graph.children(box.user_id, root, context.settings.folder_name)
    fresh = [f for f in named if f.graph_id not in {k.graph_id for k in known}]
    if fresh:
        _adopt_folder(context, box, Found(Place.ROOT, fresh[0].parent_id, fresh[0]), is_anew=False)


def _chain(context: Context, user_id: str, folder_id: str) -> list[str] | None:
    """The ids above a folder, its parent first, the root last; None when it is gone."""
    chain: list[str] = []
    child = folder_id
    for _ in range(_DEEPEST):
        parent = context.graph.parents(user_id, [child]).get(child)
        if not parent or parent == child:
            return chain or None
        chain.append(parent)
        child = parent
    return chain


def _forget_folder(context: Context, box: Mailbox, folder: SyncFolder) -> None:
    for subscription_id in folder.subscription_ids:
        context.graph.unsubscribe(subscription_id)
    with context.begin() as tx:
        lock_company(tx)  # a page of the folder may be written down at this moment
        mailboxes.lock(tx, mailbox_ids=[box.id])
        transitions.skip_folder(tx, folder.id)
        mailboxes.drop_folder(tx, folder.id)
        tx.record_event(EventKind.FOLDER_GONE, mailbox_id=box.id, place=folder.place.value)


def _adopt_folder(context: Context, box: Mailbox, found: Found, *, is_anew: bool) -> None:
    name = context.settings.folder_name
    folder = found.folder or context.graph.create_folder(box.user_id, found.parent_id, name)
    chain = _chain(context, box.user_id, folder.graph_id) or []
    with context.begin() as tx:
        mailboxes.add_folder(tx, box.id, graph_id=folder.graph_id, place=found.place, parents=chain)
        kind = EventKind.FOLDER_FOUND if found.folder else EventKind.FOLDER_MADE
        tx.record_event(kind, mailbox_id=box.id, place=found.place.value, anew=is_anew)
        tx.defer(Job.DISCOVER, box.id)
