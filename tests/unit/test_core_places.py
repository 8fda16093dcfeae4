"""Edits of places: idempotent, never the last one, and a fold over them is the whole truth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.errors import Refused
from webcrm_sync.core.places import (
    MOST_PLACES,
    NO_CHOICE,
    AddPlace,
    ChosenPlaces,
    MovePlace,
    PlaceEdit,
    RemovePlace,
    apply_edit,
    edit_list,
    merge,
    with_opportunity,
)

ONLY_PLACE = "This is the only place of the mail. Undo takes the mail out of webCRM."
NOT_THERE = "The mail is not filed under that Organisation, or not any more."
TOO_MANY = "A mail can be in 20 places at most. Take one away first."
organisations = st.integers(1, 5)
edits = st.one_of(
    st.builds(AddPlace, organisations),
    st.builds(RemovePlace, organisations),
    st.builds(MovePlace, organisations, organisations),
)


@pytest.mark.parametrize(
    ("places", "edit", "expected"),
    [
        ((7,), AddPlace(8), (7, 8)),
        ((7, 8), AddPlace(7), (7, 8)),
        ((), AddPlace(8), (8,)),
        ((0,), AddPlace(8), (8,)),
        ((7, 8), RemovePlace(7), (8,)),
        ((7, 8), RemovePlace(9), (7, 8)),
        ((), RemovePlace(9), ()),
        ((7, 8), MovePlace(7, 9), (9, 8)),
        ((7, 8), MovePlace(7, 8), (8,)),
        ((7, 8), MovePlace(9, 8), (7, 8)),
        ((7,), MovePlace(7, 7), (7,)),
        ((0,), MovePlace(0, 7), (7,)),
    ],
)
def test_an_edit_changes_one_place(
    places: tuple[int, ...], edit: PlaceEdit, expected: tuple[int, ...]
) -> None:
    assert apply_edit(places, edit) == expected


@pytest.mark.parametrize(
    ("places", "edit", "code", "sentence"),
    [
        ((7,), RemovePlace(7), "LastPlace", ONLY_PLACE),
        ((7, 8), MovePlace(9, 10), "NotFiledThere", NOT_THERE),
        ((), MovePlace(9, 10), "NotFiledThere", NOT_THERE),
        (tuple(range(1, MOST_PLACES + 1)), AddPlace(99), "TooManyPlaces", TOO_MANY),
    ],
)
def test_an_edit_that_cannot_be_is_refused(
    places: tuple[int, ...], edit: PlaceEdit, code: str, sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        apply_edit(places, edit)
    assert (refused.value.code, str(refused.value)) == (code, sentence)


def test_a_mail_with_too_many_places_can_still_be_edited() -> None:
    """Matching has no limit."""
    many = tuple(range(1, MOST_PLACES + 5))
    assert apply_edit(many, AddPlace(1)) == many
    assert len(apply_edit(many, RemovePlace(1))) == len(many) - 1


@given(st.lists(organisations, unique=True).map(tuple), edits)
def test_an_edit_that_is_repeated_changes_nothing_more(
    places: tuple[int, ...], edit: PlaceEdit
) -> None:
    try:
        after = apply_edit(places, edit)
    except Refused:
        return
    assert len(set(after)) == len(after)
    assert bool(after) or not places
    assert apply_edit(after, edit) == after


def test_a_list_remembers_what_was_taken_off_it() -> None:
    first = edit_list((7, 8), ChosenPlaces(opportunities=((7, 70),)), (8, 9))
    assert first == ChosenPlaces((8, 9), is_exact=True, removed=(7,), opportunities=((7, 70),))
    assert edit_list((8, 9), first, (9, 7)).removed == (8,)


def test_no_choice_of_several_people_is_lost() -> None:
    kim = ChosenPlaces((7, 8), is_exact=True, removed=(9, 6), opportunities=((7, 70),))
    eva = ChosenPlaces((8, 9), opportunities=((9, 90),))
    both = ChosenPlaces((7, 8, 9), is_exact=True, removed=(6,), opportunities=((7, 70), (9, 90)))
    assert merge([kim, eva]) == both
    assert merge([]) == NO_CHOICE


@pytest.mark.parametrize(
    ("before", "organisation_id", "opportunity_id", "after"),
    [
        ((), 7, 70, ((7, 70),)),
        (((7, 70),), 7, 71, ((7, 71),)),
        (((7, 70),), 7, 70, ((7, 70),)),
        (((7, 70), (8, 80)), 7, None, ((8, 80),)),
        (((7, 70),), 8, None, ((7, 70),)),
        (((7, 70), (8, 80)), 8, 81, ((7, 70), (8, 81))),
    ],
)
def test_a_place_has_one_opportunity_or_none(
    before: tuple[tuple[int, int], ...],
    organisation_id: int,
    opportunity_id: int | None,
    after: tuple[tuple[int, int], ...],
) -> None:
    chosen = ChosenPlaces((7, 8), is_exact=True, removed=(9,), opportunities=before)
    expected = ChosenPlaces((7, 8), is_exact=True, removed=(9,), opportunities=after)
    assert with_opportunity(chosen, organisation_id, opportunity_id) == expected
