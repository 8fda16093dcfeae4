"""housekeeping(company): what must not be kept goes."""

from __future__ import annotations

from datetime import timedelta

from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import companies, due, emails, mirrors

#: No text of a mail is kept longer than this, settled or not.
KEPT = timedelta(days=30)
_EVERY = timedelta(hours=1)


def housekeeping(parts: Parts) -> None:
    """Forget the texts of mails that were taken up long ago. Idempotent."""
    with parts.begin() as tx:
        if companies.take_turn(tx, "housekeeping_due_at", again=_EVERY):
            emails.forget_old_contents(tx, tx.now - KEPT)
            mirrors.forget_old_drafts(tx, tx.now - KEPT)


def tick(parts: Parts) -> None:
    """Enqueue every job that has something to do now. Runs every second on one worker."""
    with parts.begin() as tx:
        due.wake_parked(tx)
        for job in due.jobs(tx):
            tx.defer(job.task, job.subject_id)
