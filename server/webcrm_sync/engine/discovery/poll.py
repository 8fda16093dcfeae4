"""poll(company): asks for many folders of many mailboxes at once whether anything changed.

At rest nothing did. A folder with news, without an answer, with the cursor of an earlier version or
after a full reading that was broken off is left to `discover`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.outlook import Page
from webcrm_sync.engine.context import Context
from webcrm_sync.graph.batch import MAX_REQUESTS
from webcrm_sync.graph.wire import SELECTION
from webcrm_sync.store import folder_reads, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import lookup
from webcrm_sync.store.mailboxes import SyncFolder

#: A folder with more changes is left to `discover`.
_PAGE_SIZE = 20


def poll(context: Context) -> None:
    """Poll every pushed folder that is due or nearly due. Idempotent."""
    # Folders that are polled early are due together from then on, and fill their batches.
    ahead = context.settings.poll_interval(is_pushed=True) / 4
    while due := _read_due(context, ahead):
        _poll_folders(context, due)


def _read_due(context: Context, ahead: timedelta) -> Sequence[SyncFolder]:
    with context.begin() as tx:
        return folder_reads.due_polls(tx, by=tx.now + ahead, limit=MAX_REQUESTS)


def _poll_folders(context: Context, due: Sequence[SyncFolder]) -> None:
    with context.begin() as tx:
        unfinished = folder_reads.unfinished(tx, [folder.id for folder in due])
    ready = [f for f in due if f.selection >= SELECTION and f.id not in unfinished]
    pages = _fetch_pages(context, ready)
    context.transact(lambda tx: _record(context, tx, due, pages))


def _fetch_pages(context: Context, ready: Sequence[SyncFolder]) -> Mapping[int, Page]:
    """The page behind the cursor of each folder that Graph answered for, by folder id."""
    try:
        pages = context.graph.fetch_next_pages([f.cursor or "" for f in ready], size=_PAGE_SIZE)
    except SyncError:  # `discover` finds out which mailbox is in trouble
        return {}
    return {folder.id: page for folder, page in zip(ready, pages, strict=True) if page}


def _record(context: Context, tx: Tx, due: Sequence[SyncFolder], pages: Mapping[int, Page]) -> None:
    next_poll = tx.now + context.settings.poll_interval(is_pushed=True)
    mailboxes.lock(tx, folder_ids=[folder.id for folder in due])
    quiet = _quiet_pages(tx, due, pages)
    for folder in due:
        page = quiet.get(folder.id)
        if page is None:
            folder_reads.leave_to_discover(tx, folder)
            tx.defer(Job.DISCOVER, folder.mailbox_id)
        elif folder_reads.advance_cursor(tx, folder, page.cursor):
            folder_reads.finish_read(tx, folder, poll_due_at=next_poll, is_busy=False)


def _quiet_pages(tx: Tx, due: Sequence[SyncFolder], pages: Mapping[int, Page]) -> dict[int, Page]:
    """The pages that hold nothing but versions which we wrote, by folder id."""
    answered = [(folder, pages[folder.id]) for folder in due if folder.id in pages]
    versions = {
        (folder.mailbox_id, change.graph_id, change.change_key or "")
        for folder, page in answered
        for change in page.changes
    }
    recorded = lookup.known_versions(tx, versions).recorded
    return {
        folder.id: page
        for folder, page in answered
        if page.is_last
        and all(
            not c.is_removed
            and c.fault is None
            and (folder.mailbox_id, c.graph_id, c.change_key or "") in recorded
            for c in page.changes
        )
    }
