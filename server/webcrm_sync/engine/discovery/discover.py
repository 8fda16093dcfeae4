"""discover(mailbox): finds new, changed and removed copies in the sync folders of a mailbox.

It reads the first page of the delta of each folder that a notification announced or whose poll is
due: `page_reader` collects what the page does not say, `page_writer` commits it. The job `read on`
reads the further pages. Meanwhile `discover` reads copies that notifications announce by their
ids, so that a mail that a person moved just now does not wait for further pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from webcrm_sync.core.errors import CursorExpired, Gone, Refused, SyncError
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.outlook import Change, Page
from webcrm_sync.core.paging_guard import PagingGuard
from webcrm_sync.engine.backoff import back_off_mailbox
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery.page_reader import guard_entry, read_page_facts
from webcrm_sync.engine.discovery.page_writer import write_announced, write_page
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.engine.fault_isolation.page_marker import PageMarker, page_marker
from webcrm_sync.graph.transport import BOUNDS
from webcrm_sync.graph.wire import SELECTION
from webcrm_sync.store import folder_reads, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import lookup
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

#: Graph's own advice for pages with bodies (reference: message delta, odata.maxpagesize).
PAGE_SIZE = 50
#: From this number of changes in one reading the folder counts as busy: more will come at once.
_MANY_CHANGES = 10
#: Delay before a folder that Graph does not find is read again, if it is still known then.
_GONE_RETRY = timedelta(seconds=30)
#: Restarts of one reading when Graph rejects even new cursors.
_MAX_RESTARTS = 3
#: Poll interval while push is in doubt.
_DOUBTED_POLL = timedelta(seconds=60)


def discover(context: Context, mailbox_id: int) -> None:
    """Record what is new in the mailbox's sync folders that are due, up to a page each. Idempotent.

    A SyncError backs the mailbox off; another error of one folder is raised after the others.
    """
    with context.begin() as tx:
        box = mailboxes.read_mailbox(tx, mailbox_id)
        if box is None or box.pause_end(tx.now):
            return
        announced = folder_reads.take_announced(tx, box.id)
        folders = mailboxes.folders(tx, box.id)
        due = [f for f in folders if (f.id in announced if f.has_more else _is_due(f, tx.now))]
        folder_reads.begin_reading(tx, [f for f in due if not f.has_more])
    _read_folders(context, box, due, partial(_discover_folder, announced))


def read_on(context: Context, mailbox_id: int) -> None:
    """Record the further pages of the mailbox's sync folders. Idempotent. Errors as `discover`."""
    with context.begin() as tx:
        box = mailboxes.read_mailbox(tx, mailbox_id)
        if box is None or box.pause_end(tx.now):
            return
        due = [f for f in mailboxes.folders(tx, box.id) if f.has_more]
    _read_folders(context, box, due, _read_folder_on)


def recheck_copies(
    context: Context, box: Mailbox, folder: SyncFolder, graph_ids: Sequence[str]
) -> bool:
    """Record where these copies are now, whether or not the delta reported them. Idempotent.

    Returns False, and writes nothing, if another run has moved the folder's cursor.
    """
    changes = tuple(Change(graph_id, is_removed=True) for graph_id in graph_ids)
    facts = read_page_facts(context, box, folder, changes)
    page = Page(changes, folder.cursor or "", is_last=not folder.has_more)
    return write_page(context, box, folder, page, facts)


def _is_due(folder: SyncFolder, now: datetime) -> bool:
    is_poll_due = folder.poll_due_at is not None and folder.poll_due_at <= now
    return is_poll_due or folder.read_requested_at is not None


def _read_folders(
    context: Context,
    box: Mailbox,
    due: Sequence[SyncFolder],
    read: Callable[[Context, Mailbox, SyncFolder], None],
) -> None:
    try:
        with isolate.DeferredErrors() as errors:
            for folder in due:
                with errors.defer():
                    if current := _ensure_current_selection(context, folder):
                        read(context, box, current)
    except SyncError as error:
        back_off_mailbox(context, box, error, made_progress=_has_advanced(context, box, due))
        return
    if box.attempts:
        with context.begin() as tx:
            mailboxes.resume(tx, box.id)


