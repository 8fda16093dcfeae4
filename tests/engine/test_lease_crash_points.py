"""Each call fails once and the worker dies at each point of a lease's life, with one result."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from support.database import empty
from support.fault_runner import Failure, Point
from support.lease_runner import STORIES, LeaseRun, LeaseRunner, LeaseStory, lease_runner

#: If set, each point runs with each failure. Otherwise every fourth point runs, and failures
#: alternate: a run takes seconds, since hours pass in it for two installations.
IS_FULL = bool(os.environ.get("WEBCRM_SYNC_EVERY_CRASH"))
_STEP = 4
#: The calls of a poll of webCRM. How often it is polled depends on how long the steps take.
_POLLING = {
    "webcrm POST /Auth/ApiLogin",
    "webcrm GET /Queries",
    "webcrm GET /Users/AllActive",
    "webcrm GET /FieldsMetadata/Opportunity",
}


@pytest.fixture(scope="module", params=STORIES, ids=lambda story: story.name)
def runner(database_url: str, request: pytest.FixtureRequest) -> Iterator[LeaseRunner]:
    """A runner for one story."""
    empty(database_url)
    story: LeaseStory = request.param
    with lease_runner(database_url, story) as opened:
        yield opened


def test_each_mail_is_filed_once_and_one_installation_has_the_mailbox(runner: LeaseRunner) -> None:
    result = runner.baseline().result
    assert result.activities == ("Answer", "Offer", "Order")
    assert result.mails == ("Answer True", "Offer True", "Order True")
    assert result.holders == (("rival",) if runner.story.name == "lost" else ("first",))
    assert result.holders + result.stopped in {("first",), ("first", "rival"), ("rival", "first")}


@pytest.mark.search
def test_a_failure_at_any_point_leads_to_the_same_result(
    runner: LeaseRunner, record_property: Callable[[str, object], None]
) -> None:
    baseline = runner.baseline()
    found: list[str] = []
    played = 0
    for is_at_call, names in ((True, baseline.calls), (False, baseline.commits)):
        for number, name in enumerate(names, start=1):
            for failure in _failures(number, is_at_call=is_at_call):
                played += 1
                found += _deviations(runner, Point(failure, number), name)
    counted = f"{len(baseline.calls)} calls, {len(baseline.commits)} commits, {played} runs"
    record_property("counted", counted)
    assert not found, "\n".join(found)


def _failures(number: int, *, is_at_call: bool) -> list[Failure]:
    """The failures to run at this point."""
    failures = [failure for failure in Failure if failure.is_at_call == is_at_call]
    if IS_FULL:
        return failures
    turn, rest = divmod(number, _STEP)
    return [failures[turn % len(failures)]] if rest == 0 else []


def _deviations(runner: LeaseRunner, point: Point, name: str) -> Iterator[str]:
    where = f"{point.number} ({name}), {point.failure}"
    try:
        run = runner.run(point)
    except Exception as error:
        yield f"{where}: {error!r}"
        return
    if not run.has_failed and _own_calls(run) != _own_calls(runner.baseline()):
        yield f"{where}: the story did not come to this point"
    if run.result != runner.baseline().result:
        yield f"{where}: {run.result}"


def _own_calls(run: LeaseRun) -> list[str]:
    """The calls apart from polls: a run with the same ones lacks only a poll of the baseline."""
    return [call for call in run.calls if call not in _POLLING]
