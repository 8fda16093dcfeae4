"""Fresh filings: the intent is committed, then one bulk request creates their Activities."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from webcrm_sync.core.crm import Rejected, Written
from webcrm_sync.core.errors import Gone, Refused, TooLate, TryLater, Unclear
from webcrm_sync.engine import look, outcome
from webcrm_sync.engine.draft import Draft
from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import emails, filings

#: webCRM may fail on one mail: after so many tries without an answer its bulk goes in parts.
_SUSPECT, _PARTS = 2, 4


@dataclass(frozen=True, slots=True)
class Bulk:
    """Drafts whose intents stand under one lease, and until when they may be sent at all."""

    lease: str
    send_until: datetime
    drafts: Sequence[Draft]


@dataclass(frozen=True, slots=True)
class Answered:
    """What webCRM said to each draft of a bulk. `vanished`: filings whose Person is gone."""

    lease: str
    told: Sequence[tuple[Draft, Written | Rejected]] = ()
    vanished: frozenset[int] = frozenset()


def is_suspect(draft: Draft) -> bool:
    """True for one that went unanswered too often to be sent among others."""
    return draft.filing.attempts >= _SUSPECT


def intend(parts: Parts, drafts: Sequence[Draft]) -> Bulk:
    """The drafts that are this run's to send: their intents are committed now."""
    lease = uuid.uuid4().hex
    if not drafts:
        return Bulk(lease, parts.now(), ())
    with parts.begin() as tx:
        taken = filings.intend(tx, [d.filing.id for d in drafts], lease)
        send_until = look.send_until(tx.now, settle=parts.settings.settle)
    return Bulk(lease, send_until, [d for d in drafts if d.filing.id in taken])


def give_back(parts: Parts, bulk: Bulk) -> None:
    """Take the intents back: nothing of the bulk was sent."""
    if bulk.drafts:
        with parts.begin() as tx:
            filings.release(tx, bulk.lease)


def post(parts: Parts, bulk: Bulk) -> Answered:
    """Create the Activities of a bulk, each exactly once; the answers are yet to be recorded.

    Raises Unclear or TryLater when webCRM is in trouble; what was sent is then looked for first.
    """
    try:
        return _ask(parts, bulk)
    except TooLate:
        give_back(parts, bulk)
        return Answered(bulk.lease)
    except Unclear:
        with parts.begin() as tx:
            filings.unanswered(tx, bulk.lease, due_at=tx.now + look.FIRST_LOOK)
        raise
    except TryLater:
        give_back(parts, bulk)
        raise


def post_suspects(parts: Parts, drafts: Sequence[Draft]) -> None:
    """Create what went unanswered twice: in parts, then in parts of the part that failed."""
    failed = 0
    for suspects in _parts_of(drafts):
        try:
            record(parts, post(parts, intend(parts, suspects)))
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


def _ask(parts: Parts, bulk: Bulk) -> Answered:
    """The answers to one bulk; one that is refused whole is halved until the culprit is found."""
    drafts = bulk.drafts
    if not drafts:
        return Answered(bulk.lease)
    activities = [d.activity for d in drafts]
    try:
        answers = parts.webcrm.write_activities(activities, until=bulk.send_until)
    except Refused as error:
        if len(drafts) > 1:
            half = len(drafts) // 2
            for some in (drafts[:half], drafts[half:]):
                record(parts, _ask(parts, replace(bulk, drafts=some)))
            return Answered(bulk.lease)
        answers = [Rejected(str(error))]
    told = list(zip(drafts, answers, strict=True))
    vanished = _vanished(parts, [d for d, a in told if isinstance(a, Rejected)])
    return Answered(bulk.lease, told, vanished)


def _vanished(parts: Parts, refused: Sequence[Draft]) -> frozenset[int]:
    """The refused filings whose Person was deleted in webCRM since the directory was read."""
    gone = set()
    for draft in refused:
        if draft.filing.person_id is None:
            continue
        try:
            parts.webcrm.person(draft.filing.person_id)
        except Gone:
            gone.add(draft.filing.id)
        except (TryLater, Refused):
            continue
    return frozenset(gone)


def record(parts: Parts, answered: Answered) -> None:
    """Write down what webCRM said, as far as this run still holds the lease."""
    if not answered.told:
        return
    with parts.begin() as tx:
        emails.lock(tx)  # another copy of such a mail may be decided at this moment
        emails.hold_copies_of(tx, {d.filing.email_id for d, _ in answered.told})
        held = filings.held(tx, answered.lease)
        told = [(d, a) for d, a in answered.told if d.filing.id in held]
        written = [(d, a.record_id) for d, a in told if isinstance(a, Written)]
        outcome.filed(tx, [(d.filing, record_id) for d, record_id in written])
        for draft, answer in told:
            if draft.filing.id in answered.vanished:
                outcome.without_person(tx, draft.filing)
            elif isinstance(answer, Rejected):
                outcome.rejected(tx, draft.filing, answer.message)
        outcome.completed(tx, [d.filing.id for d, _ in written if d.is_alone])
