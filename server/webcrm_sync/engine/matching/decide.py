"""match: which Organisations each found mail concerns, decided from the directory alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from webcrm_sync.core.addresses import domain_of
from webcrm_sync.core.direction import (
    AddressedMail,
    Internals,
    NeverSync,
    participants,
    relevant_people,
)
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import filing_key
from webcrm_sync.core.matching import (
    Ambiguous,
    Directory,
    Matched,
    MatchedBy,
    NoMatch,
    Target,
    match_organisations,
)
from webcrm_sync.core.message import Party
from webcrm_sync.core.states import OVERRULED, Reason, State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.matching.manual_choice import apply_choice
from webcrm_sync.store import activity_updates, directory, emails, filings, mailboxes, sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.events import NewEvent
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import transitions, undecided
from webcrm_sync.store.items.locks import lock_company


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a found mail."""

    state: State
    reason: Reason | None = None
    targets: tuple[Target, ...] = ()
    candidates: tuple[Target, ...] = ()


def match_batch(context: Context, *, limit: int) -> int:
    """Decide up to `limit` found mails in one transaction; how many there were."""
    with context.begin() as tx:
        ids = undecided.due(tx, limit=limit, is_past=False)
    isolate.run_batch(context, "match", ids, partial(match_these, context), incidents.hold_mail)
    return len(ids)


def match_these(context: Context, email_ids: Sequence[int]) -> None:
    """Decide these mails, those that were found."""
    with context.begin() as tx:
        lock_company(tx)  # a person may be choosing at this moment
        decide(context, tx, [email for email, _ in undecided.read(tx, email_ids)])


def decide(context: Context, tx: Tx, found: Sequence[Email]) -> None:
    """Decide these mails and write the decisions down."""
    if not found:
        return
    ids = [email.id for email in found]
    internals = mailboxes.internals(tx, context.settings.internal_domains)
    open_ = undecided.addresses(tx, ids)
    known = filings.of_emails(tx, ids)
    addresses = {address for email_id in ids for address in open_[email_id]}
    book = directory.look_up(tx, addresses, map(domain_of, addresses))
    if again := [email_id for email_id in ids if known[email_id]]:
        filings.release_held(tx, again)
    chosen = sync_requests.chosen_for(tx, ids)
    never = NeverSync.of(context.settings.never_sync)
    decided = []
    for email in found:
        people = externals_on(email, open_[email.id], internals)
        decision = decision_for(
            email,
            people,
            known[email.id],
            internals=internals,
            book=book,
            never=never,
            is_unlinked_filed=context.settings.unmatched == "unlinked",
        )
        if email.id in chosen and decision.reason is not Reason.NEVER_LIST:
            apply_choice(context, tx, email, chosen[email.id])
        else:
            decided.append((email, decision))
            # whoever moves it in again asks for it again
            if decision.state is State.MATCHED:
                activity_updates.request(
                    tx, _to_revive(known[email.id]), activity_updates.UpdateKind.RESTORE
                )
    _carry_out(context, tx, decided)


def externals_on(email: Email, addresses: Sequence[str], internals: Internals) -> list[Party]:
    """Which of its addresses are external, in the order of the mail: its sender comes first."""
    named = participants(email) + email.reply_to
    order = {party.folded: n for n, party in reversed([*enumerate(named)])}
    outside = [party for party in map(Party, addresses) if party not in internals]
    people = relevant_people(outside, email)
    return sorted(people, key=lambda party: (order.get(party.folded, len(order)), party.folded))


def decision_for(
    email: Email,
    people: Sequence[Party],
    known: Sequence[Filing],
    *,
    internals: Internals,
    book: Directory,
    never: NeverSync,
    is_unlinked_filed: bool,
) -> Decision:
    """The decision on one mail. `people`: its external addresses that led to no filing yet."""
    reason = exclusion_reason(email, people, internals, never)
    is_wanted = reason in OVERRULED and any(not f.is_withdrawn for f in known)
    if reason and not is_wanted:
        return Decision(State.SKIPPED, reason)
    found = match_organisations(people, book)
    if known:
        return _added(known, found)
    match found:
        case Matched(targets):
            return Decision(State.MATCHED, targets=targets)
        case Ambiguous(candidates):
            return Decision(State.PARKED, Reason.AMBIGUOUS, candidates=candidates)
        case NoMatch() if is_unlinked_filed:
            return Decision(State.MATCHED, targets=(Target(0, None, MatchedBy.NONE),))
        case NoMatch():
            return Decision(State.WAITING, Reason.NO_CONTACT)


def exclusion_reason(
    mail: AddressedMail, people: Sequence[Party], internals: Internals, never: NeverSync
) -> Reason | None:
    """Why a mail is left out that is about these people, None = it is not."""
    people = (*participants(mail), *people)
    behind = (*mail.reply_to, mail.sent_by) if mail.sent_by else mail.reply_to
    if any(party in never for party in (*people, *behind)):
        return Reason.NEVER_LIST
    if not any(party.address for party in people):
        return Reason.NO_ADDRESS
    if all(party in internals for party in people):
        return Reason.ONLY_COLLEAGUES
    return None


def _added(known: Sequence[Filing], found: Matched | Ambiguous | NoMatch) -> Decision:
    """A mail that has filings: another copy may name more people. A person's choice wins."""
    is_chosen = any(f.how is MatchedBy.PERSON for f in known)
    under = {f.organisation_id for f in known}
    targets = found.targets if isinstance(found, Matched) and not is_chosen else ()
    new = tuple(t for t in targets if t.organisation_id not in under)
    standing = [f for f in known if not f.is_withdrawn]
    is_done = not new and bool(standing) and all(f.is_complete for f in standing)
    return Decision(State.FILED if is_done else State.MATCHED, targets=new)


def _to_revive(known: Sequence[Filing]) -> list[int]:
    """The filings of a mail that was taken back as a whole which stand again once it is synced.

    Not those that gave way to another Organisation, unless nothing else is left.
    """
    if any(not f.is_withdrawn for f in known):
        return []
    return [f.id for f in known if not f.is_replaced] or [f.id for f in known]


def _carry_out(context: Context, tx: Tx, decided: Sequence[tuple[Email, Decision]]) -> None:
    """Write decisions down, in few statements whatever their number."""
    planned = {
        email.id: [
            (t, filing_key(context.tenant_id, email.key, t.organisation_id))
            for t in decision.targets
        ]
        for email, decision in decided
        if decision.targets
    }
    if planned:
        filings.plan_all(tx, planned)
    alike: dict[tuple[State, Reason | None], list[int]] = {}
    for email, decision in decided:
        alike.setdefault((decision.state, decision.reason), []).append(email.id)
    for (state, reason), ids in alike.items():
        transitions.decide(tx, ids, to=state, reason=reason)
        if state in {State.SKIPPED, State.FILED}:
            emails.forget_contents(tx, ids)
    tx.record_events(_line(email, d) for email, d in decided if d.targets or d.state in _TOLD)


#: A mail whose filings were planned before has no news; one that is filed tells so itself.
_TOLD = frozenset({State.SKIPPED, State.WAITING, State.PARKED})


def _line(email: Email, decision: Decision) -> NewEvent:
    facts = {
        "reason": decision.reason.value if decision.reason else None,
        "organisations": [t.organisation_id for t in decision.targets],
        "candidates": [t.organisation_id for t in decision.candidates],
    }
    return NewEvent(EventKind(decision.state), email_id=email.id, facts=facts)
