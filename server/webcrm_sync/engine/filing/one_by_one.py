"""Files each due mail by itself, when a batch fails and no step can say because of which mail."""

from __future__ import annotations

import logging
from functools import partial

from webcrm_sync.core.faults import format_trace
from webcrm_sync.core.jobs import Job
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.filing import batch, submit
from webcrm_sync.engine.filing.attachment_source import Source
from webcrm_sync.engine.filing.documents import WriteTurn
from webcrm_sync.engine.matching import preexisting
from webcrm_sync.store import filings
from webcrm_sync.store.items import undecided

logger = logging.getLogger(__name__)


def file_one_by_one(context: Context, error: Exception) -> None:
    """Take every due mail one step further, each alone; a mail that raises is set aside.

    Raises `error`, which ended the batch, when no mail raises alone: then it is no mail's fault.
    """
    logger.error("batch_failed", extra={"trace": format_trace(error)})
    with context.begin() as tx:
        past = undecided.due(tx, limit=batch.BATCH_SIZE, is_past=True)
        due = filings.due_mails(tx, limit=batch.BATCH_SIZE)
    mails = list(dict.fromkeys([*past, *due]))
    filed = isolate.run_each(
        context, Job.FILE, mails, partial(_file_one, context, Source(context)), incidents.hold_mail
    )
    if len(filed) == len(mails):
        raise error


def _file_one(context: Context, source: Source, email_id: int) -> bool:
    with context.begin() as tx:
        found = undecided.read(tx, [email_id])
    if any(copy.is_past for _, copies in found for copy in copies):
        preexisting.resolve_these(context, [email_id])
    with context.begin() as tx:
        due = filings.due_of(tx, email_id)
    filed = [f for f in due if f.activity_id is not None]
    one = batch.batch_of(context, source, [f for f in due if f not in filed], filed)
    submit.record(context, batch.run(context, source, one))
    for group in one.to_attach:
        batch.attach(context, source, WriteTurn(), group.filing_ids)
    return True
