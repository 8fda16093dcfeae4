"""Graph's pages are circular, or its cursors expire immediately: the mailbox waits and resumes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest

from support.interleave import ClientWrapper
from support.scenario import BO, BOTH, KIM, Scenario
from webcrm_sync.core.errors import CursorExpired
from webcrm_sync.core.outlook import Page
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook import SimMailbox
from webcrm_sync_sandbox.outlook.mail import Mail

Answer = Callable[[str | None], Page]


@dataclass(slots=True)
class ScriptedDelta(ClientWrapper):
    """Graph with a scripted delta."""

    answer: Answer
    cursors: list[str | None] = field(default_factory=list)

    def fetch_page(self, _user: str, _folder: str, cursor: str | None, **_: object) -> Page:
        self.cursors.append(cursor)
        assert len(self.cursors) < 50, "this never ends"
        return self.answer(cursor)


def circle(size: int) -> Answer:
    numbers = count()
    return lambda _: Page((), f"http://127.0.0.1:9/{next(numbers) % size}", is_last=False)


def expiring(cursor: str | None) -> Page:
    if cursor:
        raise CursorExpired
    return Page((), "http://127.0.0.1:9/x", is_last=False)


@pytest.mark.parametrize("answer", [circle(1), circle(3), expiring], ids=["1", "3", "expiring"])
def test_an_endless_read_is_stopped_and_retried_later(
    scenario: Scenario, box: SimMailbox, answer: Answer
) -> None:
    item = scenario.drag(box, Mail("Offer", BO, KIM))
    graph: Any = ScriptedDelta(scenario.context.graph, answer)
    Scenario(
        scenario.sandbox, replace(scenario.context, graph=graph), scenario.organisations
    ).discover()
    assert 0 < len(graph.cursors) <= 12
    with scenario.context.begin() as tx:
        (mailbox,) = mailboxes.all_mailboxes(tx)
    assert mailbox.pause_end(scenario.context.now())
    scenario.run_all_retries()
    assert box.read(item).categories == BOTH
    assert len(scenario.activities) == 1
