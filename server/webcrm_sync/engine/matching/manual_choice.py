"""A person's choice of Organisations for a mail: `plan` says what changes, the rest saves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webcrm_sync.core import phrases
from webcrm_sync.core.direction import external_people
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import free_filing_key
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.matching import MatchedBy, Target, find_person
from webcrm_sync.core.places import ChosenPlaces, merge
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.matching.opportunity_choice import set_opportunity
from webcrm_sync.engine.matching.places import is_guess, place_of, with_exact
from webcrm_sync.store import activity_updates, directory, filings, mailboxes, sync_requests
from webcrm_sync.store.activity_updates import ActivityUpdate, UpdateKind
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.events import NewEvent
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import transitions


@dataclass(frozen=True, slots=True)
class Chooser:
    """Who chooses places, by the own mailbox. `name`: None if another event says it."""

    mailbox_id: int
    name: str | None = None

    @property
    def facts(self) -> Mapping[str, object]:
        """What an event says about the person."""
        return {"by": self.name, "by_mailbox": self.mailbox_id}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a choice changes.

    `new`: Organisations that get a new filing. `moves`: by filing id, the Organisation that its
    Activity moves to. `kept`: filings that are under a wanted Organisation already.
    `taken_back`: sent filings that are not wanted and are withdrawn. `dropped`: filings that
    were never sent and are not wanted.
    """

    new: tuple[int, ...]
    moves: Mapping[int, int]
    kept: tuple[int, ...]
    taken_back: tuple[int, ...]
    dropped: tuple[int, ...]

    @property
    def is_nothing(self) -> bool:
        """True when the mail is where the person wants it, apart from withdrawn filings."""
        return not (self.new or self.moves or self.taken_back or self.dropped)


def with_chosen(
    known: Sequence[Filing], updates: Mapping[int, ActivityUpdate], chosen: Sequence[int]
) -> tuple[int, ...]:
    """The Organisations of a mail after a person chose some with the *Sync* button.

    The choice replaces filings that were never sent, and an Activity that is the only one. Of
    several Activities all stay: the person did not say which one to replace.
    """
    sent = [place_of(f, updates) for f in known if not f.is_withdrawn and not f.is_fresh]
    return tuple(dict.fromkeys([*chosen, *(sent if len(sent) > 1 else ())]))


def with_changed(
    known: Sequence[Filing],
    updates: Mapping[int, ActivityUpdate],
    chosen: int,
    replaces: int | None,
) -> tuple[int, ...]:
    """The Organisations of a mail after a person replaced `replaces` by `chosen`.

    `replaces` None = the only Organisation, or all of them while no filing was sent or chosen.
    Never returns more Organisations than before. Raises Refused when it is unclear which one to
    replace.
    """
    standing = [f for f in known if not f.is_withdrawn]
    places = [place_of(f, updates) for f in standing]
    if replaces is None and is_guess(known):
        return (chosen,)
    if chosen in places and (replaces is None or replaces not in places):
        return tuple(places)
    if replaces is None and len(places) > 1:
        raise Refused(phrases.SEVERAL_PLACES.english, code="SeveralOrganisations")
    if replaces is not None and replaces not in places:
        raise Refused(phrases.NOT_THERE.english, code="NotFiledThere")
    gives_way = places[0] if replaces is None else replaces
    return tuple(dict.fromkeys(chosen if place == gives_way else place for place in places))


def plan(
    known: Sequence[Filing], updates: Mapping[int, ActivityUpdate], wanted: Sequence[int]
) -> Choice:
    """The changes after which the mail is filed under exactly the `wanted` Organisations. Pure."""
    standing = [f for f in known if not f.is_withdrawn]
    sent = [f for f in standing if not f.is_fresh]
    reusable = [*sent, *(f for f in known if f.is_withdrawn)]
    targets = _targets(known, reusable, updates, wanted)
    is_in_place = {f.id: targets.get(f.id) == place_of(f, updates) for f in reusable}
    return Choice(
        new=tuple(o for o in wanted if o not in targets.values()),
        moves={i: targets[i] for i in is_in_place if i in targets and not is_in_place[i]},
        kept=tuple(i for i in is_in_place if is_in_place[i]),
        taken_back=tuple(f.id for f in sent if f.id not in targets),
        dropped=tuple(f.id for f in standing if f.is_fresh and f.id not in targets),
    )


def _targets(
    known: Sequence[Filing],
    reusable: Sequence[Filing],
    updates: Mapping[int, ActivityUpdate],
    wanted: Sequence[int],
) -> Mapping[int, int]:
    """By filing id, the wanted Organisation that the filing gets.

    A filing keeps its present Organisation if that is wanted, even when a move away from it was
    planned: so no two filings of one mail are ever under one Organisation. The other filings get
    what is left, withdrawn ones last, before a new Activity is created.
    """
    targets = {f.id: f.organisation_id for f in known if f.organisation_id in wanted}
    for filing in reusable:
        place = place_of(filing, updates)
        if filing.id not in targets and place in wanted and place not in targets.values():
            targets[filing.id] = place
    free = (f.id for f in reusable if f.id not in targets)
    left = [o for o in wanted if o not in targets.values()]
    return {**targets, **dict(zip(free, left, strict=False))}


