"""Each mail by itself, where a turn fails and none of its steps says of which mail."""

from __future__ import annotations

import logging
from functools import partial

from webcrm_sync.core.faults import format_trace
from webcrm_sync.core.jobs import Job
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.filing import batch, submit
from webcrm_sync.engine.filing.attachment_source import Source
from webcrm_sync.engine.matching import decide, preexisting
from webcrm_sync.store import filings
from webcrm_sync.store.items import undecided

logger = logging.getLogger(__name__)


def file_each(context: Context, error: Exception) -> None:
    """Take every mail one step further, alone. Raises `error` again where it is no mail's."""
    logger.error("turn_failed", extra={"trace": format_trace(error)})
    with context.begin() as tx:
        found = undecided.due(tx, limit=batch.BULK, is_past=True)
        found = [*found, *undecided.due(tx, limit=batch.BULK, is_past=False)]
        mails = list(dict.fromkeys([*found, *filings.due_mails(tx, limit=batch.BULK)]))
    filed = isolate.run_each(
        context, Job.FILE, mails, partial(_file, context, Source(context)), incidents.hold_mail
    )
    if len(filed) == len(mails):
        raise error


def _file(context: Context, source: Source, email_id: int) -> bool:
    with context.begin() as tx:
        found = undecided.read(tx, [email_id])
    if found:
        is_past = any(copy.is_past for _, copies in found for copy in copies)
        (preexisting.resolve_these if is_past else decide.match_these)(context, [email_id])
    with context.begin() as tx:
        due = filings.due_of(tx, email_id)
    filed = [f for f in due if f.activity_id is not None]
    chosen = batch.about(context, source, [f for f in due if f not in filed], filed)
    submit.record(context, batch.run(context, source, chosen))
    batch.attach(context, source, chosen.to_attach)
    return True
