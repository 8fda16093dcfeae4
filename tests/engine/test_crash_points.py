"""Every call refused or unanswered, every death of the worker: the story's end is the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from support.database import empty
from support.fault_runner import Fate, Point, Rehearsal, rehearsal
from support.openapi import deviations
from support.snapshot import differences

#: Set it to play each point with each fate, with a search that lags and with one that does not;
#: otherwise each point is played once, and fates and searches take turns.
IS_FULL = bool(os.environ.get("WEBCRM_SYNC_EVERY_CRASH"))


@pytest.fixture(scope="module")
def rehearsed(database_url: str) -> Iterator[Rehearsal]:
    """The stage before the story, to be returned to as often as wanted."""
    empty(database_url)
    with rehearsal(database_url) as made:
        yield made


@pytest.mark.parametrize("is_lagging", [False, True])
def test_undisturbed_story_is_told_whole_and_speaks_as_described(
    rehearsed: Rehearsal, is_lagging: bool
) -> None:
    ledger = rehearsed.play(None, is_lagging=is_lagging).ledger
    assert (len(ledger.activities), len(ledger.documents), len(ledger.mirrors)) == (4, 4, 1)
    assert (len(ledger.mails), len(ledger.copies)) == (4, 4)
    assert ledger.disorder == ledger.troubles == ()
    assert "NOT" not in str(ledger)
    assert rehearsed.stage.journal.unknown == []
    assert deviations(rehearsed.stage.journal.exchanges) == []
    assert differences(rehearsed.baseline(is_lagging=False).ledger, ledger) == []


@pytest.mark.search
@pytest.mark.parametrize("fate", Fate, ids=lambda fate: fate.name.lower())
def test_story_ends_the_same_wherever_it_goes_wrong(
    rehearsed: Rehearsal, fate: Fate, record_property: Callable[[str, object], None]
) -> None:
    found: list[str] = []
    played = 0
    for is_lagging in (False, True):
        baseline = rehearsed.baseline(is_lagging=is_lagging)
        names = baseline.calls if fate.is_of_a_call else baseline.commits
        for number, name in enumerate(names, start=1):
            if not (IS_FULL or _turn(fate, number) == (fate, is_lagging)):
                continue
            played += 1
            found += _deviations(rehearsed, Point(fate, number), name, is_lagging=is_lagging)
    counted = f"{len(names)} {'calls' if fate.is_of_a_call else 'commits'}, {played} runs"
    record_property("counted", counted)
    assert not found, "\n".join(found)


def _turn(fate: Fate, number: int) -> tuple[Fate, bool]:
    """The fate of this point where each point has one, and whether webCRM's search lags then."""
    fates = [f for f in Fate if f.is_of_a_call == fate.is_of_a_call]
    return fates[number % len(fates)], number // len(fates) % 2 == 1


def _deviations(
    rehearsed: Rehearsal, point: Point, name: str, *, is_lagging: bool
) -> Iterator[str]:
    """What came of it that should not, each with where it went wrong."""
    baseline = rehearsed.baseline(is_lagging=is_lagging)
    kind = "call" if point.fate.is_of_a_call else "commit"
    search = "lagging" if is_lagging else "prompt"
    where = f"{kind} {point.number} ({name}), {point.fate}, {search} search"
    try:
        run = rehearsed.play(point, is_lagging=is_lagging)
    except AssertionError as error:
        yield f"{where}: {error}"
        return
    calls = point.number if point.fate.is_of_a_call else 0
    if not run.is_struck or run.calls[:calls] != baseline.calls[:calls]:
        yield f"{where}: the story did not come to this point"
    for line in differences(baseline.ledger, run.ledger):
        yield f"{where}: {line}"
