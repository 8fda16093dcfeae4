"""A mail changes its Opportunity while calls fail and the worker dies: none is ever foreign."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.fault_runner import Failure, FaultRunner, Point, Run
from support.opportunity_runner import OpportunityRunner
from support.snapshot import differences


@pytest.fixture(scope="module")
def story(runner: FaultRunner) -> OpportunityRunner:
    """The story, over the sandbox that all tests of this file share."""
    return OpportunityRunner(runner)


def test_story_without_a_failure_ends_under_no_opportunity(story: OpportunityRunner) -> None:
    run = story.run(None)
    (activity,) = run.snapshot.activities
    assert "'OpportunityId': 0" in activity
    assert "'OrganisationId': 1002" in activity
    history = " ".join(run.snapshot.histories)
    assert history.count("opportunity set") == 3
    assert run.snapshot.troubles == ()
    assert "NOT" not in str(run.snapshot)
    puts = [call for call in run.calls if "PUT" in call or "/Move" in call]
    assert puts.index("webcrm POST /Activities/30001/Move") == 2  # set, cleared, moved


@pytest.mark.search
@pytest.mark.parametrize("failure", Failure, ids=lambda failure: failure.name.lower())
def test_story_has_the_same_result_wherever_a_failure_occurs(
    story: OpportunityRunner, failure: Failure, record_property: Callable[[str, object], None]
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


def _deviations(story: OpportunityRunner, baseline: Run, point: Point, name: str) -> Iterator[str]:
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
