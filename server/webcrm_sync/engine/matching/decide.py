"""Decides from the directory alone under which Organisations each found mail is filed."""

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
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.matching import (
    Ambiguous,
    Directory,
    Matched,
    MatchedBy,
    NoMatch,
    Target,
    match_organisations,
)
from webcrm_sync.core.message import PRIVATE, Party
from webcrm_sync.core.states import OVERRULED, Reason, State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.matching import places
from webcrm_sync.engine.matching.manual_choice import apply_choices
from webcrm_sync.store import (
    activity_updates,
    directory,
    emails,
    filings,
    mailboxes,
    private_mails,
    sync_requests,
)
from webcrm_sync.store.activity_updates import UpdateKind
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.events import NewEvent
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import transitions, undecided
from webcrm_sync.store.items.locks import lock_company


@dataclass(frozen=True, slots=True)
class Decision:
    """The next state of a found mail, and the Organisations it is filed under.

    `candidates`: several Organisations are possible, and a person must choose.
    """

    state: State
    reason: Reason | None = None
    targets: tuple[Target, ...] = ()
    candidates: tuple[Target, ...] = ()


def match_batch(context: Context, email_ids: Sequence[int]) -> None:
    """Decide these found mails in one transaction. A mail that raises is set aside."""
    isolate.run_batch(
        context, Job.MATCH, email_ids, partial(match_these, context), incidents.hold_mail
    )


def match_these(context: Context, email_ids: Sequence[int]) -> None:
    """Decide those of these mails that are still found. A person's choice wins."""
    with context.begin() as tx:
        lock_company(tx)  # A person may be choosing at this moment.
        decide(context, tx, [email for email, _ in undecided.read(tx, email_ids)])


def decide(context: Context, tx: Tx, found: Sequence[Email]) -> None:
    """Decide these mails and save the decisions. Hold `lock_company`."""
    if not found:
        return
    ids = [email.id for email in found]
    internals = mailboxes.internals(tx, context.settings.internal_domains)
    open_addresses = undecided.addresses(tx, ids)
    known = filings.of_emails(tx, ids)
    addresses = {address for email_id in ids for address in open_addresses[email_id]}
    lookup = directory.look_up(tx, addresses, map(domain_of, addresses))
    if again := [email_id for email_id in ids if known[email_id]]:
        filings.release_held(tx, again)
    chosen = sync_requests.chosen_for(tx, ids)
    never = NeverSync.of(context.settings.never_sync)
    unasked = private_mails.moved_by_rules(tx, [e.id for e in found if e.sensitivity in PRIVATE])
    decided = []
    for email in found:
        people = externals_on(email, open_addresses[email.id], internals)
        decision = decision_for(
            email,
            people,
            known[email.id],
            internals=internals,
            directory=lookup,
            never=never,
            is_unlinked_filed=context.settings.unmatched == "unlinked",
            is_unasked=email.id in unasked,
        )
        if email.id in chosen and decision.reason is not Reason.NEVER_LIST:
            apply_choices(context, tx, email, chosen[email.id])
        else:
            decided.append((email, decision))
            # A person who moves the mail in again wants it in webCRM again.
            if decision.state is State.MATCHED:
                restored = [f.id for f in places.to_restore(known[email.id])]
                activity_updates.request(tx, restored, UpdateKind.RESTORE)
    _save(context, tx, decided)


def externals_on(email: Email, addresses: Sequence[str], internals: Internals) -> list[Party]:
    """The external ones of these addresses, in the order of the mail: its sender comes first."""
    people = participants(email) + email.reply_to
    order = {party.folded: n for n, party in reversed([*enumerate(people)])}
    external = [party for party in map(Party, addresses) if party not in internals]
    relevant = relevant_people(external, email)
    return sorted(relevant, key=lambda party: (order.get(party.folded, len(order)), party.folded))


def decision_for(
    email: Email,
    people: Sequence[Party],
    known: Sequence[Filing],
    *,
    internals: Internals,
    directory: Directory,
    never: NeverSync,
    is_unlinked_filed: bool,
    is_unasked: bool = False,
) -> Decision:
    """The decision on one mail. Pure.

    `people`: its external addresses without a filing yet. `is_unasked`: it is private, and only
    rules moved it.
    """
    reason = exclusion_reason(email, people, internals, never)
    is_overruled = reason in OVERRULED and any(not f.is_withdrawn for f in known)
    if reason and not is_overruled:
        return Decision(State.SKIPPED, reason)
    if is_unasked and all(f.is_withdrawn for f in known):
        return Decision(State.PARKED, Reason.PRIVATE)
    found = match_organisations(people, directory)
    if known:
        return _decision_for_known(known, found)
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
    """Why a mail with these people is skipped; None = it is filed."""
    people = (*participants(mail), *people)
    repliers = (*mail.reply_to, mail.sent_by) if mail.sent_by else mail.reply_to
    if any(party in never for party in (*people, *repliers)):
        return Reason.NEVER_LIST
    if not any(party.address for party in people):
        return Reason.NO_ADDRESS
    if all(party in internals for party in people):
        return Reason.ONLY_COLLEAGUES
    return None


def _decision_for_known(known: Sequence[Filing], found: Matched | Ambiguous | NoMatch) -> Decision:
    """The decision on a mail that has filings: its new copy may name more people.

    A person's choice of Organisations stays as it is.
    """
    is_by_person = places.is_by_person(known)
    filed_under = {f.organisation_id for f in known}
    targets = found.targets if isinstance(found, Matched) and not is_by_person else ()
    new = tuple(t for t in targets if t.organisation_id not in filed_under)
    active = [f for f in known if not f.is_withdrawn]
    is_done = not new and bool(active) and all(f.is_complete for f in active)
    return Decision(State.FILED if is_done else State.MATCHED, targets=new)


def _save(context: Context, tx: Tx, decided: Sequence[tuple[Email, Decision]]) -> None:
    """Save decisions, in a fixed number of statements."""
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
    by_outcome: dict[tuple[State, Reason | None], list[int]] = {}
    for email, decision in decided:
        by_outcome.setdefault((decision.state, decision.reason), []).append(email.id)
    if any(decision.state is State.MATCHED for _, decision in decided):
        tx.defer(Job.FILE, tx.company_id)
    for (state, reason), ids in by_outcome.items():
        transitions.decide(tx, ids, to=state, reason=reason)
        if state in {State.SKIPPED, State.FILED}:
            emails.forget_contents(tx, ids)
    tx.record_events(
        _event_of(email, d) for email, d in decided if d.targets or d.state in _RECORDED
    )


#: Decisions without new Organisations that are events. MATCHED is none, and FILED records its own.
_RECORDED = frozenset({State.SKIPPED, State.WAITING, State.PARKED})


def _event_of(email: Email, decision: Decision) -> NewEvent:
    facts = {
        "reason": decision.reason.value if decision.reason else None,
        "organisations": [t.organisation_id for t in decision.targets],
        "candidates": [t.organisation_id for t in decision.candidates],
    }
    return NewEvent(EventKind(decision.state), email_id=email.id, facts=facts)
