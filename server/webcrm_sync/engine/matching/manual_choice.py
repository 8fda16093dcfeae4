"""A person's choice of Organisations for a mail: what it changes, and its writing down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webcrm_sync.core.direction import external_people
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import free_filing_key
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.matching import Directory, MatchedBy, Target, find_contacts
from webcrm_sync.core.message import Party
from webcrm_sync.engine.context import Context
from webcrm_sync.store import activity_updates, directory, filings, mailboxes, sync_requests
from webcrm_sync.store.activity_updates import ActivityUpdate, UpdateKind
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import transitions

#: Why a change is refused, in words for the caller of the API.
SEVERAL = "The mail is filed under several Organisations. Say which of them is replaced."
NOT_THERE = "The mail is not filed under the Organisation that is to be replaced, or not any more."


@dataclass(frozen=True, slots=True)
class Choice:
    """What a choice changes. `new`: Organisations to be filed under.

    `moves`: by filing id, the Organisation its Activity is moved to; `kept`: filings that are
    under a wanted one already; `taken_back`: filings that give way to one that is there already;
    `dropped`: filings that were never sent and are not wanted.
    """

    new: tuple[int, ...]
    moves: Mapping[int, int]
    kept: tuple[int, ...]
    taken_back: tuple[int, ...]
    dropped: tuple[int, ...]

    @property
    def is_nothing(self) -> bool:
        """True when the mail is already where it is wanted, apart from what was taken back."""
        return not (self.new or self.moves or self.taken_back or self.dropped)


def with_chosen(
    known: Sequence[Filing], wishes: Mapping[int, ActivityUpdate], chosen: Sequence[int]
) -> tuple[int, ...]:
    """Where a mail belongs after a choice that came with the button.

    A guess that was never sent gives way, and so does the only Activity that stands. Of several
    that stand none is taken away: nobody said which one.
    """
    sent = [_place(f, wishes) for f in known if not f.is_withdrawn and not f.is_fresh]
    return tuple(dict.fromkeys([*chosen, *(sent if len(sent) > 1 else ())]))


def with_changed(
    known: Sequence[Filing], wishes: Mapping[int, ActivityUpdate], chosen: int, replaces: int | None
) -> tuple[int, ...]:
    """Where a mail belongs after a person put `chosen` in the place of `replaces`.

    None = of the only Organisation, or of all where nothing but guesses exists. Never one more
    than before. Raises Refused where it is not clear which one gives way.
    """
    standing = [f for f in known if not f.is_withdrawn]
    places = [_place(f, wishes) for f in standing]
    is_guess = all(f.is_fresh and f.how is not MatchedBy.PERSON for f in standing)
    if replaces is None and is_guess:
        return (chosen,)
    if chosen in places and (replaces is None or replaces not in places):
        return tuple(places)
    if replaces is None and len(places) > 1:
        raise Refused(SEVERAL, code="SeveralOrganisations")
    if replaces is not None and replaces not in places:
        raise Refused(NOT_THERE, code="NotFiledThere")
    gives_way = places[0] if replaces is None else replaces
    return tuple(dict.fromkeys(chosen if place == gives_way else place for place in places))


def plan(
    known: Sequence[Filing], wishes: Mapping[int, ActivityUpdate], wanted: Sequence[int]
) -> Choice:
    """What has to change so that the mail is under exactly these Organisations."""
    standing = [f for f in known if not f.is_withdrawn]
    sent = [f for f in standing if not f.is_fresh]
    reusable = [*sent, *(f for f in known if f.is_withdrawn)]
    seats = _seats(known, reusable, wishes, wanted)
    is_there = {f.id: seats.get(f.id) == _place(f, wishes) for f in reusable}
    return Choice(
        new=tuple(o for o in wanted if o not in seats.values()),
        moves={i: seats[i] for i in is_there if i in seats and not is_there[i]},
        kept=tuple(i for i in is_there if is_there[i]),
        taken_back=tuple(f.id for f in sent if f.id not in seats),
        dropped=tuple(f.id for f in standing if f.is_fresh and f.id not in seats),
    )


def _seats(
    known: Sequence[Filing],
    reusable: Sequence[Filing],
    wishes: Mapping[int, ActivityUpdate],
    wanted: Sequence[int],
) -> Mapping[int, int]:
    """By filing id the wanted Organisation that it takes.

    A filing keeps the Organisation that it has now if that is wanted, even when it was to be
    moved away: so no two filings of one mail ever meet under one Organisation. Others take what
    is left, those that were taken back last, before another Activity is made.
    """
    seats = {f.id: f.organisation_id for f in known if f.organisation_id in wanted}
    for filing in reusable:
        place = _place(filing, wishes)
        if filing.id not in seats and place in wanted and place not in seats.values():
            seats[filing.id] = place
    free = (f.id for f in reusable if f.id not in seats)
    left = [o for o in wanted if o not in seats.values()]
    return {**seats, **dict(zip(free, left, strict=False))}


def _place(filing: Filing, wishes: Mapping[int, ActivityUpdate]) -> int:
    wish = wishes.get(filing.id)
    return (wish.move_to if wish else None) or filing.organisation_id


def apply_choice(
    context: Context, tx: Tx, email: Email, chosen: Sequence[int], *, by: str | None = None
) -> None:
    """Follow what was chosen with the button. Idempotent. Call `lock_company` first.

    `by`: who chose, None where the press tells it.
    """
    known, wishes = _now(tx, email)
    wanted = with_chosen(known, wishes, chosen)
    _carry_out(context, tx, email, known, wishes, plan(known, wishes, wanted))
    tx.record_event(EventKind.CHOSEN, email_id=email.id, organisations=list(chosen), by=by)


def change(
    context: Context, tx: Tx, email: Email, chosen: int, *, replaces: int | None, by: str
) -> None:
    """Put the mail under another Organisation, see `with_changed`. Idempotent. Raises Refused.

    `by`: who chose. Call `lock_company` first.
    """
    known, wishes = _now(tx, email)
    choice = plan(known, wishes, with_changed(known, wishes, chosen, replaces))
    is_news = _carry_out(context, tx, email, known, wishes, choice)
    if is_news:
        tx.record_event(EventKind.CHOSEN, email_id=email.id, organisations=[chosen], by=by)


def _now(tx: Tx, email: Email) -> tuple[Sequence[Filing], Mapping[int, ActivityUpdate]]:
    """The mail's filings, which nobody sends meanwhile, and what is still to be told of them."""
    filings.lock_filings(tx, email.id)
    known = filings.of_emails(tx, [email.id])[email.id]
    return known, activity_updates.read_all(tx, [f.id for f in known])


