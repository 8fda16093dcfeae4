"""Each call fails once and the worker dies at each point: the result is always the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from support.fault_runner import Failure, FaultRunner, Point
from support.openapi import deviations
from support.snapshot import differences

#: If set, each point runs with each failure, with and without a lagging search. Otherwise each
#: point runs once, and failures and searches alternate.
IS_FULL = bool(os.environ.get("WEBCRM_SYNC_EVERY_CRASH"))


@pytest.mark.parametrize("is_lagging", [False, True])
def test_story_without_a_failure_is_complete_and_calls_match_the_descriptions(
    runner: FaultRunner, is_lagging: bool
) -> None:
    snapshot = runner.run(None, is_lagging=is_lagging).snapshot
    assert (len(snapshot.activities), len(snapshot.documents), len(snapshot.mirrors)) == (4, 4, 1)
    assert (len(snapshot.mails), len(snapshot.copies)) == (4, 4)
    assert snapshot.disorder == snapshot.troubles == ()
    assert "NOT" not in str(snapshot)
    assert runner.sandbox.journal.unknown == []
    assert deviations(runner.sandbox.journal.exchanges) == []
    assert differences(runner.baseline(is_lagging=False).snapshot, snapshot) == []


@pytest.mark.search
@pytest.mark.parametrize("failure", Failure, ids=lambda failure: failure.name.lower())
def test_story_has_the_same_result_wherever_a_failure_occurs(
    runner: FaultRunner, failure: Failure, record_property: Callable[[str, object], None]
) -> None:
    found: list[str] = []
    played = 0
    for is_lagging in (False, True):
        baseline = runner.baseline(is_lagging=is_lagging)
        names = baseline.calls if failure.is_at_call else baseline.commits
        for number, name in enumerate(names, start=1):
            if not (IS_FULL or _turn(failure, number) == (failure, is_lagging)):
                continue
            played += 1
            found += _deviations(runner, Point(failure, number), name, is_lagging=is_lagging)
    counted = f"{len(names)} {'calls' if failure.is_at_call else 'commits'}, {played} runs"
    record_property("counted", counted)
    assert not found, "\n".join(found)


def _turn(failure: Failure, number: int) -> tuple[Failure, bool]:
    """The failure at this point if each point has one, and whether webCRM's search lags."""
    fates = [f for f in Failure if f.is_at_call == failure.is_at_call]
    return fates[number % len(fates)], number // len(fates) % 2 == 1


def _deviations(runner: FaultRunner, point: Point, name: str, *, is_lagging: bool) -> Iterator[str]:
    """The differences from the baseline, each with its point."""
    baseline = runner.baseline(is_lagging=is_lagging)
    kind = "call" if point.failure.is_at_call else "commit"
    search = "lagging" if is_lagging else "prompt"
    where = f"{kind} {point.number} ({name}), {point.failure}, {search} search"
    try:
        run = runner.run(point, is_lagging=is_lagging)
    except AssertionError as error:
        yield f"{where}: {error}"
        return
    calls = point.number if point.failure.is_at_call else 0
    if not run.has_failed or run.calls[:calls] != baseline.calls[:calls]:
        yield f"{where}: the story did not come to this point"
    for line in differences(baseline.snapshot, run.snapshot):
        yield f"{where}: {line}"
