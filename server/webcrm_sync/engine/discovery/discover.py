"""discover(mailbox): read the delta of each sync folder that was hinted at or is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from webcrm_sync.core.errors import CursorExpired, Gone, Refused, SyncError
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.outlook import Change, Page
from webcrm_sync.core.paging_guard import PagingGuard
from webcrm_sync.engine.backoff import back_off_mailbox
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery import page_writer
from webcrm_sync.engine.discovery.page_reader import read_page_context
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.graph.transport import BOUNDS
from webcrm_sync.graph.wire import SELECTION
from webcrm_sync.store import mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import lookup
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

#: Graph's own advice for pages with bodies (reference: message delta, odata.maxpagesize).
PAGE_SIZE = 50
#: So many lines in one reading are a flood: more will come in a moment.
_FLOOD = 10
#: A folder that Graph does not find is asked for again this much later, if it is still known.
_GONE_RETRY = timedelta(seconds=30)
#: So often one reading begins again when Graph gives up the cursor of a moment ago.
_STARTS = 3
#: While push is in doubt, folders are looked at this often.
_DOUBTED_POLL = timedelta(seconds=60)


def discover(context: Context, mailbox_id: int) -> None:
    """Take up everything new in the mailbox's sync folders. Idempotent."""
    with context.begin() as tx:
        box = mailboxes.read_mailbox(tx, mailbox_id)
        if box is None or box.shut_until(tx.now):
            return
        due = [f for f in mailboxes.folders(tx, box.id) if _is_due(f, tx.now)]
        mailboxes.begin_reading(tx, due)
    try:
        _read_folders(context, box, due)
    except SyncError as error:
        back_off_mailbox(context, box, error, made_progress=_has_moved(context, box, due))
        return
    if box.attempts:
        with context.begin() as tx:
            mailboxes.resume(tx, box.id)


def _read_folders(context: Context, box: Mailbox, due: Sequence[SyncFolder]) -> None:
    """Read each of these folders. What is unforeseen in one is raised after the others."""
    with isolate.DeferredErrors() as folders:
        for folder in due:
            with folders.defer():
                if begun := _with_this_selection(context, folder):
                    _read_folder(context, box, begun)


def _has_moved(context: Context, box: Mailbox, seen: Sequence[SyncFolder]) -> bool:
    """True when one of these folders has been read further since."""
    with context.begin() as tx:
        now = {f.id: f.cursor for f in mailboxes.folders(tx, box.id)}
    return any(f.id in now and now[f.id] != f.cursor for f in seen)


def _is_due(folder: SyncFolder, now: datetime) -> bool:
    is_polled = folder.poll_due_at is not None and folder.poll_due_at <= now
    return is_polled or folder.hinted_at is not None


def _read_folder(context: Context, box: Mailbox, folder: SyncFolder) -> None:
    """Read the folder's delta to its end, committing each page with the cursor behind it."""
    hinted = folder
    is_news = False
    lines = 0
    guard, starts = (
        PagingGuard("Graph", max_pages=BOUNDS.pages),
        PagingGuard("Graph", max_pages=_STARTS),
    )
    guard.check(folder.cursor or "")
    while True:
        try:
            page = context.graph.page(box.user_id, folder.graph_id, folder.cursor, size=PAGE_SIZE)
        except (CursorExpired, Refused, Gone) as error:
            is_of_no_use = isinstance(error, CursorExpired) or folder.round == hinted.round
            if folder.cursor is None or not is_of_no_use:
                if not isinstance(error, Gone):
                    raise
                _look_for_folders(context, box, hinted)
                return
            anew = _start_anew(context, folder, box_with_news=box)
            if anew is None:
                return
            folder = anew
            starts.check(str(folder.round))
            continue
        facts = read_page_context(context, box, folder, page.changes)
        if not page_writer.write_page(context, box, folder, page, facts):
            return  # another run has read on from here
        is_news = is_news or bool(facts.arrivals)
        lines += len(page.changes)
        folder = replace(folder, cursor=page.cursor)
        if page.is_last:
            break
        guard.check(page.cursor)
    put_by = partial(
        _schedule_next_read, context, hinted, is_news=is_news, is_flooded=lines >= _FLOOD
    )
    _finish(context, box, folder, put_by)


