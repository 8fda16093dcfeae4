"""file(company): matched mails become Activities in webCRM, their attachments Documents."""

from __future__ import annotations

from webcrm_sync.core.errors import Refused, TryLater, Unclear
from webcrm_sync.core.jobs import Job
from webcrm_sync.engine.backoff import back_off_webcrm, resume_webcrm
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents
from webcrm_sync.engine.filing.one_by_one import file_one_by_one
from webcrm_sync.engine.filing.pipeline import FilingPipeline
from webcrm_sync.store import companies, recovery


def file(context: Context) -> None:
    """Send what is due for webCRM, newest mails first. Idempotent.

    When webCRM is in trouble, all calls to it pause for a while and nothing is lost.
    """
    with context.begin() as tx:
        company = companies.read_company(tx)
        # The directory says whose mails they are. Recovery still reads what webCRM holds.
        is_early = company.directory_full_at is None or recovery.begun_at(tx)
        if is_early or company.is_webcrm_paused(tx.now):
            return
    writes_before = context.webcrm.answered_writes
    try:
        has_more = _work(context, is_recovering=company.webcrm_attempts > 0)
    except (TryLater, Unclear, Refused) as error:
        # Only writes count as progress: webCRM may answer every search and take nothing.
        has_written = context.webcrm.answered_writes > writes_before
        back_off_webcrm(context, error, made_progress=has_written)
        return
    if company.webcrm_attempts:
        resume_webcrm(context)
    if has_more:
        with context.begin() as tx:
            tx.defer(Job.FILE, context.company_id)


def _work(context: Context, *, is_recovering: bool) -> bool:
    """True when more is due. Raises as `FilingPipeline.work`."""
    try:
        with FilingPipeline(context) as pipeline:
            return pipeline.work(is_recovering=is_recovering)
    except Exception as error:
        if incidents.is_trouble(error):
            raise
        file_one_by_one(context, error)
        return True
