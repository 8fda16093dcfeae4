"""Our categories among the owner's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.categories import (
    COLOURS,
    NOT_SYNCED,
    SYNC,
    SYNCED,
    Mark,
    has_mark,
    has_synced_category,
    merge_categories,
)

OURS = {name.casefold() for name in (SYNC, SYNCED, NOT_SYNCED)}
names = st.sampled_from([SYNC, SYNCED, NOT_SYNCED, "SYNCED", "webcrm SYNC"]) | st.text(max_size=5)
present = st.lists(names, max_size=8).map(tuple)
marks = st.sampled_from(Mark)


def theirs(categories: tuple[str, ...]) -> list[str]:
    return [c for c in categories if c.casefold() not in OURS]


@pytest.mark.parametrize(
    ("before", "mark", "after"),
    [
        ((), Mark.SYNCED, (SYNC, SYNCED)),
        (("Customer",), Mark.SYNCED, ("Customer", SYNC, SYNCED)),
        (("Customer", SYNC, NOT_SYNCED, "Hot"), Mark.SYNCED, ("Customer", SYNC, "Hot", SYNCED)),
        ((SYNC, SYNCED), Mark.NOT_SYNCED, (SYNC, NOT_SYNCED)),
        (("A", SYNC, NOT_SYNCED, "B"), Mark.NONE, ("A", "B")),
        (("SYNCED", "webcrm sync"), Mark.SYNCED, ("SYNCED", "webcrm sync")),
        (("SYNCED",), Mark.NOT_SYNCED, (SYNC, NOT_SYNCED)),
        (("Synced by me",), Mark.NONE, ("Synced by me",)),
    ],
)
def test_our_categories_are_corrected_and_the_owners_stay(
    before: tuple[str, ...], mark: Mark, after: tuple[str, ...]
) -> None:
    assert merge_categories(before, mark) == after


def test_categories_are_blue_green_and_red() -> None:
    """Graph names colours by number (outlookCategory resource: categoryColor)."""
    red, green, blue = "preset0", "preset4", "preset7"
    assert {SYNC: blue, SYNCED: green, NOT_SYNCED: red} == COLOURS


@given(present, marks)
def test_the_owners_categories_stay_in_their_order(before: tuple[str, ...], mark: Mark) -> None:
    assert theirs(merge_categories(before, mark)) == theirs(before)


@given(present, marks)
def test_merging_is_idempotent(before: tuple[str, ...], mark: Mark) -> None:
    once = merge_categories(before, mark)
    assert merge_categories(once, mark) == once
    assert has_mark(once, mark)


@given(present, marks)
def test_after_merging_exactly_the_wanted_ones_of_our_categories_remain(
    before: tuple[str, ...], mark: Mark
) -> None:
    ours = {c.casefold() for c in merge_categories(before, mark)} & OURS
    assert ours == {name.casefold() for name in mark.value}


@given(present, marks, marks)
def test_only_the_last_mark_counts(before: tuple[str, ...], first: Mark, last: Mark) -> None:
    by_way = merge_categories(merge_categories(before, first), last)
    assert {c.casefold() for c in by_way} == {c.casefold() for c in merge_categories(before, last)}


def test_synced_is_recognised_in_any_case() -> None:
    assert has_synced_category(("x", "SYNCED"))
    assert not has_synced_category((NOT_SYNCED, "Synced by me", SYNC))
