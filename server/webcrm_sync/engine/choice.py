"""A person's choice of Organisations for a mail: what it changes, and its writing down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webcrm_sync.core.direction import externals
from webcrm_sync.core.filing import filing_key
from webcrm_sync.core.matching import Directory, How, Target, contacts_of
from webcrm_sync.core.message import Party
from webcrm_sync.core.states import State
from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import asked, directory, emails, filings, mailboxes
from webcrm_sync.store.asked import MOVE, STAND, Wish
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing

#: States in which a copy has not reached webCRM, so that a choice takes it further.
_OPEN = (State.FOUND, State.WAITING, State.PARKED)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a choice changes. `new`: Organisations to be filed under.

    `moves`: by filing id, the Organisation its Activity is moved to; `kept`: filings that stand
    under a chosen one already; `dropped`: filings that were never sent and are not wanted.
    """

    new: tuple[int, ...]
    moves: Mapping[int, int]
    kept: tuple[int, ...]
    dropped: tuple[int, ...]


def plan(known: Sequence[Filing], wishes: Mapping[int, Wish], chosen: Sequence[int]) -> Choice:
    """What has to change so that the mail stands under every chosen Organisation.

    The only Activity that stands is moved, one that was taken back before another is made; of
    several that stand none is taken away. What matching planned and was never sent is dropped.
    """
    sent = [f for f in known if f.activity_id is not None or f.intent_at is not None]
    places = {f.id: _place(f, wishes) for f in sent}
    unsent = [f for f in known if f not in sent]
    kept = tuple(f.id for f in sent if places[f.id] in chosen)
    taken = {*places.values(), *(f.organisation_id for f in unsent)}
    missing = [o for o in chosen if o not in taken]
    standing = [f for f in sent if not f.is_withdrawn]
    free = [f.id for f in sent if f.is_withdrawn and f.id not in kept]
    free += [f.id for f in standing if len(standing) == 1 and f.id not in kept]
    moves = dict(zip(free, missing, strict=False))
    return Choice(
        new=tuple(missing[len(moves) :]),
        moves=moves,
        kept=kept,
        dropped=tuple(f.id for f in unsent if f.organisation_id not in chosen),
    )


def _place(filing: Filing, wishes: Mapping[int, Wish]) -> int:
    wish = wishes.get(filing.id)
    return (wish.move_to if wish else None) or filing.organisation_id


def settle(
    parts: Parts, tx: Tx, email: Email, chosen: Sequence[int], *, by: str | None = None
) -> None:
    """Write the choice down and let the work begin. Idempotent. Hold `emails.lock`.

    `by`: who chose, None where the press tells it.
    """
    asked.hold_filings(tx, email.id)
    known = filings.of_emails(tx, [email.id])[email.id]
    wishes = asked.wishes(tx, [f.id for f in known])
    choice = plan(known, wishes, chosen)
    asked.drop_filings(tx, choice.dropped)
    _plan_new(parts, tx, email, choice.new, known)
    by_id = {f.id: f for f in known}
    for filing_id in (*choice.kept, *choice.moves):
        filing, wish = by_id[filing_id], wishes.get(filing_id)
        is_back = filing.is_withdrawn or (wish is not None and wish.kind == STAND)
        move_to = choice.moves.get(filing_id) or (wish.move_to if wish else None)
        if is_back or filing_id in choice.moves:
            asked.make_wish(tx, [filing_id], STAND if is_back else MOVE, move_to=move_to)
    asked.mark_chosen(tx, email.id, [*choice.kept, *choice.moves])
    asked.forget_choices(tx, email.id)
    left = filings.of_emails(tx, [email.id])[email.id]
    is_done = all(f.is_complete for f in left)  # another copy brought it there before
    emails.move_items(tx, [email.id], to=State.FILED if is_done else State.MATCHED, of=_OPEN)
    tx.tell("chosen", email_id=email.id, organisations=list(chosen), by=by)
    tx.defer("file", tx.company_id)


def _plan_new(
    parts: Parts, tx: Tx, email: Email, new: Sequence[int], known: Sequence[Filing]
) -> None:
    """Plan filings under these Organisations, each with the person there who is on the mail."""
    if not new:
        return
    internals = mailboxes.internals(tx, parts.settings.internal_domains)
    people = externals(email, internals)
    book = directory.look_up(tx, [p.folded for p in people], ())
    taken = {f.key for f in known}
    planned = [
        (
            Target(organisation_id, person_at(people, book, organisation_id), How.PERSON),
            _free_key(parts.tenant_id, email.key, organisation_id, taken),
        )
        for organisation_id in new
    ]
    filings.plan(tx, email.id, planned)


def person_at(people: Sequence[Party], book: Directory, organisation_id: int) -> int | None:
    """The first of these people who is a contact of the Organisation."""
    there = [c for c in book.contacts if c.organisation_id == organisation_id]
    found = (contact.person_id for person in people for contact in contacts_of(person, there))
    return next(found, None)


def _free_key(company: str, email_key: str, organisation_id: int, taken: set[str]) -> str:
    """The filing's key; another one where an Activity carries it that was moved away since."""
    key, number = filing_key(company, email_key, organisation_id), 1
    while key in taken:
        number += 1
        key = filing_key(company, f"{email_key} {number}", organisation_id)
    return key