def _discover_folder(
    announced: Mapping[int, Sequence[str]], context: Context, box: Mailbox, folder: SyncFolder
) -> None:
    graph_ids = announced.get(folder.id, ())
    if folder.has_more:
        _read_announced(context, box, folder, graph_ids)
    else:
        _read_folder(context, box, folder, _Reading(folder, announced=graph_ids))


def _read_folder_on(context: Context, box: Mailbox, folder: SyncFolder) -> None:
    # A request since the first page began stays open: Graph may list later changes or not.
    begun = replace(folder, read_requested_at=folder.read_begun_for)
    _read_folder(context, box, folder, _Reading(begun))


def _read_announced(
    context: Context, box: Mailbox, folder: SyncFolder, graph_ids: Sequence[str]
) -> None:
    """Record these copies ahead of the page that lists them, without moving the cursor.

    In careful mode the page has a crash marker for each, and this call would not.
    """
    if not graph_ids or context.careful:
        return
    try:
        messages = context.graph.fetch_messages(box.user_id, graph_ids)
    except (Gone, Refused):
        return  # the delta lists them too
    changes = tuple(
        Change(m.graph_id, change_key=m.change_key, categories=m.categories, message=m)
        for m in messages
        if m.folder_id == folder.graph_id
    )
    facts = read_page_facts(context, box, folder, changes)
    write_announced(context, box, folder, changes, facts)


def _has_advanced(context: Context, box: Mailbox, before: Sequence[SyncFolder]) -> bool:
    """True if the cursor of one of these folders has moved since."""
    with context.begin() as tx:
        cursors = {f.id: f.cursor for f in mailboxes.folders(tx, box.id)}
    return any(f.id in cursors and cursors[f.id] != f.cursor for f in before)


def _ensure_current_selection(context: Context, folder: SyncFolder) -> SyncFolder | None:
    """The folder with a cursor that returns all properties; None if another run has moved it.

    The cursor of an earlier version keeps returning what that version selected, so it is given up.
    The full reading that follows writes nothing to Outlook: it finds every copy in a known version.
    """
    if not folder.cursor:
        return replace(folder, selection=SELECTION)
    return folder if folder.selection >= SELECTION else _reset_cursor(context, folder)


@dataclass(slots=True)
class _Reading:
    """One reading of a folder's delta, and what it has found so far."""

    #: as the folder was when the reading began: its hint is cleared at the end
    begun: SyncFolder
    #: the copies to read ahead of further pages, which are left to `read_on`; None = read all pages
    announced: Sequence[str] | None = None
    has_new_copies: bool = False
    changes: int = 0
    cursors: PagingGuard = field(
        default_factory=lambda: PagingGuard("Graph", max_pages=BOUNDS.pages)
    )
    restarts: PagingGuard = field(
        default_factory=lambda: PagingGuard("Graph", max_pages=_MAX_RESTARTS)
    )


def _read_folder(context: Context, box: Mailbox, folder: SyncFolder, reading: _Reading) -> None:
    """Read the folder's delta page by page and commit each page with the cursor behind it."""
    reading.cursors.check(folder.cursor or "")
    is_last = False
    while not is_last:
        with page_marker(context, folder.id) as marker:
            recorded = _record_changes(context, box, folder, reading, marker)
        if recorded is None:
            return
        folder, changes = recorded
        is_last = not folder.has_more
        if not is_last:
            if reading.announced is not None:
                _hand_over(context, box)
                listed = {change.graph_id for change in changes}
                unlisted = [i for i in reading.announced if i not in listed]
                _read_announced(context, box, folder, unlisted)
                return
            reading.cursors.check(folder.cursor or "")
    _finish_reading(context, box, folder, reading)


