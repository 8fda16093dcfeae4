"""Where a mail is filed now, by its filings and the changes that webCRM has yet to receive. Pure.

Once a person has chosen, added, moved or taken away a place of a mail, matching changes none of
its places any more: `is_by_person`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webcrm_sync.core.places import ChosenPlaces
from webcrm_sync.store.activity_updates import ActivityUpdate
from webcrm_sync.store.filings import Filing


def place_of(filing: Filing, updates: Mapping[int, ActivityUpdate]) -> int:
    """The Organisation of the filing, once a pending move is done."""
    update = updates.get(filing.id)
    return (update.move_to if update else None) or filing.organisation_id


def standing(known: Sequence[Filing], updates: Mapping[int, ActivityUpdate]) -> tuple[int, ...]:
    """The places of a mail; none while it is taken back as a whole."""
    return tuple(place_of(f, updates) for f in known if not f.is_withdrawn)


def is_by_person(known: Sequence[Filing]) -> bool:
    """True if a person has decided the mail's places."""
    return any(f.is_by_person for f in known)


def is_guess(known: Sequence[Filing]) -> bool:
    """True while matching alone decided the mail's present places, and webCRM has none of them."""
    return all(f.is_withdrawn or (f.is_fresh and not f.is_by_person) for f in known)


def to_restore(known: Sequence[Filing]) -> tuple[Filing, ...]:
    """The filings to restore when a mail that was taken back as a whole is synced again.

    A place that a person took away before stays away, unless there is no other.
    """
    if any(not f.is_withdrawn for f in known):
        return ()
    return tuple(f for f in known if not f.is_replaced) or tuple(known)


def with_exact(
    known: Sequence[Filing], updates: Mapping[int, ActivityUpdate], chosen: ChosenPlaces
) -> tuple[int, ...]:
    """The places of a mail after a person synced it with an exact list.

    What the person did not see stays: an Activity that a colleague's copy brought to webCRM
    meanwhile, and a place that another person chose.
    """
    unseen = (p for p in standing(known, updates) if p not in chosen.removed)
    kept = () if is_guess(known) else unseen
    return tuple(dict.fromkeys([*kept, *chosen.organisations]))