def _carry_out(
    context: Context,
    tx: Tx,
    email: Email,
    known: Sequence[Filing],
    wishes: Mapping[int, ActivityUpdate],
    choice: Choice,
) -> bool:
    """Write the choice down and let the work begin; True when that changed anything."""
    filings.drop_unsent(tx, choice.dropped)
    _plan_new(context, tx, email, choice.new, known)
    by_id = {f.id: f for f in known}
    revived = [i for i in choice.kept if by_id[i].is_withdrawn]
    for filing_id in (*choice.kept, *choice.moves):
        filing, wish = by_id[filing_id], wishes.get(filing_id)
        is_back = filing.is_withdrawn or (wish is not None and wish.kind == UpdateKind.RESTORE)
        move_to = choice.moves.get(filing_id) or (wish.move_to if wish else None)
        if is_back or filing_id in choice.moves:
            activity_updates.request(
                tx, [filing_id], UpdateKind.RESTORE if is_back else UpdateKind.MOVE, move_to=move_to
            )
    activity_updates.request(tx, choice.taken_back, UpdateKind.WITHDRAW, is_replaced=True)
    filings.mark_chosen(tx, email.id, [*choice.kept, *choice.moves])
    sync_requests.forget_choices(tx, email.id)
    left = filings.of_emails(tx, [email.id])[email.id]
    is_done = all(f.is_complete for f in left)  # another copy brought it there before
    is_taken_up = transitions.follow_choice(tx, email.id, is_filed=is_done)
    tx.defer(Job.FILE, tx.company_id)
    return bool(revived or is_taken_up) or not choice.is_nothing


def _plan_new(
    context: Context, tx: Tx, email: Email, new: Sequence[int], known: Sequence[Filing]
) -> None:
    """Plan filings under these Organisations, each with the person there who is on the mail."""
    if not new:
        return
    internals = mailboxes.internals(tx, context.settings.internal_domains)
    people = external_people(email, internals)
    book = directory.look_up(tx, [p.folded for p in people], ())
    taken = {f.key for f in known}
    planned = [
        (
            Target(organisation_id, person_at(people, book, organisation_id), MatchedBy.PERSON),
            free_filing_key(context.tenant_id, email.key, organisation_id, taken=taken),
        )
        for organisation_id in new
    ]
    filings.plan(tx, email.id, planned)


def person_at(people: Sequence[Party], book: Directory, organisation_id: int) -> int | None:
    """The first of these people who is a contact of the Organisation."""
    there = [c for c in book.contacts if c.organisation_id == organisation_id]
    found = (contact.person_id for person in people for contact in find_contacts(person, there))
    return next(found, None)
