"""Fresh filings: the intent is committed, then one bulk request creates their Activities."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webcrm_sync.core.crm import ActivityDraft, CrmUser, Rejected, Written
from webcrm_sync.core.direction import Direction
from webcrm_sync.core.errors import AccessLost, Gone, Refused, TryLater, Unclear
from webcrm_sync.core.filing import draft_activity
from webcrm_sync.core.retry import retry_at
from webcrm_sync.core.states import Reason
from webcrm_sync.engine import attached, look, outcome
from webcrm_sync.engine.attached import Source
from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import directory, documents, emails, endings, filings
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing

#: A label that webCRM does not know is looked for again this soon.
_LABEL_RETRY = timedelta(minutes=5)
#: webCRM may fail on one mail: after so many tries without an answer its bulk goes in parts.
_SUSPECT, _PARTS = 2, 4
#: How long after its intent a bulk may be sent where no search lag is configured.
_SEND_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Draft:
    """A filing and the Activity that shall become of it. `is_alone`: no Document follows it."""

    filing: Filing
    is_alone: bool
    activity: ActivityDraft


@dataclass(frozen=True, slots=True)
class Run:
    """One run that sends: the lease on its filings, and until when it may send at all.

    Whoever takes over from a worker that was taken for dead looks twice and then sends; a run
    that wakes up later than `send_until` must leave it to them.
    """

    lease: str
    send_until: datetime


def send(parts: Parts, source: Source, fresh: Sequence[tuple[Filing, Email]]) -> None:
    """Create the Activities of these filings, each exactly once.

    What went unanswered twice goes in parts, then in parts of the part that failed.
    Raises Unclear or TryLater when webCRM is in trouble; what was sent is then looked for first.
    """
    drafts = _drafts(parts, source, fresh)
    _send_run(parts, [d for d in drafts if d.filing.attempts < _SUSPECT])
    failed = 0
    for suspects in _suspects(drafts):
        try:
            _send_run(parts, suspects)
        except Unclear:
            failed += 1
            if failed > 1:  # the trouble is webCRM's, not one mail's
                raise


def _suspects(drafts: Sequence[Draft]) -> Iterator[Sequence[Draft]]:
    """The drafts that went unanswered too often, in the parts in which they are sent now."""
    of_tries: dict[int, list[Draft]] = {}
    for draft in drafts:
        if draft.filing.attempts >= _SUSPECT:
            of_tries.setdefault(draft.filing.attempts, []).append(draft)
    for alike in of_tries.values():
        size = -(-len(alike) // _PARTS)
        for start in range(0, len(alike), size):
            yield alike[start : start + size]


def _send_run(parts: Parts, drafts: Sequence[Draft]) -> None:
    if not drafts:
        return
    lease = uuid.uuid4().hex
    with parts.begin() as tx:
        taken = filings.intend(tx, [d.filing.id for d in drafts], lease)
        run = Run(lease, send_until=tx.now + max(parts.settings.settle / 2, _SEND_WITHIN))
    try:
        _send_bulk(parts, [d for d in drafts if d.filing.id in taken], run)
    except Unclear:
        with parts.begin() as tx:
            filings.unanswered(tx, lease, due_at=tx.now + look.FIRST_LOOK)
        raise
    except TryLater:
        with parts.begin() as tx:
            filings.release(tx, lease)
        raise


def _send_bulk(parts: Parts, drafts: Sequence[Draft], run: Run) -> None:
    """Send and record one bulk; one that is refused whole is halved until the culprit is found."""
    if not drafts:
        return
    if parts.now() > run.send_until:
        with parts.begin() as tx:
            filings.release(tx, run.lease)
        return
    try:
        answers = parts.webcrm.write_activities([d.activity for d in drafts])
    except Refused as error:
        if len(drafts) > 1:
            half = len(drafts) // 2
            _send_bulk(parts, drafts[:half], run)
            _send_bulk(parts, drafts[half:], run)
            return
        answers = [Rejected(str(error))]
    pairs = list(zip(drafts, answers, strict=True))
    vanished = _vanished(parts, [d for d, a in pairs if isinstance(a, Rejected)])
    with parts.begin() as tx:
        emails.lock(tx)  # another copy of such a mail may be decided at this moment
        emails.hold_copies_of(tx, {d.filing.email_id for d in drafts})
        held = filings.held(tx, run.lease)
        told = [p for p in pairs if p[0].filing.id in held]
        ids = [(d.filing, a.record_id) for d, a in told if isinstance(a, Written)]
        outcome.filed(tx, ids)
        for draft, answer in told:
            if draft.filing.id in vanished:
                outcome.without_person(tx, draft.filing)
            elif isinstance(answer, Rejected):
                outcome.rejected(tx, draft.filing, answer.message)
        written = [d.filing.id for d, a in told if isinstance(a, Written) and d.is_alone]
        outcome.completed(tx, written)


def _vanished(parts: Parts, refused: Sequence[Draft]) -> set[int]:
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
    return gone


def _drafts(parts: Parts, source: Source, fresh: Sequence[tuple[Filing, Email]]) -> list[Draft]:
    """The Activities to be created; what cannot be made one is parked or put off."""
    limits = parts.metadata.limits()
    drafts = []
    with parts.begin() as tx:
        users = {u.address: u for u in directory.users(tx).values() if u.address}
        holders = emails.addresses_holding(tx, [e.id for _, e in fresh])
        planned = documents.planned(tx, [f.id for f, _ in fresh])
    owners = {e.id: _responsible(e, holders[e.id], users) for _, e in fresh}
    source.prepare([e for _, e in fresh])
    for filing, email in fresh:
        action = _action(parts, email)
        if not parts.metadata.knows_action(action):
            _park_unknown_label(parts, filing, action)
            continue
        content = _content(parts, source, filing, email, is_new=filing.id not in planned)
        if content is None:
            continue
        activity = draft_activity(
            email,
            content.text,
            filing.target,
            key=filing.key,
            action=action,
            user_id=owners[email.id],
            limits=limits,
            lines=content.lines,
        )
        drafts.append(Draft(filing, content.is_all, activity))
    return drafts


def _action(parts: Parts, email: Email) -> str:
    is_out = email.direction is Direction.OUTBOUND
    return parts.settings.webcrm_action_out if is_out else parts.settings.webcrm_action_in


def _park_unknown_label(parts: Parts, filing: Filing, action: str) -> None:
    with parts.begin() as tx:
        detail = f"The label is '{action}'."
        outcome.park(tx, filing, Reason.UNKNOWN_LABEL, detail)
        filings.retry(tx, [filing.id], due_at=tx.now + _LABEL_RETRY)


def _responsible(email: Email, holders: Sequence[str], users: dict[str, CrmUser]) -> int | None:
    """The webCRM user who sent the mail, or whose mailbox holds the first copy of it."""
    addresses = [email.sender.address] if email.sender else []
    return next((users[a].user_id for a in (*addresses, *holders) if a in users), None)


def _content(
    parts: Parts, source: Source, filing: Filing, email: Email, *, is_new: bool
) -> attached.Content | None:
    """What the Activity says, read again where it is not kept; None = put off."""
    try:
        return attached.content(source, filing, email, is_new=is_new)
    except Gone:
        with parts.begin() as tx:
            endings.give_up(tx, email.id)
    except (TryLater, AccessLost) as error:
        is_short, asked = isinstance(error, TryLater), getattr(error, "retry_at", None)
        with parts.begin() as tx:  # the mailbox's own gate keeps it from being asked too often
            again = retry_at(tx.now, 1 if is_short else 6, asked=asked)
            filings.retry(tx, [filing.id], due_at=again)
    except Refused as error:
        with parts.begin() as tx:
            outcome.park(tx, filing, Reason.REFUSED_BY_OUTLOOK, str(error))
    return None
