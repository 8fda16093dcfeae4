"""The places of a mail are edited while calls fail and the worker dies: the result is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.fault_runner import Failure, FaultRunner, Point, Run
from support.place_runner import PlaceRunner
from support.snapshot import differences


@pytest.fixture(scope="module")
def story(runner: FaultRunner) -> PlaceRunner:
    """The story, over the sandbox that all tests of this file share."""
    return PlaceRunner(runner)


def test_story_without_a_failure_ends_in_one_place(story: PlaceRunner) -> None:
    run = story.run(None)
    subjects = sorted(a.count("[withdrawn] ") for a in run.snapshot.activities)
    assert subjects == [0, 1]
    (filed,) = [a for a in run.snapshot.activities if "[withdrawn] " not in a]
    assert "'OrganisationId': 1001" in filed
    history = " ".join(run.snapshot.histories)
    assert [history.count(f"place {what}") for what in ("added", "taken away")] == [2, 1]
    assert run.snapshot.troubles == ()
    assert "NOT" not in str(run.snapshot)


@pytest.mark.search
@pytest.mark.parametrize("failure", Failure, ids=lambda failure: failure.name.lower())
def test_story_has_the_same_result_wherever_a_failure_occurs(
    story: PlaceRunner, failure: Failure, record_property: Callable[[str, object], None]
) -> None:
    baseline = story.run(None)
    names = baseline.calls if failure.is_at_call else baseline.commits
    found = [
        line
        for number, name in enumerate(names, start=1)
        for line in _deviations(story, baseline, Point(failure, number), name)
    ]
    record_property("counted", f"{len(names)} runs")
    assert not found, "\n".join(found)


def _deviations(story: PlaceRunner, baseline: Run, point: Point, name: str) -> Iterator[str]:
    """The differences from the story without a failure, each with its point."""
    where = f"{point.number} ({name}), {point.failure}"
    try:
        run = story.run(point)
    except AssertionError as error:
        yield f"{where}: {error}"
        return
    if not run.has_failed:
        yield f"{where}: the story did not come to this point"
    for line in differences(baseline.snapshot, run.snapshot):
        yield f"{where}: {line}"
