"""Bodies designed to stop their reader: each is filed and delays no other mail."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace

import pytest

from support.hostile_bodies import BODIES, OPENING
from support.scenario import BO, BOTH, KIM, Scenario
from webcrm_sync.engine.body_reader.reader import UNREADABLE, BodyReader
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

#: On a quiet machine the slowest takes 2 s; the build server runs three tests in parallel.
_PATIENCE_S = 10
#: So few that a page of delta does not have hundreds of megabytes.
_GROUPS = [sorted(BODIES)[start::12] for start in range(12)]


@pytest.mark.search
@pytest.mark.parametrize("group", _GROUPS, ids=lambda group: group[0])
def test_a_hostile_body_is_read_or_abandoned_and_stops_no_other(
    scenario: Scenario, box: SimMailbox, group: list[str]
) -> None:
    for name in group:
        scenario.drag(box, Mail(name, BO, KIM, body=BODIES[name]()))
        beside = scenario.drag(box, Mail("An order", BO, KIM, body="<p>Ten tons, please.</p>"))
        started = time.monotonic()
        scenario.discover()
        assert time.monotonic() - started < _PATIENCE_S, name
        assert box.read(beside).categories == BOTH, name
    memos = {a["ActivityDescription"]: a["ActivityMemo"] for a in scenario.activities}
    assert [n for n in group if n not in memos] == []
    lost = [n for n in group if OPENING not in memos[n] and "frameset" not in n]
    assert [n for n in lost if UNREADABLE.text not in memos[n]] == []


@pytest.fixture
def hasty(scenario: Scenario) -> Scenario:
    """A product whose time limit for a body is zero."""
    scenario.context = replace(scenario.context, body_reader=BodyReader(seconds=0.0001))
    return scenario


def test_a_body_beyond_the_bounds_is_filed_with_a_line_that_says_so(
    hasty: Scenario, box: SimMailbox
) -> None:
    with closing(hasty.context.body_reader):
        item = hasty.drag(box, Mail("Endless", BO, KIM, body="<p>word</p>" * 10_000))
        beside = hasty.drag(box, Mail("An order", BO, KIM, body="<p>Ten tons, please.</p>"))
        hasty.discover()
    memos = {a["ActivityDescription"]: a["ActivityMemo"] for a in hasty.activities}
    assert "The text of this mail cannot be read here. Open it in Outlook." in memos["Endless"]
    assert "Ten tons, please." in memos["An order"]
    assert box.read(item).categories == box.read(beside).categories == BOTH


def test_an_abandoned_body_is_not_tried_again(hasty: Scenario, box: SimMailbox) -> None:
    with closing(hasty.context.body_reader):
        hasty.drag(box, Mail("Endless", BO, KIM, body="<p>word</p>" * 10_000))
        hasty.sandbox.faults.unavailable("webcrm")
        hasty.discover()
    # The process ends here. The next one, with the usual limit, keeps the decision.
    with closing(BodyReader()) as reader:
        hasty.context = replace(hasty.context, body_reader=reader)
        hasty.sandbox.faults.clear()
        hasty.run_all_retries()
    (activity,) = hasty.activities
    assert UNREADABLE.text in activity["ActivityMemo"]