def _record_changes(
    context: Context, box: Mailbox, folder: SyncFolder, reading: _Reading, marker: PageMarker
) -> tuple[SyncFolder, Sequence[Change]] | None:
    """Commit the next page, or as many pages of one change each.

    Returns the folder behind them, and the changes; None if this reading must end.
    """
    size = 1 if marker.is_one_by_one else PAGE_SIZE
    changes: list[Change] = []
    for _ in range(PAGE_SIZE // size):
        recorded = _record_next_page(context, box, folder, reading, size)
        if recorded is None:
            return None
        folder, page = recorded
        changes += page.changes
        marker.note_progress()
        if page.is_last:
            break
    return folder, changes


def _record_next_page(
    context: Context, box: Mailbox, folder: SyncFolder, reading: _Reading, size: int
) -> tuple[SyncFolder, Page] | None:
    """Commit the next page: the folder behind it, and the page. None if this reading must end."""
    try:
        page = context.graph.fetch_page(
            *(box.user_id, folder.graph_id, folder.cursor),
            size=size,
            guard=guard_entry(context, box),
        )
    except (CursorExpired, Refused, Gone) as error:
        restarted = _restart(context, box, folder, reading, error)
        if restarted is None:
            return None
        return _record_next_page(context, box, restarted, reading, size)
    facts = read_page_facts(context, box, folder, page.changes)
    if not write_page(context, box, folder, page, facts):
        return None  # another run reads on from here
    reading.has_new_copies |= bool(facts.arrivals)
    reading.changes += len(page.changes)
    return replace(folder, cursor=page.cursor, has_more=not page.is_last), page


def _hand_over(context: Context, box: Mailbox) -> None:
    """Have the further pages read now. The tick finds them too, by `has_more`."""
    with context.begin() as tx:
        tx.defer(Job.READ_ON, box.id)


def _restart(
    context: Context, box: Mailbox, folder: SyncFolder, reading: _Reading, error: SyncError
) -> SyncFolder | None:
    """The folder with its cursor reset after Graph rejected it; None if this reading must end.

    Raises `error` when a reset cannot help.
    """
    is_first = folder.round == reading.begun.round
    can_reset = folder.cursor is not None and (isinstance(error, CursorExpired) or is_first)
    if can_reset:
        restarted = _reset_cursor(context, folder, box_with_event=box)
        if restarted is not None:
            reading.restarts.check(str(restarted.round))
        return restarted
    if not isinstance(error, Gone):
        raise error
    _search_folder(context, box, reading.begun)
    return None


def _reset_cursor(
    context: Context, folder: SyncFolder, box_with_event: Mailbox | None = None
) -> SyncFolder | None:
    """The folder, to be read from its start; None if another run has moved its cursor.

    `box_with_event`: the mailbox whose history shows the reset, None for none.
    """
    restarted = replace(folder, cursor=None, round=folder.round + 1, selection=SELECTION)
    with context.begin() as tx:
        mailboxes.lock(tx, mailbox_ids=[folder.mailbox_id])
        if not folder_reads.advance_cursor(tx, folder, None, round=restarted.round):
            return None
        if box_with_event is not None:
            place = folder.place.value
            tx.record_event(EventKind.FOLDER_READ_ANEW, mailbox_id=box_with_event.id, place=place)
    return restarted


def _search_folder(context: Context, box: Mailbox, missing: SyncFolder) -> None:
    """Have `maintain` find or make the folder now; read it again later if it exists after all."""
    with context.begin() as tx:
        mailboxes.maintain_now(tx, [box.id])
        folder_reads.finish_read(tx, missing, poll_due_at=tx.now + _GONE_RETRY, is_busy=False)


def _finish_reading(context: Context, box: Mailbox, folder: SyncFolder, reading: _Reading) -> None:
    """Recheck the copies that a full reading did not list, then schedule the next reading."""
    with context.begin() as tx:
        unseen = lookup.unseen_items(tx, folder.id, folder.round)
        if not unseen:
            _schedule_next_read(context, tx, reading)
            return
    recheck_copies(context, box, folder, unseen)
    with context.begin() as tx:
        _schedule_next_read(context, tx, reading)


def _schedule_next_read(context: Context, tx: Tx, reading: _Reading) -> None:
    """Clear the hint that this reading answered, and set the time of the next poll."""
    folder = reading.begun
    doubted_at = _push_doubted_at(folder, tx.now, has_new_copies=reading.has_new_copies)
    interval = context.settings.poll_interval(is_pushed=folder.subscription_id is not None)
    next_poll = tx.now + (min(_DOUBTED_POLL, interval) if doubted_at else interval)
    is_busy = reading.changes >= _MANY_CHANGES
    facts = {"is_known": True, "push_doubted_at": doubted_at}
    folder_reads.finish_read(tx, folder, poll_due_at=next_poll, is_busy=is_busy, **facts)


def _push_doubted_at(folder: SyncFolder, now: datetime, *, has_new_copies: bool) -> datetime | None:
    """Since when push is in doubt: a poll found new copies that no notification announced."""
    if folder.subscription_id is None or folder.read_requested_at is not None:
        return None
    return now if has_new_copies else folder.push_doubted_at
