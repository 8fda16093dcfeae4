"""Sends fresh filings: commits their intents, then creates their Activities in one request."""

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
from webcrm_sync.store import along_choices, documents, filing_claims, filings
from webcrm_sync.store.items.locks import lock_company, lock_copies_of

logger = logging.getLogger(__name__)

#: One mail may make webCRM fail on a whole batch: after this many tries without an answer a
#: draft is sent in small groups, each of at most a quarter of those with as many tries.
_SUSPECT_AFTER, _GROUPS = 2, 4


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """Drafts whose intents are committed under one lease.

    They must not be sent after `send_until`: another worker may have taken them over by then.
    """

    lease: str
    send_until: datetime
    drafts: Sequence[Draft]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The answer to each draft of a batch, which the caller still has to record.

    `deleted_persons`: the ids of refused filings whose Person no longer exists in webCRM.
    """

    lease: str
    answers: Sequence[tuple[Draft, CreatedRecord | RejectedRecord]] = ()
    deleted_persons: frozenset[int] = frozenset()


def is_suspect(draft: Draft) -> bool:
    """True for a draft that got no answer too often to be sent among others."""
    return draft.filing.attempts >= _SUSPECT_AFTER


def claim(context: Context, drafts: Sequence[Draft]) -> ClaimedBatch:
    """The drafts that this run may send. Commits their intents under a new lease."""
    lease = uuid.uuid4().hex
    if not drafts:
        return ClaimedBatch(lease, context.now(), ())
    send_until = verification.latest_send_at(context.now(), settle=context.settings.search_lag)
    claimed = isolate.run_batch(context, "intend", drafts, partial(_claim, context, lease), _mail)
    return ClaimedBatch(lease, send_until, [d for some in claimed for d in some])


def _mail(draft: Draft) -> Hold:
    return incidents.hold_mail(draft.filing.email_id)


def _claim(context: Context, lease: str, drafts: Sequence[Draft]) -> Sequence[Draft]:
    with context.begin() as tx:
        claimed_ids = filing_claims.claim(tx, [d.filing for d in drafts], lease)
        claimed = [d for d in drafts if d.filing.id in claimed_ids]
        along = along_choices.of_emails(tx, {d.filing.email_id for d in claimed})
        # A person may have chosen other parts of the mail since the draft was composed.
        current = [d for d in claimed if along.get(d.filing.email_id) == d.along]
        outdated = [d.filing.id for d in claimed if d not in current]
        filings.retry(tx, outdated, due_at=tx.now, intent_at=None)
    return current


def release(context: Context, claimed: ClaimedBatch) -> None:
    """Take the intents back, for a batch of which nothing was sent."""
    if claimed.drafts:
        with context.begin() as tx:
            filing_claims.release(tx, claimed.lease)


def send(context: Context, claimed: ClaimedBatch) -> BatchResult:
    """Create the Activities of a claimed batch, each exactly once. Returns webCRM's answers.

    Raises Unclear or TryLater when webCRM is in trouble. After Unclear and after an unforeseen
    error the Activities are searched for before anything is sent again.
    """
    answered: list[str] = []
    try:
        return _send(context, claimed, answered)
    except TooLate:
        release(context, claimed)
        return BatchResult(claimed.lease)
    except Unclear:
        _mark_unclear(context, claimed)
        raise
    except TryLater:
        release(context, claimed)
        raise
    except Exception as error:
        if incidents.is_trouble(error):
            raise
        _on_unexpected_error(context, claimed, error, is_answered=bool(answered))
        return BatchResult(claimed.lease)


def _mark_unclear(context: Context, claimed: ClaimedBatch) -> None:
    with context.begin() as tx:
        filing_claims.mark_unclear(tx, claimed.lease, due_at=tx.now + verification.FIRST_SEARCH)


def _on_unexpected_error(
    context: Context, claimed: ClaimedBatch, error: Exception, *, is_answered: bool
) -> None:
    """Set aside the draft that cannot be serialized: then nothing of the batch was sent.

    If every draft can be, or webCRM has answered already, the error came later. webCRM may have
    all of the batch, so all of it is searched for.
    """
    _, odd = isolate.try_each(
        context,
        "check the draft",
        claimed.drafts,
        lambda d: context.webcrm.check_activities([d.activity]),
        _name,
    )
    if odd and not is_answered:
        release(context, claimed)
        for draft, fault in odd:
            incidents.hold_back(context, "write for webCRM", _mail(draft), fault)
        return
    _mark_unclear(context, claimed)
    if len(claimed.drafts) == 1:
        incidents.hold_back(context, "send", _mail(claimed.drafts[0]), error)
    else:  # Those that fail again are sent in ever smaller groups, the last one alone.
        fields = {"mails": len(claimed.drafts), "trace": format_trace(error)}
        logger.error("batch_not_sent", extra=fields)


def _name(draft: Draft) -> str:
    return _mail(draft).name


def send_suspects(context: Context, drafts: Sequence[Draft]) -> None:
    """Create and record Activities that got no answer twice, in small groups.

    A group that fails is split further the next time. Raises Unclear when a second group fails:
    then webCRM is in trouble, and no mail is to blame.
    """
    failed = 0
    for group in _groups_of(drafts):
        try:
            record(context, send(context, claim(context, group)))
        except Unclear:
            failed += 1
            if failed > 1:
                raise


def _groups_of(drafts: Sequence[Draft]) -> Iterator[Sequence[Draft]]:
    """Groups of drafts that were tried equally often."""
    by_attempts: dict[int, list[Draft]] = {}
    for draft in drafts:
        by_attempts.setdefault(draft.filing.attempts, []).append(draft)
    for alike in by_attempts.values():
        size = -(-len(alike) // _GROUPS)
        for start in range(0, len(alike), size):
            yield alike[start : start + size]


def _send(context: Context, claimed: ClaimedBatch, answered: list[str]) -> BatchResult:
    """The answers of webCRM; halves a batch that is refused as a whole to find the culprit.

    `answered` gets an entry for each request that webCRM answered.
    """
    drafts = claimed.drafts
    if not drafts:
        return BatchResult(claimed.lease)
    activities = [d.activity for d in drafts]
    try:
        answers: Sequence[CreatedRecord | RejectedRecord] = context.webcrm.write_activities(
            activities, until=claimed.send_until
        )
    except Refused as error:
        answered.append("the request")
        if len(drafts) > 1:
            half = len(drafts) // 2
            for some in (drafts[:half], drafts[half:]):
                record(context, _send(context, replace(claimed, drafts=some), answered))
            return BatchResult(claimed.lease)
        answers = [RejectedRecord(str(error))]
    answered.append("each draft")
    pairs = list(zip(drafts, answers, strict=True))
    refused = [draft for draft, answer in pairs if isinstance(answer, RejectedRecord)]
    return BatchResult(claimed.lease, pairs, _deleted_persons(context, refused))


def _deleted_persons(context: Context, refused: Sequence[Draft]) -> frozenset[int]:
    """The refused filings whose Person was deleted in webCRM after the directory was read."""
    with_person = [d for d in refused if d.filing.person_id is not None]
    checked, _ = isolate.try_each(
        context, "check the person", with_person, partial(_check_person, context), _name
    )
    return frozenset(filing_id for filing_id, is_deleted in checked if is_deleted)


def _check_person(context: Context, draft: Draft) -> tuple[int, bool]:
    """The filing's id, and whether its Person is deleted."""
    assert draft.filing.person_id is not None
    try:
        context.webcrm.fetch_person(draft.filing.person_id)
    except Gone:
        return draft.filing.id, True
    except (TryLater, Refused):
        pass
    return draft.filing.id, False