def _with_this_selection(context: Context, folder: SyncFolder) -> SyncFolder | None:
    """The folder with a cursor that brings all of a Message, None when another run has moved it.

    A cursor of an earlier version goes on with what that version asked for. The fresh reading
    writes nothing outside: each copy that it meets is known, in the version we know.
    """
    if not folder.cursor:
        return replace(folder, selection=SELECTION)
    return folder if folder.selection >= SELECTION else _start_anew(context, folder)


def _start_anew(
    context: Context, folder: SyncFolder, box_with_news: Mailbox | None = None
) -> SyncFolder | None:
    """Give up a cursor: the folder will be read from its start. None when it is not ours.

    `box_with_news`: the mailbox in whose story that is worth a line.
    """
    anew = replace(folder, cursor=None, round=folder.round + 1, selection=SELECTION)
    with context.begin() as tx:
        mailboxes.lock(tx, mailbox_ids=[folder.mailbox_id])
        if not mailboxes.advance_cursor(tx, folder, None, round=anew.round):
            return None
        if box_with_news is not None:
            tx.record_event(
                EventKind.FOLDER_READ_ANEW, mailbox_id=box_with_news.id, place=folder.place.value
            )
    return anew


def _look_for_folders(context: Context, box: Mailbox, gone: SyncFolder) -> None:
    """The folder is gone: let `keep` find or make another one, now.

    Should it stand there all the same, it is read again a little later, not every second.
    """
    with context.begin() as tx:
        mailboxes.keep_now(tx, [box.id])
        again = tx.now + _GONE_RETRY
        mailboxes.finish_read(tx, gone, poll_due_at=again, is_flooded=False)


def _finish(
    context: Context, box: Mailbox, folder: SyncFolder, put_by: Callable[[Tx], None]
) -> None:
    """The end of a reading: look for what it should have met, then put the folder by."""
    with context.begin() as tx:
        unseen = lookup.unseen_items(tx, folder.id, folder.round)
        if not unseen:
            put_by(tx)
            return
    recheck_copies(context, box, folder, unseen)
    with context.begin() as tx:
        put_by(tx)


def recheck_copies(
    context: Context, box: Mailbox, folder: SyncFolder, graph_ids: Sequence[str]
) -> bool:
    """Follow these copies to where they lie now, whatever delta told of them. Idempotent.

    False (and nothing changed) when another run has moved the folder's cursor.
    """
    changes = tuple(Change(graph_id, is_removed=True) for graph_id in graph_ids)
    facts = read_page_context(context, box, folder, changes)
    return page_writer.write_page(
        context, box, folder, Page(changes, folder.cursor or "", True), facts
    )


def _schedule_next_read(
    context: Context, hinted: SyncFolder, tx: Tx, *, is_news: bool, is_flooded: bool
) -> None:
    """Clear the hint that the folder was read for, and say when to look again."""
    doubted_at = _doubted_at(hinted, tx.now, is_news=is_news)
    every = context.settings.poll_interval(is_pushed=hinted.subscription_id is not None)
    again = tx.now + (min(_DOUBTED_POLL, every) if doubted_at else every)
    facts = {"is_known": True, "push_doubted_at": doubted_at}
    mailboxes.finish_read(tx, hinted, poll_due_at=again, is_flooded=is_flooded, **facts)


def _doubted_at(hinted: SyncFolder, now: datetime, *, is_news: bool) -> datetime | None:
    """Since when push is doubted: a poll found what push had not announced."""
    if hinted.subscription_id is None or hinted.hinted_at is not None:
        return None
    return now if is_news else hinted.push_doubted_at
