"""One batch of filings: `prepare` reads it from our tables, `run` makes its calls to webCRM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.engine.filing import activity_updates, outcome, submit, verify
from webcrm_sync.engine.filing.attachment_source import Source
from webcrm_sync.engine.filing.compose import Draft, drafts_of
from webcrm_sync.engine.filing.document_batches import AttachmentGroup, group_filings
from webcrm_sync.engine.filing.documents import WriteTurn, add_documents
from webcrm_sync.engine.filing.submit import BatchResult, ClaimedBatch
from webcrm_sync.engine.matching import preexisting
from webcrm_sync.store import documents, filings
from webcrm_sync.store.activity_updates import has_due_updates
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import lookup

#: Filings in one batch: as many as one request to webCRM carries.
BATCH_SIZE = 50
#: Filed mails among which the next attachments are chosen.
_ATTACH_AMONG = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """What one round of calls to webCRM does.

    `claimed`: its intents are committed, so the caller sends it or releases it. `suspects`:
    drafts that are sent in small groups. `unclear`: filings whose Activity is searched for.
    `to_attach`: filed mails with attachments to write. `filing_ids`: the filings of all these but
    `to_attach`. `has_updates`: people changed something about filed mails.
    `resolved_count`: mails of the past that were resolved while the batch was prepared.
    `is_webcrm_wanted`: another job waits to call webCRM.
    """

    claimed: ClaimedBatch
    suspects: Sequence[Draft]
    unclear: Sequence[int]
    filing_ids: frozenset[int]
    to_attach: Sequence[AttachmentGroup]
    has_updates: bool = False
    resolved_count: int = 0
    is_webcrm_wanted: bool = False

    @property
    def is_empty(self) -> bool:
        """True when nothing is due apart from attachments."""
        return not (self.filing_ids or self.has_updates or self.resolved_count)


def prepare(context: Context, source: Source, exclude: Iterable[int] = ()) -> Batch:
    """The next batch, newest mails first, without the filings in `exclude`. Commits its intents.

    Mails of the past are resolved first, so that their filings can be in the batch.
    """
    resolved_count = preexisting.resolve_preexisting(context, limit=BATCH_SIZE)
    busy = list(exclude)
    with context.begin() as tx:
        due = filings.due(tx, limit=BATCH_SIZE, is_filed=False, exclude=busy)
        filed = filings.due(tx, limit=_ATTACH_AMONG, is_filed=True, exclude=busy)
        has_updates = has_due_updates(tx)
        is_webcrm_wanted = tx.has_waiting_webcrm_job()
    return replace(
        batch_of(context, source, due, filed),
        has_updates=has_updates,
        resolved_count=resolved_count,
        is_webcrm_wanted=is_webcrm_wanted,
    )


def batch_of(
    context: Context,
    source: Source,
    due: Sequence[Filing],
    filed: Sequence[Filing],
) -> Batch:
    """A batch of exactly these filings. Commits the intents of those that can be sent."""
    outcome.drop_taken_away(context, [f for f in due if f.is_fresh and f.is_withdrawn])
    fresh = [f for f in due if f.is_fresh and not f.is_withdrawn]
    composed = isolate.run_batch(context, "draft", fresh, partial(_drafts, context, source), _mail)
    drafts = [draft for some in composed for draft in some]
    return Batch(
        claimed=submit.claim(context, [d for d in drafts if not submit.is_suspect(d)]),
        suspects=[d for d in drafts if submit.is_suspect(d)],
        unclear=[f.id for f in due if f.is_unclear],
        filing_ids=frozenset(f.id for f in due),
        to_attach=_group(context, filed),
    )


def _group(context: Context, filed: Sequence[Filing]) -> list[AttachmentGroup]:
    if not filed:
        return []
    with context.begin() as tx:
        planned = documents.of_filings(tx, [f.id for f in filed])
        holders = lookup.addresses_holding(tx, [f.email_id for f in filed])
    mailboxes = {email_id: next(iter(found), "") for email_id, found in holders.items()}
    return group_filings(filed, planned, mailboxes, max_bytes=context.webcrm.request_bytes)


def _mail(filing: Filing) -> Hold:
    return incidents.hold_mail(filing.email_id)


def _drafts(context: Context, source: Source, fresh: Sequence[Filing]) -> Sequence[Draft]:
    drafts = drafts_of(context, source, fresh)
    if context.careful is not None:
        # A worker died with this job. Serialize each draft alone: in a batch of 50 nobody could
        # say which one ends the process.
        context.webcrm.check_activities([d.activity for d in drafts])
    return drafts


def run(context: Context, source: Source, batch: Batch) -> BatchResult:
    """Make the batch's calls to webCRM; the caller records the returned answers.

    Raises Unclear, TryLater or Refused when webCRM is in trouble; no filing is lost.
    """
    try:
        if batch.has_updates:
            activity_updates.push_updates(context, source, limit=BATCH_SIZE)
        if batch.unclear:
            _verify(context, batch.unclear)
    except BaseException:
        submit.release(context, batch.claimed)
        raise
    result = submit.send(context, batch.claimed)
    if not batch.suspects:
        return result
    submit.record(context, result)
    submit.send_suspects(context, batch.suspects)
    return BatchResult(batch.claimed.lease)


def _verify(context: Context, filing_ids: Sequence[int]) -> None:
    with context.begin() as tx:
        unclear = [f for f in filings.still_open(tx, filing_ids) if f.is_unclear]
    verify.verify_unclear(context, unclear)


def attach(context: Context, source: Source, turn: WriteTurn, filing_ids: Sequence[int]) -> None:
    """Write the next attachments of these filings, which are read again: people may have acted.

    Raises Unclear or TryLater when webCRM is in trouble.
    """
    with context.begin() as tx:
        filed = [f for f in filings.still_open(tx, filing_ids) if f.activity_id is not None]
    isolate.run_batch(context, "attach", filed, partial(_attach, context, source, turn), _mail)


def _attach(context: Context, source: Source, turn: WriteTurn, filed: Sequence[Filing]) -> None:
    with context.begin() as tx:
        pairs = filings.with_emails(tx, filed)
    add_documents(context, source, turn, pairs)
