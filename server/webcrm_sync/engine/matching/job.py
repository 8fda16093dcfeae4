"""match(company): decides under which Organisations each found mail is filed."""

from __future__ import annotations

from webcrm_sync.core.jobs import Job
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.matching.decide import match_batch
from webcrm_sync.store import companies, recovery
from webcrm_sync.store.items import undecided

#: Mails that one run decides, in one transaction.
BATCH = 50


def match(context: Context) -> None:
    """Decide one batch of found mails, newest first. Idempotent. Calls no service.

    Whether a mail of the past was synced before is written in webCRM: the job `file` decides it.
    """
    with context.begin() as tx:
        # The directory says whose mails they are. Recovery still reads what webCRM holds.
        has_directory = companies.read_company(tx).directory_full_at is not None
        if not has_directory or recovery.begun_at(tx):
            return
        email_ids = undecided.due(tx, limit=BATCH, is_past=False)
        if len(email_ids) == BATCH:
            tx.defer(Job.MATCH, tx.company_id)
        if undecided.due(tx, limit=1, is_past=True):
            tx.defer(Job.FILE, tx.company_id)
    match_batch(context, email_ids)
