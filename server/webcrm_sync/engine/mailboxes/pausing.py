"""Pauses and resumes a mailbox for an administrator.

While it is paused, nothing is read, written or subscribed. Cursor, rows and folders stay, so that
everything that happened meanwhile is found afterwards.
"""

from __future__ import annotations

from functools import partial

from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.jobs import Job
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.store import companies, folder_reads, mailboxes, mirrors
from webcrm_sync.store.database import Tx
from webcrm_sync.store.mailboxes import Mailbox


def pause(context: Context, box: Mailbox) -> bool:
    """Pause the mailbox and end its subscriptions. False if it was paused already. Idempotent."""
    was_running = context.transact(lambda tx: mailboxes.pause_by_admin(tx, box.id))
    end_subscriptions(context, box)
    return was_running


def end_subscriptions(context: Context, box: Mailbox) -> None:
    """End the subscriptions of the mailbox's folders. Idempotent.

    One that Graph does not end expires within three days; its notifications change nothing. Those
    of a mailbox on which another installation works are that one's, and only forgotten here.
    """
    with context.begin() as tx:
        known = mailboxes.folders(tx, box.id)
    for folder in known:
        for subscription_id in folder.subscription_ids if not box.elsewhere_since else ():
            _end(context, subscription_id)
        with context.begin() as tx:
            values = {"subscription_id": None, "subscription_expires_at": None}
            mailboxes.set_subscribed_folder(tx, folder, replaced_subscription_id=None, **values)


def _end(context: Context, subscription_id: str) -> None:
    try:
        context.graph.unsubscribe(subscription_id)
    except SyncError:
        return  # it expires


def resume(context: LocalContext, box: Mailbox) -> bool:
    """Resume the mailbox: all its work is due now. False if it was not paused. Idempotent."""
    return context.transact(partial(_resume, box.id))


def _resume(mailbox_id: int, tx: Tx) -> bool:
    mailboxes.lock(tx, mailbox_ids=[mailbox_id])
    box = mailboxes.read_mailbox(tx, mailbox_id)
    if box is None or box.paused_at is None:
        return False
    mailboxes.resume_by_admin(tx, mailbox_id)
    folder_reads.request_read(tx, [folder.id for folder in mailboxes.folders(tx, mailbox_id)])
    # Drafts of mirrors are kept for a month only, so what webCRM sent is listed again.
    mirrors.forget_unmirrored(tx)
    mirrors.wake(tx, mailbox_id)
    companies.rewind_mirror(tx, box.paused_at)
    for job in (Job.MAINTAIN, Job.DISCOVER, Job.MARK):
        tx.defer(job, mailbox_id)
    for job in (Job.FILE, Job.MIRROR):
        tx.defer(job, tx.company_id)
    return True
