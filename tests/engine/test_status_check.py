"""`status --check` for monitors: one line, figures, and the exit codes that they know."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from support.heartbeats import all_alive
from support.scenario import BO, KIM, Scenario
from webcrm_sync.cli import status
from webcrm_sync_sandbox.outlook.mail import Mail

OK, WARNING, CRITICAL, UNKNOWN = range(4)


@pytest.fixture
def environment(scenario: Scenario, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """The environment, which points the command to the scenario; its mailbox has synced a mail."""
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.drag(box, Mail("In", BO, KIM))
    scenario.discover()
    url = scenario.context.settings.database_url or ""
    with pytest.MonkeyPatch.context() as patch:
        values = scenario.sandbox.environment(DATABASE_URL=url, SECRET_KEY="test")
        for name, value in values.items():
            patch.setenv(name, value)
        patch.chdir(tmp_path)  # this folder has no `.env`
        yield patch


def check(*arguments: str) -> Result:
    return CliRunner().invoke(status.status, ("--check", *arguments))


def be_at_work(scenario: Scenario) -> None:
    """Let the tables look as they do by the real clock while workers run."""
    all_alive(scenario.context)
    with scenario.context.begin() as tx:
        tx.connection.execute(text("UPDATE heartbeat SET at = now()"))
        tx.connection.execute(text("UPDATE mailbox SET push_trouble = NULL"))
        tx.connection.execute(
            text(
                "UPDATE folder SET poll_due_at = now() + interval '5 min',"
                " subscription_id = id, subscription_expires_at = now() + interval '2 days'"
            )
        )


@pytest.mark.usefixtures("environment")
def test_a_service_at_work_is_ok_with_figures(scenario: Scenario) -> None:
    be_at_work(scenario)
    result = check()
    assert result.exit_code == OK, result.stdout
    (line,) = result.stdout.splitlines()
    assert line.startswith("WEBCRM SYNC OK - 1 mailbox, 0 mails on the way.")
    assert line.endswith(
        " | oldest=0s on_the_way=0 waiting=0 parked=0 mailboxes=1 paused=0 in_trouble=0 troubles=0"
    )


@pytest.mark.usefixtures("environment")
def test_no_worker_is_critical(scenario: Scenario) -> None:
    be_at_work(scenario)
    with scenario.context.begin() as tx:
        tx.connection.execute(text("DELETE FROM heartbeat WHERE queue = 'webcrm'"))
    result = check()
    assert result.exit_code == CRITICAL
    assert (
        "CRITICAL - No worker runs the jobs of webcrm. Start `webcrm-sync serve`" in result.stdout
    )
    found = json.loads(check("--json").stdout)
    assert (found["status"], found["troubles"][0]["kind"]) == ("critical", "worker")


@pytest.mark.usefixtures("environment")
def test_a_trouble_counts_at_once_while_nobody_watches(scenario: Scenario) -> None:
    """The job that would see how long it lasts is held back itself."""
    be_at_work(scenario)
    trouble = text("UPDATE mailbox SET trouble = 'The mailbox is full.'")
    due = text("UPDATE company SET alerts_due_at = now() + :after")
    for after, code in ((timedelta(minutes=1), OK), (timedelta(minutes=-6), WARNING)):
        with scenario.context.begin() as tx:
            tx.connection.execute(trouble)
            tx.connection.execute(due, {"after": after})
        assert check().exit_code == code


def test_an_end_in_ten_days_is_a_warning(
    scenario: Scenario, environment: pytest.MonkeyPatch
) -> None:
    be_at_work(scenario)
    ends = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 10 * 24 * 3600))
    environment.setenv("WEBCRM_SYNC_ENTRA_CLIENT_SECRET_EXPIRES", ends)
    result = check()
    assert result.exit_code == WARNING
    assert f"The application's client secret in Entra ends on {ends}. Create" in result.stdout


def test_wrong_settings_are_unknown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WEBCRM_SYNC_LISTEN", "nowhere")
    result = check()
    assert result.exit_code == UNKNOWN
    assert "UNKNOWN - These settings are missing or wrong: WEBCRM_SYNC_LISTEN" in result.stdout
    assert json.loads(check("--json").stdout)["status"] == "unknown"


def test_a_database_that_is_away_is_critical(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WEBCRM_SYNC_DATABASE_URL", "postgresql://u:secret@127.0.0.1:9/x")
    result = check()
    assert result.exit_code == CRITICAL
    assert "CRITICAL - The database cannot be used: nothing listens" in result.stdout
    assert "secret" not in result.stdout
    assert len(result.stdout.splitlines()) == 1


@pytest.mark.long
@pytest.mark.usefixtures("environment")
def test_a_database_that_hangs_is_critical_before_the_monitor_gives_up(scenario: Scenario) -> None:
    be_at_work(scenario)
    before = set(threading.enumerate())
    started = time.monotonic()
    with scenario.context.database.begin() as tx:
        tx.connection.execute(text("LOCK TABLE mailbox IN ACCESS EXCLUSIVE MODE"))
        result = check()
    assert result.exit_code == CRITICAL
    assert "The database has not answered within 8 s" in result.stdout
    assert time.monotonic() - started < 15
    for thread in set(threading.enumerate()) - before:  # the one that waited for the lock
        thread.join(timedelta(seconds=10).total_seconds())


@pytest.mark.long
@pytest.mark.parametrize("more", ["", "?connect_timeout=60"])
def test_the_command_ends_in_time_though_nothing_answers(
    environment: pytest.MonkeyPatch, more: str
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # the system takes connections, and nobody speaks
        url = f"postgresql://u:secret@127.0.0.1:{silent.getsockname()[1]}/x{more}"
        environment.setenv("WEBCRM_SYNC_DATABASE_URL", url)
        started = time.monotonic()
        line = [sys.executable, "-m", "webcrm_sync", "status", "--check"]
        ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert time.monotonic() - started < 15
    assert (ended.returncode, "WEBCRM SYNC CRITICAL" in ended.stdout) == (CRITICAL, True)


@pytest.mark.usefixtures("environment")
def test_status_begins_with_the_totals_and_the_oldest(scenario: Scenario) -> None:
    be_at_work(scenario)
    with scenario.context.begin() as tx:
        waits = text("UPDATE item SET state = 'matched', state_at = now() - interval '95 minutes'")
        tx.connection.execute(waits)
    first = CliRunner().invoke(status.status).stdout.splitlines()[0]
    assert first == (
        "OK. 1 mailbox, 0 with a trouble of its own. On the way: 1 mail, the oldest for 1 h 35 min."
        " Waiting: 0. Parked: 0."
    )


def shown(*arguments: str) -> str:
    return CliRunner().invoke(status.status, arguments).stdout


def listed(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shown("--json", *arguments))
    return found


@pytest.mark.usefixtures("environment")
def test_the_totals_say_of_a_dead_worker_what_the_troubles_say(scenario: Scenario) -> None:
    """No mailbox has this trouble as its own, and yet nothing works."""
    be_at_work(scenario)
    assert shown().startswith("OK. 1 mailbox, 0 with a trouble of its own. ")
    with scenario.context.begin() as tx:
        tx.connection.execute(text("DELETE FROM heartbeat WHERE queue = 'webcrm'"))
    first, second, *_ = shown().splitlines()
    assert first.startswith("Critical: 1 trouble. 1 mailbox, 0 with a trouble of its own. ")
    assert second.startswith("Critical: No worker runs the jobs of webcrm.")
    found, measured = listed(), json.loads(check("--json").stdout)
    assert found["status"] == measured["status"] == "critical"
    assert found["totals"] == measured["totals"]


@pytest.mark.usefixtures("environment")
def test_a_mailbox_that_nobody_reads_is_in_trouble_everywhere(scenario: Scenario) -> None:
    """Only a trouble of the service names the mailbox; its own row shows none."""
    scenario.add_mailbox("lo@nordwind.example", "Lo")
    be_at_work(scenario)
    with scenario.context.begin() as tx:
        unread = text(
            "UPDATE folder SET poll_due_at = now() - interval '2 hours' WHERE mailbox_id ="
            " (SELECT id FROM mailbox WHERE address = :kim)"
        )
        tx.connection.execute(unread, {"kim": KIM})
        # Nobody advances the alerts, so the trouble counts at once.
        late = "UPDATE company SET alerts_due_at = now() - interval '6 min'"
        tx.connection.execute(text(late))
    filtered = shown("--trouble")
    assert filtered.startswith("Critical: 2 troubles. 2 mailboxes, 1 with a trouble of their own. ")
    assert f"\n{KIM}: 1 synced\n  Nobody has read it in time.\n" in filtered
    assert "No mailbox is in trouble" not in filtered
    assert "lo@nordwind.example" not in filtered
    (box,) = listed("--trouble")["mailboxes"]
    assert (box["address"], box["troubles"]) == (KIM, ["silent mailbox"])
    assert listed()["totals"]["in_trouble"] == 1
    assert " in_trouble=1 troubles=2" in check().stdout


@pytest.mark.usefixtures("environment")
def test_paused_mailboxes_count_everywhere_and_are_in_no_trouble(scenario: Scenario) -> None:
    scenario.add_mailbox("lo@nordwind.example", "Lo")
    be_at_work(scenario)
    with scenario.context.begin() as tx:
        stop = "UPDATE mailbox SET paused_at = now(), trouble = 'Full.' WHERE address = :kim"
        tx.connection.execute(text(stop), {"kim": KIM})
    assert shown().startswith("OK. 2 mailboxes (1 paused), 0 with a trouble of their own. ")
    line = check().stdout
    assert line.startswith("WEBCRM SYNC OK - 2 mailboxes (1 paused), 0 mails on the way.")
    assert line.endswith(" mailboxes=2 paused=1 in_trouble=0 troubles=0\n")
    totals = listed()["totals"]
    assert [totals[k] for k in ("mailboxes", "paused", "in_trouble")] == [2, 1, 0]


@pytest.mark.usefixtures("environment")
def test_a_trouble_that_does_not_last_yet_is_named_as_such(scenario: Scenario) -> None:
    be_at_work(scenario)
    with scenario.context.begin() as tx:
        tx.connection.execute(text("UPDATE mailbox SET trouble = 'The mailbox is full.'"))
        tx.connection.execute(text("UPDATE company SET alerts_due_at = now() + interval '1 min'"))
    assert shown().startswith(
        "OK: a trouble counts when it lasts. 1 mailbox, 1 with a trouble of its own. "
    )
    assert check().exit_code == OK


@pytest.mark.usefixtures("environment")
def test_status_filtered_by_trouble_leaves_out_healthy_mailboxes(scenario: Scenario) -> None:
    scenario.add_mailbox("lo@nordwind.example", "Lo")
    be_at_work(scenario)
    run = CliRunner().invoke
    assert "No mailbox is in trouble." in run(status.status, ["--trouble"]).stdout
    with scenario.context.begin() as tx:
        full = text("UPDATE mailbox SET trouble = 'The mailbox is full.' WHERE address = :kim")
        tx.connection.execute(full, {"kim": KIM})
    filtered = run(status.status, ["--trouble"]).stdout
    assert "2 mailboxes, 1 with a trouble of their own." in filtered
    assert f"{KIM}: " in filtered
    assert "lo@nordwind.example" not in filtered
    found = json.loads(run(status.status, ["--trouble", "--json"]).stdout)
    assert [box["address"] for box in found["mailboxes"]] == [KIM]
    assert found["totals"]["mailboxes"] == 2
