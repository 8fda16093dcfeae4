"""Which Opportunities are open, which one is offered, and who is right about an Activity's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.opportunities import (
    Opportunity,
    OpportunityRow,
    Remedy,
    compare_opportunities,
    find_offered,
    find_won_levels,
    is_open,
)

ROW = OpportunityRow(
    opportunity_id=7,
    organisation_id=1,
    person_id=2,
    number="4711",
    name="Crane",
    value=1000.0,
    currency="DKK",
    level=3,
    level_text="Offer",
    is_lost=False,
    is_marked_won=False,
    updated_at=None,
)
CRANE = Opportunity(7, 1, 2, "4711", "Crane", 1000.0, "DKK", 3, "Offer", is_open=True)
MORNING = datetime(2026, 1, 5, 9, tzinfo=UTC)
IDS = st.none() | st.integers(1, 3)
TIMES = st.none() | st.integers(0, 3).map(lambda hours: MORNING + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("row", "won_levels", "expected"),
    [
        (ROW, {4}, True),
        (ROW, {3, 4}, False),
        (replace(ROW, is_lost=True), {4}, False),
        (replace(ROW, is_marked_won=True), {4}, True),  # the levels say what is won
        (replace(ROW, is_marked_won=True), set(), False),
        (ROW, set(), True),
    ],
)
def test_an_open_opportunity_is_neither_lost_nor_won(
    row: OpportunityRow, won_levels: set[int], expected: bool
) -> None:
    assert is_open(row, won_levels) is expected


@pytest.mark.parametrize(
    "label",
    [
        "Won",
        "6: Won",
        "06 - Vundet",
        "5) Vunnen affär",
        "Vunnet",
        "Gewonnen",
        "gewonnen!",
        "Voitettu",
        "Closed won",
    ],
)
def test_a_label_says_in_each_language_that_a_deal_is_won(label: str) -> None:
    assert find_won_levels({5: label}) == {5}


@pytest.mark.parametrize(
    "label", ["", "5", "Wonder", "To be won", "Lost", "Not won", "Win back", "5: 6 Won"]
)
def test_other_labels_do_not(label: str) -> None:
    assert find_won_levels({5: label}) == frozenset()


def test_only_the_one_open_opportunity_of_the_person_is_offered() -> None:
    other = replace(CRANE, opportunity_id=8, person_id=3)
    assert find_offered([CRANE, other], 2) == 7
    assert find_offered([CRANE, other], 4) is None
    assert find_offered([CRANE, other], None) is None
    assert find_offered([replace(CRANE, person_id=0)], 0) is None
    assert find_offered([CRANE, replace(CRANE, opportunity_id=9)], 2) is None
    assert find_offered([CRANE, replace(CRANE, opportunity_id=9, is_open=False)], 2) == 7


def test_people_know_an_opportunity_by_its_number_and_name() -> None:
    assert CRANE.label == "4711 Crane"
    assert replace(CRANE, number="").label == "Crane"
    assert replace(CRANE, number="", name="").label == "Opportunity 7"
    assert ROW.record_id == 7


@pytest.mark.parametrize(
    ("ours", "theirs", "written_at", "updated_at", "expected"),
    [
        (1, 1, None, MORNING, Remedy.NOTHING),
        (None, None, None, MORNING, Remedy.NOTHING),
        # nobody changed the Activity since we created it: our write is lost
        (1, None, None, MORNING, Remedy.WRITE_AGAIN),
        (1, 2, None, MORNING + timedelta(seconds=1), Remedy.WRITE_AGAIN),
        # a person did
        (1, None, None, MORNING + timedelta(seconds=2), Remedy.TAKE_OVER),
        (1, 2, MORNING, MORNING + timedelta(hours=1), Remedy.TAKE_OVER),
        (1, 2, MORNING + timedelta(hours=1), MORNING + timedelta(hours=1), Remedy.WRITE_AGAIN),
        # our row may have lost it
        (None, 2, MORNING, MORNING, Remedy.TAKE_OVER),
        # nobody can tell
        (1, 2, None, None, Remedy.TAKE_OVER),
    ],
)
def test_the_later_change_is_right(
    ours: int | None,
    theirs: int | None,
    written_at: datetime | None,
    updated_at: datetime | None,
    expected: Remedy,
) -> None:
    found = compare_opportunities(
        ours, theirs, written_at=written_at, created_at=MORNING, updated_at=updated_at
    )
    assert found is expected


def test_without_any_time_webcrm_is_right() -> None:
    found = compare_opportunities(1, 2, written_at=None, created_at=None, updated_at=MORNING)
    assert found is Remedy.TAKE_OVER


@given(IDS, IDS, TIMES, TIMES, TIMES)
def test_an_opportunity_in_webcrm_is_never_given_up_for_none(
    ours: int | None,
    theirs: int | None,
    written_at: datetime | None,
    created_at: datetime | None,
    updated_at: datetime | None,
) -> None:
    found = compare_opportunities(
        ours, theirs, written_at=written_at, created_at=created_at, updated_at=updated_at
    )
    assert (found is Remedy.NOTHING) == (ours == theirs)
    assert found is not Remedy.WRITE_AGAIN or ours is not None
