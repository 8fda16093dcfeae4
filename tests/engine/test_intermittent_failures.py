"""Calls that fail intermittently during much work: the delays must not grow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from support.scenario import BO, BOTH, FOLDER, KIM, Scenario
from webcrm_sync.engine.discovery.discover import PAGE_SIZE
from webcrm_sync.engine.filing.batch import BATCH_SIZE
from webcrm_sync.engine.marking import BATCH
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

#: A little more than the shortest delay with its jitter.
_SHORTEST = timedelta(seconds=2.6)


def _moved(scenario: Scenario, count: int) -> SimMailbox:
    scenario.add_contact()
    box = scenario.add_mailbox()
    for number in range(count):
        box.move(box.deliver(Mail(f"Mail {number}", BO, KIM, body="Hello")), f"inbox/{FOLDER}")
    return box


def _every_other(method: str, part: str) -> Callable[[str, str], bool]:
    """A filter for the second, fourth, ... call of one kind."""
    seen = [0]

    def fits(of: str, path: str) -> bool:
        if of != method or part not in path:
            return False
        seen[0] += 1
        return seen[0] % 2 == 0

    return fits


def _synced(box: SimMailbox) -> int:
    return sum(v.categories == BOTH for v in box.messages(f"inbox/{FOLDER}"))


def test_mailbox_whose_pages_fail_intermittently_is_read_at_a_steady_pace(
    scenario: Scenario,
) -> None:
    box = _moved(scenario, 4 * PAGE_SIZE)
    # Only this folder's pages: a page of another one between them would hide each failure.
    folder = box.child(box.well_known["inbox"], FOLDER)
    assert folder
    failing = _every_other("GET", folder.id.rstrip("="))
    scenario.sandbox.faults.unavailable("graph", when=failing)
    scenario.discover()
    for _ in range(4):
        scenario.wait(_SHORTEST)
    assert len(scenario.activities) == 4 * PAGE_SIZE
    scenario.sandbox.faults.clear()
    scenario.wait(_SHORTEST)
    assert _synced(box) == 4 * PAGE_SIZE


def test_mailbox_whose_batches_fail_intermittently_is_marked_at_a_steady_pace(
    scenario: Scenario,
) -> None:
    box = _moved(scenario, 5 * BATCH)
    scenario.sandbox.faults.unavailable("graph", when=_every_other("POST", "$batch"))
    scenario.discover()
    for _ in range(5):
        scenario.sandbox.clock.advance(_SHORTEST)
        scenario.run_until_idle()  # no read in between shows that the mailbox answers
    assert _synced(box) == 5 * BATCH


def test_bulk_requests_that_are_throttled_intermittently_are_sent_at_a_steady_pace(
    scenario: Scenario,
) -> None:
    _moved(scenario, 4 * BATCH_SIZE)
    scenario.sandbox.faults.throttle(
        "webcrm", when=_every_other("PATCH", "/Activities"), retry_after=None
    )
    scenario.discover()
    for _ in range(5):
        scenario.wait(_SHORTEST)
    assert len(scenario.activities) == 4 * BATCH_SIZE