def apply_choices(
    context: Context, tx: Tx, email: Email, choices: Sequence[sync_requests.Choice]
) -> None:
    """Apply what people chose when they pressed *Sync* for copies of this mail. Idempotent.

    Hold `lock_company`.
    """
    chosen = merge([one.chosen for one in choices])
    known, updates = read_current(tx, email)
    wanted = (
        with_exact(known, updates, chosen)
        if chosen.is_exact
        else with_chosen(known, updates, chosen.organisations)
    )
    save_choice(context, tx, email, known, updates, plan(known, updates, wanted))
    for one in choices:
        _set_opportunities(tx, email, one)
    tx.record_events(
        _chosen_event(email, one.chosen.organisations, Chooser(one.mailbox_id, one.by))
        for one in choices
    )


def _set_opportunities(tx: Tx, email: Email, choice: sync_requests.Choice) -> None:
    """File the mail under the chosen Opportunities, apart from those that were closed meanwhile."""
    for organisation_id, opportunity_id in choice.chosen.opportunities:
        try:
            set_opportunity(tx, email, organisation_id, opportunity_id, by=choice.by)
        except Refused as error:
            tx.record_event(EventKind.CHANGE_REFUSED, email_id=email.id, detail=str(error))


def apply_choice(context: Context, tx: Tx, email: Email, chosen: ChosenPlaces, by: Chooser) -> None:
    """Apply a choice for a mail that has an item already, see `apply_choices`."""
    pending = sync_requests.chosen_for(tx, [email.id]).get(email.id, ())
    choices = [*pending, sync_requests.Choice(by.mailbox_id, chosen, by.name)]
    apply_choices(context, tx, email, choices)


def _chosen_event(email: Email, organisations: Sequence[int], by: Chooser) -> NewEvent:
    facts = {"organisations": list(organisations), **by.facts}
    return NewEvent(EventKind.CHOSEN, email_id=email.id, facts=facts)


def change(
    context: Context, tx: Tx, email: Email, chosen: int, *, replaces: int | None, by: Chooser
) -> None:
    """File the mail under another Organisation, see `with_changed`. Idempotent. Raises Refused.

    Hold `lock_company`.
    """
    known, updates = read_current(tx, email)
    choice = plan(known, updates, with_changed(known, updates, chosen, replaces))
    if save_choice(context, tx, email, known, updates, choice):
        tx.record_events([_chosen_event(email, [chosen], by)])


def read_current(tx: Tx, email: Email) -> tuple[Sequence[Filing], Mapping[int, ActivityUpdate]]:
    """The mail's filings, locked until the end of `tx`, and their pending updates."""
    filings.lock_filings(tx, email.id)
    known = filings.of_emails(tx, [email.id])[email.id]
    return known, activity_updates.read_all(tx, [f.id for f in known])


def save_choice(
    context: Context,
    tx: Tx,
    email: Email,
    known: Sequence[Filing],
    updates: Mapping[int, ActivityUpdate],
    choice: Choice,
) -> bool:
    """Save the choice and enqueue its work. True when anything changed."""
    filings.drop_unsent(tx, choice.dropped)
    _plan_new(context, tx, email, choice.new, known)
    by_id = {f.id: f for f in known}
    restored = [i for i in choice.kept if by_id[i].is_withdrawn]
    for filing_id in (*choice.kept, *choice.moves):
        filing, update = by_id[filing_id], updates.get(filing_id)
        is_restored = filing.is_withdrawn or (
            update is not None and update.kind == UpdateKind.RESTORE
        )
        move_to = choice.moves.get(filing_id) or (update.move_to if update else None)
        if is_restored or filing_id in choice.moves:
            activity_updates.request(
                tx,
                [filing_id],
                UpdateKind.RESTORE if is_restored else UpdateKind.MOVE,
                move_to=move_to,
            )
    activity_updates.request(tx, choice.taken_back, UpdateKind.WITHDRAW, is_replaced=True)
    filings.mark_replaced(tx, email.id)
    filings.mark_chosen(tx, email.id, [*choice.kept, *choice.moves])
    sync_requests.forget_choices(tx, email.id)
    remaining = filings.of_emails(tx, [email.id])[email.id]
    is_done = all(f.is_complete for f in remaining)  # Another copy filed the mail before.
    has_moved_on = transitions.follow_choice(tx, email.id, is_filed=is_done)
    tx.defer(Job.FILE, tx.company_id)
    return bool(restored or has_moved_on) or not choice.is_nothing


def _plan_new(
    context: Context, tx: Tx, email: Email, new: Sequence[int], known: Sequence[Filing]
) -> None:
    """Plan filings under these Organisations, each with the contact there who is on the mail."""
    if not new:
        return
    internals = mailboxes.internals(tx, context.settings.internal_domains)
    people = external_people(email, internals)
    lookup = directory.look_up(tx, [p.folded for p in people], ())
    taken = {f.key for f in known}
    planned = [
        (
            Target(organisation_id, find_person(people, lookup, organisation_id), MatchedBy.PERSON),
            free_filing_key(context.tenant_id, email.key, organisation_id, taken=taken),
        )
        for organisation_id in new
    ]
    filings.plan(tx, email.id, planned)
