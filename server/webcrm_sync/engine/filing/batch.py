"""One turn at webCRM's line: what is chosen for it beforehand, and what is done in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.engine.filing import activity_updates, documents, submit, verify
from webcrm_sync.engine.filing.attachment_source import Source
from webcrm_sync.engine.filing.compose import Draft, drafts_of
from webcrm_sync.engine.filing.submit import BatchResult, ClaimedBatch
from webcrm_sync.engine.matching import decide, preexisting
from webcrm_sync.store import filings
from webcrm_sync.store.activity_updates import has_due_updates
from webcrm_sync.store.filings import Filing

#: How many filings one turn takes further: as many as one bulk request carries.
BULK = 50
#: Among so many filings those are chosen whose attachments are written together.
_FILED = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """What one turn does. The intents of `bulk` are committed, so it must be taken or given back.

    `suspects`: drafts that are sent in parts. `unclear`: filings to be looked for. `has_updates`:
    people changed something about mails that stand in webCRM. `decided`: so many mails, of which
    nothing may be left to do. `filing_ids`: all that it is about. `filed`: filings beside it, whose
    attachments may be written. `is_last`: others wait for the line.
    """

    claimed: ClaimedBatch
    suspects: Sequence[Draft]
    unclear: Sequence[int]
    filing_ids: frozenset[int]
    to_attach: Sequence[int]
    has_updates: bool = False
    decided: int = 0
    is_webcrm_wanted: bool = False

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to be done in it."""
        return not (self.filing_ids or self.has_updates or self.decided)


def prepare(context: Context, source: Source, exclude: Iterable[int] = ()) -> Batch:
    """The next turn: the newest mails first, without the filings of others (`besides`).

    Found mails are decided before, so that they can be among them.
    """
    decided = preexisting.resolve_preexisting(context, limit=BULK) + decide.match_batch(
        context, limit=BULK
    )
    busy = list(exclude)
    with context.begin() as tx:
        due = filings.due(tx, limit=BULK, is_filed=False, besides=busy)
        filed = filings.due(tx, limit=_FILED, is_filed=True, besides=busy)
        has_updates = has_due_updates(tx)
        is_webcrm_wanted = tx.is_line_wanted()
    batch = about(context, source, due, filed)
    return replace(
        batch, has_updates=has_updates, decided=decided, is_webcrm_wanted=is_webcrm_wanted
    )


def about(
    context: Context, source: Source, due: Sequence[Filing], filed: Sequence[Filing]
) -> Batch:
    """The turn about these filings; those `filed` have their attachments written beside it."""
    fresh = [f for f in due if f.is_fresh]
    drafted = isolate.run_batch(context, "draft", fresh, partial(_drafts, context, source), _mail)
    drafts = [draft for some in drafted for draft in some]
    return Batch(
        claimed=submit.claim(context, [d for d in drafts if not submit.is_suspect(d)]),
        suspects=[d for d in drafts if submit.is_suspect(d)],
        unclear=[f.id for f in due if f.is_unclear],
        filing_ids=frozenset(f.id for f in due),
        to_attach=[f.id for f in filed],
    )


def _mail(filing: Filing) -> Hold:
    return incidents.hold_mail(filing.email_id)


def _drafts(context: Context, source: Source, fresh: Sequence[Filing]) -> Sequence[Draft]:
    with context.begin() as tx:
        pairs = filings.with_emails(tx, fresh)
    drafts = drafts_of(context, source, pairs)
    if context.careful is not None:  # in a bulk it could not be told which one a worker dies of
        context.webcrm.check_activities([d.activity for d in drafts])
    return drafts


def run(context: Context, source: Source, batch: Batch) -> BatchResult:
    """Tell webCRM everything that is this turn's; what it answers last is yet to be recorded.

    Raises Unclear, TryLater or Refused when webCRM is in trouble; nothing of the turn is lost.
    """
    try:
        if batch.has_updates:
            activity_updates.push_updates(context, source, limit=BULK)
        if batch.unclear:
            _look(context, batch.unclear)
    except BaseException:
        submit.release(context, batch.claimed)
        raise
    answered = submit.post(context, batch.claimed)
    if not batch.suspects:
        return answered
    submit.record(context, answered)
    submit.post_suspects(context, batch.suspects)
    return BatchResult(batch.claimed.lease)


def _look(context: Context, filing_ids: Sequence[int]) -> None:
    """Look for what is still unclear of these."""
    with context.begin() as tx:
        unclear = [f for f in filings.still_open(tx, filing_ids) if f.is_unclear]
    verify.verify_unclear(context, unclear)


def attach(context: Context, source: Source, filing_ids: Sequence[int]) -> None:
    """Write some attachments of these filings, as they stand now: people may have acted since.

    Raises Unclear or TryLater when webCRM is in trouble.
    """
    with context.begin() as tx:
        filed = [f for f in filings.still_open(tx, filing_ids) if f.activity_id is not None]
    isolate.run_batch(context, "attach", filed, partial(_attach, context, source), _mail)


def _attach(context: Context, source: Source, filed: Sequence[Filing]) -> None:
    with context.begin() as tx:
        pairs = filings.with_emails(tx, filed)
    documents.add_documents(context, source, pairs)
