"""Fresh filings: the intent is committed, then one bulk request creates their Activities."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from webcrm_sync.core import verification
from webcrm_sync.core.crm import CreatedRecord, RejectedRecord
from webcrm_sync.core.errors import Gone, Refused, TooLate, TryLater, Unclear
from webcrm_sync.core.faults import format_trace
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.engine.filing import outcome
from webcrm_sync.engine.filing.compose import Draft
from webcrm_sync.store import filings
from webcrm_sync.store.items.locks import lock_company, lock_copies_of

logger = logging.getLogger(__name__)

#: webCRM may fail on one mail: after so many tries without an answer its bulk goes in parts.
_SUSPECT, _PARTS = 2, 4


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """Drafts whose intents stand under one lease, and until when they may be sent at all."""

    lease: str
    send_until: datetime
    drafts: Sequence[Draft]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What webCRM said to each draft of a bulk. `vanished`: filings whose Person is gone."""

    lease: str
    told: Sequence[tuple[Draft, CreatedRecord | RejectedRecord]] = ()
    vanished: frozenset[int] = frozenset()


def is_suspect(draft: Draft) -> bool:
    """True for one that went unanswered too often to be sent among others."""
    return draft.filing.attempts >= _SUSPECT


def claim(context: Context, drafts: Sequence[Draft]) -> ClaimedBatch:
    """The drafts that are this run's to send: their intents are committed now."""
    lease = uuid.uuid4().hex
    if not drafts:
        return ClaimedBatch(lease, context.now(), ())
    send_until = verification.latest_send_at(context.now(), settle=context.settings.search_lag)
    taken = isolate.run_batch(context, "intend", drafts, partial(_claim, context, lease), _mail)
    return ClaimedBatch(lease, send_until, [d for some in taken for d in some])


def _mail(draft: Draft) -> Hold:
    return incidents.hold_mail(draft.filing.email_id)


def _claim(context: Context, lease: str, drafts: Sequence[Draft]) -> Sequence[Draft]:
    with context.begin() as tx:
        taken = filings.claim(tx, [d.filing.id for d in drafts], lease)
    return [d for d in drafts if d.filing.id in taken]


def release(context: Context, bulk: ClaimedBatch) -> None:
    """Take the intents back: nothing of the bulk was sent."""
    if bulk.drafts:
        with context.begin() as tx:
            filings.release(tx, bulk.lease)


def post(context: Context, bulk: ClaimedBatch) -> BatchResult:
    """Create the Activities of a bulk, each exactly once; the answers are yet to be recorded.

    Raises Unclear or TryLater when webCRM is in trouble; what was sent is then looked for first, as
    it is where something unforeseen was raised.
    """
    answers: list[str] = []
    try:
        return _ask(context, bulk, answers)
    except TooLate:
        release(context, bulk)
        return BatchResult(bulk.lease)
    except Unclear:
        _mark_unclear(context, bulk)
        raise
    except TryLater:
        release(context, bulk)
        raise
    except Exception as error:
        if incidents.is_trouble(error):
            raise
        _unforeseen(context, bulk, error, is_answered=bool(answers))
        return BatchResult(bulk.lease)


def _mark_unclear(context: Context, bulk: ClaimedBatch) -> None:
    with context.begin() as tx:
        filings.mark_unclear(tx, bulk.lease, due_at=tx.now + verification.FIRST_SEARCH)


def _unforeseen(
    context: Context, bulk: ClaimedBatch, error: Exception, *, is_answered: bool
) -> None:
    """What cannot be written down for webCRM was never sent, nor was what goes with it.

    Where every draft can be, or webCRM has answered already, the exception came later: all of the
    bulk may stand there, and is looked for.
    """
    _, odd = isolate.try_each(
        context, bulk.drafts, lambda d: context.webcrm.check_activities([d.activity]), _name
    )
    if odd and not is_answered:
        release(context, bulk)
        for draft, fault in odd:
            incidents.hold_back(context, "write for webCRM", _mail(draft), fault)
        return
    _mark_unclear(context, bulk)
    if len(bulk.drafts) == 1:
        incidents.hold_back(context, "send", _mail(bulk.drafts[0]), error)
    else:  # each of them is looked for; what fails again goes in parts, and at last alone
        told = {"mails": len(bulk.drafts), "trace": format_trace(error)}
        logger.error("bulk_failed", extra=told)