def record(context: Context, result: BatchResult) -> None:
    """Save webCRM's answers. Skips filings whose lease another run has taken over."""
    isolate.run_batch(
        context,
        "record the answer",
        result.answers,
        lambda some: _record(context, replace(result, answers=some)),
        lambda pair: _mail(pair[0]),
    )


def _record(context: Context, result: BatchResult) -> None:
    with context.begin() as tx:
        lock_company(tx)  # Another copy of such a mail may be matched at this moment.
        lock_copies_of(tx, {d.filing.email_id for d, _ in result.answers})
        held = filing_claims.held(tx, result.lease)
        answers = [(d, a) for d, a in result.answers if d.filing.id in held]
        written = [(d, a.record_id) for d, a in answers if isinstance(a, CreatedRecord)]
        outcome.filed(tx, [(d.filing, record_id) for d, record_id in written])
        for draft, answer in answers:
            if draft.filing.id in result.deleted_persons:
                outcome.without_person(tx, draft.filing)
            elif isinstance(answer, RejectedRecord):
                outcome.rejected(tx, draft.filing, answer.message)
        alone = [d.filing.id for d, _ in written if d.is_alone]
        # A person may have asked for attachments while the request was under way.
        asked_for = documents.unsettled(tx, alone)
        outcome.completed(tx, [i for i in alone if i not in asked_for])
