"""One turn at webCRM's line: what is chosen for it beforehand, and what is done in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from webcrm_sync.engine.context import Context
from webcrm_sync.engine.filing import activity_updates, documents, submit, verify
from webcrm_sync.engine.filing.attachment_source import Source
from webcrm_sync.engine.filing.compose import Draft, drafts_of
from webcrm_sync.engine.filing.submit import BatchResult, ClaimedBatch
from webcrm_sync.engine.isolation import incidents
from webcrm_sync.engine.isolation.incidents import Aside
from webcrm_sync.engine.matching import decide, preexisting
from webcrm_sync.store import filings, sync_requests
from webcrm_sync.store.filings import Filing

#: How many filings one turn takes further: as many as one bulk request carries.
BULK = 50
#: Among so many filings those are chosen whose attachments are written together.
_FILED = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """What one turn does. The intents of `bulk` are committed, so it must be taken or given back.

    `suspects`: drafts that are sent in parts. `unclear`: filings to be looked for. `has_wishes`:
    people changed something about mails that stand in webCRM. `decided`: so many mails, of which
    nothing may be left to do. `filing_ids`: all that it is about. `filed`: filings beside it, whose
    attachments may be written. `is_last`: others wait for the line.
    """

    bulk: ClaimedBatch
    suspects: Sequence[Draft]
    unclear: Sequence[int]
    filing_ids: frozenset[int]
    filed: Sequence[int]
    has_wishes: bool = False
    decided: int = 0
    is_last: bool = False

    @property
    def is_idle(self) -> bool:
        """True when there is nothing to be done in it."""
        return not (self.filing_ids or self.has_wishes or self.decided)


def prepare(context: Context, source: Source, *, besides: Iterable[int] = ()) -> Batch:
    """The next turn: the newest mails first, without the filings of others (`besides`).

    Found mails are decided before, so that they can be among them.
    """
    decided = preexisting.resolve_preexisting(context, limit=BULK) + decide.match_batch(
        context, limit=BULK
    )
    others = list(besides)
    with context.begin() as tx:
        due = filings.due(tx, limit=BULK, is_filed=False, besides=others)
        filed = filings.due(tx, limit=_FILED, is_filed=True, besides=others)
        has_wishes = sync_requests.has_due_updates(tx)
        is_last = tx.is_line_wanted()
    turn = about(context, source, due, filed)
    return replace(turn, has_wishes=has_wishes, decided=decided, is_last=is_last)


def about(
    context: Context, source: Source, due: Sequence[Filing], filed: Sequence[Filing]
) -> Batch:
    """The turn about these filings; those `filed` have their attachments written beside it."""
    fresh = [f for f in due if f.is_fresh]
    drafted = incidents.together(context, "draft", fresh, partial(_drafts, context, source), _mail)
    drafts = [draft for some in drafted for draft in some]
    return Batch(
        bulk=submit.claim(context, [d for d in drafts if not submit.is_suspect(d)]),
        suspects=[d for d in drafts if submit.is_suspect(d)],
        unclear=[f.id for f in due if f.is_unclear],
        filing_ids=frozenset(f.id for f in due),
        filed=[f.id for f in filed],
    )


def _mail(filing: Filing) -> Aside:
    return incidents.mail(filing.email_id)


def _drafts(context: Context, source: Source, fresh: Sequence[Filing]) -> Sequence[Draft]:
    with context.begin() as tx:
        pairs = filings.with_emails(tx, fresh)
    drafts = drafts_of(context, source, pairs)
    if context.care is not None:  # in a bulk it could not be told which one a worker dies of
        context.webcrm.check_activities([d.activity for d in drafts])
    return drafts


def run(context: Context, source: Source, turn: Batch) -> BatchResult:
    """Tell webCRM everything that is this turn's; what it answers last is yet to be recorded.

    Raises Unclear, TryLater or Refused when webCRM is in trouble; nothing of the turn is lost.
    """
    try:
        if turn.has_wishes:
            activity_updates.push_updates(context, source, limit=BULK)
        if turn.unclear:
            _look(context, turn.unclear)
    except BaseException:
        submit.release(context, turn.bulk)
        raise
    answered = submit.post(context, turn.bulk)
    if not turn.suspects:
        return answered
    submit.record(context, answered)
    submit.post_suspects(context, turn.suspects)
    return BatchResult(turn.bulk.lease)


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
    incidents.together(context, "attach", filed, partial(_attach, context, source), _mail)


def _attach(context: Context, source: Source, filed: Sequence[Filing]) -> None:
    with context.begin() as tx:
        pairs = filings.with_emails(tx, filed)
    documents.add_documents(context, source, pairs)