def _name(draft: Draft) -> str:
    return _mail(draft).name


def post_suspects(context: Context, drafts: Sequence[Draft]) -> None:
    """Create what went unanswered twice: in parts, then in parts of the part that failed."""
    failed = 0
    for suspects in _parts_of(drafts):
        try:
            record(context, post(context, claim(context, suspects)))
        except Unclear:
            failed += 1
            if failed > 1:  # the trouble is webCRM's, not one mail's
                raise


def _parts_of(drafts: Sequence[Draft]) -> Iterator[Sequence[Draft]]:
    of_tries: dict[int, list[Draft]] = {}
    for draft in drafts:
        of_tries.setdefault(draft.filing.attempts, []).append(draft)
    for alike in of_tries.values():
        size = -(-len(alike) // _PARTS)
        for start in range(0, len(alike), size):
            yield alike[start : start + size]


def _ask(context: Context, bulk: ClaimedBatch, answers: list[str]) -> BatchResult:
    """The answers to one bulk; one that is refused whole is halved until the culprit is found.

    `answers`: a line is added for each that webCRM gave.
    """
    drafts = bulk.drafts
    if not drafts:
        return BatchResult(bulk.lease)
    activities = [d.activity for d in drafts]
    try:
        told: Sequence[CreatedRecord | RejectedRecord] = context.webcrm.write_activities(
            activities, until=bulk.send_until
        )
    except Refused as error:
        answers.append(str(error))
        if len(drafts) > 1:
            half = len(drafts) // 2
            for some in (drafts[:half], drafts[half:]):
                record(context, _ask(context, replace(bulk, drafts=some), answers))
            return BatchResult(bulk.lease)
        told = [RejectedRecord(str(error))]
    answers.append("each line")
    pairs = list(zip(drafts, told, strict=True))
    vanished = _deleted_persons(context, [d for d, a in pairs if isinstance(a, RejectedRecord)])
    return BatchResult(bulk.lease, pairs, vanished)


def _deleted_persons(context: Context, refused: Sequence[Draft]) -> frozenset[int]:
    """The refused filings whose Person was deleted in webCRM since the directory was read."""
    with_person = [d for d in refused if d.filing.person_id is not None]
    looked, _ = isolate.try_each(context, with_person, partial(_is_without_person, context), _name)
    return frozenset(filing_id for filing_id, is_gone in looked if is_gone)


def _is_without_person(context: Context, draft: Draft) -> tuple[int, bool]:
    assert draft.filing.person_id is not None
    try:
        context.webcrm.person(draft.filing.person_id)
    except Gone:
        return draft.filing.id, True
    except (TryLater, Refused):
        pass
    return draft.filing.id, False


def record(context: Context, answered: BatchResult) -> None:
    """Write down what webCRM said, as far as this run still holds the lease."""
    isolate.run_batch(
        context,
        "record the answer",
        answered.told,
        lambda some: _record(context, replace(answered, told=some)),
        lambda pair: _mail(pair[0]),
    )


def _record(context: Context, answered: BatchResult) -> None:
    with context.begin() as tx:
        lock_company(tx)  # another copy of such a mail may be decided at this moment
        lock_copies_of(tx, {d.filing.email_id for d, _ in answered.told})
        held = filings.held(tx, answered.lease)
        told = [(d, a) for d, a in answered.told if d.filing.id in held]
        written = [(d, a.record_id) for d, a in told if isinstance(a, CreatedRecord)]
        outcome.filed(tx, [(d.filing, record_id) for d, record_id in written])
        for draft, answer in told:
            if draft.filing.id in answered.vanished:
                outcome.without_person(tx, draft.filing)
            elif isinstance(answer, RejectedRecord):
                outcome.rejected(tx, draft.filing, answer.message)
        outcome.completed(tx, [d.filing.id for d, _ in written if d.is_alone])
