"""housekeeping(company): what must not be kept goes."""

from __future__ import annotations

from datetime import timedelta

from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.engine.fault_isolation.incidents import release_after_upgrade
from webcrm_sync.store import companies, emails, mirrors, schedule
from webcrm_sync.store.items import transitions

#: No text of a mail is kept longer than this, settled or not.
KEPT = timedelta(days=30)
_EVERY = timedelta(hours=1)


def housekeeping(context: Context) -> None:
    """Forget the texts of mails that were taken up long ago. Idempotent.

    What cannot be done about one of them does not stop the others.
    """
    with context.begin() as tx:
        if not companies.claim_due(tx, "housekeeping_due_at", again=_EVERY):
            return
    steps = (_forget_contents, _forget_drafts, release_after_upgrade)
    _, faults = isolate.try_each(context, steps, lambda step: step(context), lambda s: s.__name__)
    for _, fault in faults:
        raise fault


def _forget_contents(context: Context) -> None:
    with context.begin() as tx:
        emails.forget_old_contents(tx, tx.now - KEPT)


def _forget_drafts(context: Context) -> None:
    with context.begin() as tx:
        mirrors.forget_old_drafts(tx, tx.now - KEPT)


def tick(context: Context) -> None:
    """Enqueue every job that has something to do now. Runs every second on one worker."""
    with context.begin() as tx:
        transitions.take_up_due(tx)
        for due in schedule.due_jobs(tx):
            tx.defer(due.job, due.subject_id)
