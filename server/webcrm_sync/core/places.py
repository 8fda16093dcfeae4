"""The places of a mail: what a person's edit makes of them. Pure.

A place is an Organisation, named by its id. 0 stands for a mail that is filed without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from webcrm_sync.core import phrases
from webcrm_sync.core.errors import Refused

#: The most places of one mail. Each is an Activity with a copy of the mail's attachments.
MOST_PLACES = 20
#: Why an edit is refused. The caller of the API sees this sentence.
LAST_PLACE = "This is the only place of the mail. Undo takes the mail out of webCRM."


@dataclass(frozen=True, slots=True)
class AddPlace:
    """File the mail under this Organisation too."""

    organisation_id: int


@dataclass(frozen=True, slots=True)
class RemovePlace:
    """Take the mail away from this Organisation."""

    organisation_id: int


@dataclass(frozen=True, slots=True)
class MovePlace:
    """File the mail under `to` instead of this Organisation."""

    organisation_id: int
    to: int


PlaceEdit = AddPlace | RemovePlace | MovePlace


@dataclass(frozen=True, slots=True)
class ChosenPlaces:
    """What a person chose when they synced a mail; without any Organisation nothing.

    `is_exact`: these are all its places, else they replace what matching found. `removed`: places
    that the person saw and took off the list. `opportunities`: by Organisation.
    """

    organisations: tuple[int, ...] = ()
    is_exact: bool = False
    removed: tuple[int, ...] = ()
    opportunities: tuple[tuple[int, int], ...] = ()


#: The places are those that matching finds.
NO_CHOICE = ChosenPlaces()


def edit_list(shown: Sequence[int], chosen: ChosenPlaces, after: Sequence[int]) -> ChosenPlaces:
    """The exact list `after` an edit of the places that are `shown`."""
    removed = dict.fromkeys([*chosen.removed, *shown])
    return replace(
        chosen,
        organisations=tuple(after),
        is_exact=True,
        removed=tuple(o for o in removed if o not in after),
    )


def with_opportunity(
    chosen: ChosenPlaces, organisation_id: int, opportunity_id: int | None
) -> ChosenPlaces:
    """The same places, this one with the Opportunity, None = without one."""
    others = {o: op for o, op in chosen.opportunities if o != organisation_id}
    pairs = {**others, organisation_id: opportunity_id} if opportunity_id else others
    return replace(chosen, opportunities=tuple(pairs.items()))


def merge(choices: Sequence[ChosenPlaces]) -> ChosenPlaces:
    """What several people chose for one mail before it was filed: no choice of any is lost."""
    wanted = tuple(dict.fromkeys(o for one in choices for o in one.organisations))
    removed = dict.fromkeys(o for one in choices for o in one.removed if o not in wanted)
    return ChosenPlaces(
        wanted,
        is_exact=any(one.is_exact for one in choices),
        removed=tuple(removed),
        opportunities=tuple({o: op for one in choices for o, op in one.opportunities}.items()),
    )


def apply_edit(places: Sequence[int], edit: PlaceEdit) -> tuple[int, ...]:
    """The places after the edit, each once. Idempotent. Raises Refused.

    An edit never takes the last place away: only Undo does.

    >>> apply_edit((7, 8), MovePlace(8, to=9))
    (7, 9)
    """
    if isinstance(edit, AddPlace):
        return _add(places, edit.organisation_id)
    if isinstance(edit, RemovePlace):
        return _remove(places, edit.organisation_id)
    return _move(places, edit.organisation_id, edit.to)


def _add(places: Sequence[int], organisation_id: int) -> tuple[int, ...]:
    """The first Organisation ends that the mail is filed without one."""
    after = tuple(dict.fromkeys([*filter(None, places), organisation_id]))
    if len(after) > max(MOST_PLACES, len(places)):
        raise Refused(phrases.TOO_MANY_PLACES.fill(most=MOST_PLACES), code="TooManyPlaces")
    return after


def _remove(places: Sequence[int], organisation_id: int) -> tuple[int, ...]:
    after = tuple(place for place in places if place != organisation_id)
    if places and not after:
        raise Refused(LAST_PLACE, code="LastPlace")
    return after


def _move(places: Sequence[int], organisation_id: int, to: int) -> tuple[int, ...]:
    if organisation_id not in places:
        if to in places:
            return tuple(places)
        raise Refused(phrases.NOT_THERE.english, code="NotFiledThere")
    return tuple(dict.fromkeys(to if place == organisation_id else place for place in places))
