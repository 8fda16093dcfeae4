"""`rebuild` asks first, and can be called off with nothing half done."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from support.command_line import as_json, run, shell
from support.processes import until
from support.scenario import BO, BOTH, KIM, Scenario
from webcrm_sync.cli.rebuild import rebuild
from webcrm_sync.cli.status import status
from webcrm_sync.core.errors import TryLater
from webcrm_sync.core.mailbox_lease import TAKE_OVER_WAIT
from webcrm_sync.engine.reconciliation import recover
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"


@pytest.fixture
def scenario(scenario: Scenario, tmp_path: Path) -> Iterator[Scenario]:
    """A company with a contact; the environment points the commands to the sandbox."""
    scenario.add_contact(BO)
    with shell(scenario, tmp_path):
        yield scenario


@pytest.fixture
def box(scenario: Scenario) -> SimMailbox:
    """Kim's mailbox with a synced mail."""
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.drag(box, Mail("In", BO, KIM))
    scenario.discover()
    return box


def watched(scenario: Scenario) -> list[str]:
    with scenario.context.begin() as tx:
        return [one.address for one in mailboxes.all_mailboxes(tx)]


def interrupt_a_rebuild(scenario: Scenario, *addresses: str) -> None:
    """Graph is away in the middle of a rebuild."""
    users = recover.find_users(scenario.context, addresses)
    scenario.sandbox.faults.unavailable("graph", when=lambda _, path: "delta" in path)
    with pytest.raises(TryLater):
        list(recover.rebuild(scenario.context, users, take_over=True))
    scenario.sandbox.faults.clear()


def test_without_a_terminal_it_needs_a_yes(scenario: Scenario, box: SimMailbox) -> None:
    for more in ([], ["--json"]):
        refused = run(rebuild, *more)
        assert refused.exit_code == 2
        assert "there is no terminal to ask at. Add --yes" in refused.stderr
    assert "A rebuild is running" not in run(status).stdout
    assert run(rebuild, "--yes").exit_code == 0
    assert len(scenario.activities) == 1
    del box


def test_an_interrupted_rebuild_is_called_off_and_work_goes_on(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.outlook.add_mailbox(EVA, "Eva Nordwind")
    interrupt_a_rebuild(scenario, EVA)
    assert watched(scenario) == [EVA, KIM]
    assert run(rebuild, "--call-off").exit_code == 2
    done = run(rebuild, "--call-off", "--yes")
    assert (done.exit_code, watched(scenario)) == (0, [KIM])
    assert "1 mailbox that it added are forgotten" in done.stdout
    assert EVA in done.stderr
    item = scenario.drag(box, Mail("Afterwards", BO, KIM))
    scenario.run_all_retries()
    assert box.read(item).categories == BOTH
    assert len(scenario.activities) == 2


def test_a_second_attempt_belongs_to_the_same_rebuild(scenario: Scenario, box: SimMailbox) -> None:
    for address in (EVA, "ida@nordwind.example"):
        scenario.sandbox.outlook.add_mailbox(address, "Somebody")
        interrupt_a_rebuild(scenario, address)
        scenario.sandbox.clock.advance(timedelta(minutes=30))
    found = as_json(rebuild, "--call-off", "--yes")
    assert found == {"is_called_off": True, "removed": [EVA, "ida@nordwind.example"]}
    assert watched(scenario) == [KIM]
    del box


def test_an_interruption_says_how_to_go_on(scenario: Scenario, box: SimMailbox) -> None:
    scenario.sandbox.faults.unavailable("webcrm", when=lambda _, path: path == "/Queries")
    done = run(rebuild, "--yes")
    assert done.exit_code == 1
    assert "Run it again: it continues; or call it off: webcrm-sync rebuild" in done.stderr
    del box


def test_nothing_can_be_called_off_without_a_rebuild(scenario: Scenario, box: SimMailbox) -> None:
    assert "No rebuild is under way." in run(rebuild, "--call-off", "--yes").stderr
    assert run(rebuild, KIM, "--call-off", "--yes").exit_code == 2
    assert watched(scenario) == [KIM]
    del box


def test_after_a_call_off_a_rebuild_of_the_lost_database_doubles_nothing(
    scenario: Scenario, box: SimMailbox
) -> None:
    with scenario.context.begin() as tx:
        tx.connection.execute(text("DELETE FROM mailbox"))
        tx.connection.execute(text("DELETE FROM email"))
    interrupt_a_rebuild(scenario, KIM)
    assert run(rebuild, "--call-off", "--yes").exit_code == 0
    assert watched(scenario) == []
    assert run(rebuild, KIM, "--take-over", "--yes").exit_code == 0
    scenario.run_all_retries()
    scenario.wait(TAKE_OVER_WAIT)
    scenario.run_all_retries()
    assert len(scenario.activities) == 1
    del box


def test_ctrl_c_calls_it_off(scenario: Scenario, box: SimMailbox) -> None:
    others = [f"p{n}@nordwind.example" for n in range(6)]
    for address in others:
        scenario.sandbox.outlook.add_mailbox(address, "Somebody")
    scenario.sandbox.faults.latency = timedelta(milliseconds=150)
    line = [sys.executable, "-m", "webcrm_sync", "rebuild", *others, "--yes"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: len(watched(scenario)) > 1, "the rebuild to add a mailbox")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 1, stderr
    assert "The rebuild is called off; 6 mailboxes that it added are forgotten." in stdout
    assert watched(scenario) == [KIM]
    scenario.sandbox.faults.clear()
    item = scenario.drag(box, Mail("Afterwards", BO, KIM))
    scenario.run_all_retries()
    assert box.read(item).categories == BOTH


def test_a_rebuild_that_another_command_called_off_stops(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.outlook.add_mailbox(EVA, "Eva Nordwind")

    def called_off(_: str, path: str) -> bool:
        if "delta" in path:
            assert run(rebuild, "--call-off", "--yes").exit_code == 0
        return "delta" in path

    scenario.sandbox.faults.slow("graph", by=timedelta(), when=called_off, limit=1)
    done = run(rebuild, EVA, "--yes")
    assert done.exit_code == 1
    assert "Another command has called this rebuild off." in done.stderr
    assert watched(scenario) == [KIM]
    del box
