"""Values from Outlook hold nothing that was not read."""

from __future__ import annotations

from webcrm_sync.core.outlook import Change, MarkingResult


def test_an_entry_of_a_page_is_an_update_by_default() -> None:
    change = Change("g1")
    assert not change.is_removed
    assert (change.change_key, change.categories, change.message) == (None, None, None)


def test_two_readings_of_an_unreadable_entry_are_equal() -> None:
    assert Change("g1", fault=ValueError()) == Change("g1", fault=ValueError())


def test_a_marking_counts_as_attempted_by_default() -> None:
    result = MarkingResult("g1")
    assert result.is_attempted
    assert (result.change_key, result.trouble) == ("", None)
