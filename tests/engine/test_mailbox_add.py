"""`mailbox add` with many mailboxes: lists, failures with their cures, and a way back."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from support.command_line import as_json, run, shell
from support.installations import another_installation
from support.processes import until
from support.scenario import BO, FOLDER, KIM, Scenario
from webcrm_sync.cli.mailbox import mailbox
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

LOST = "lost@nordwind.example"


@pytest.fixture
def scenario(scenario: Scenario, tmp_path: Path) -> Iterator[Scenario]:
    """A company whose mailboxes are not watched yet."""
    with shell(scenario, tmp_path):
        yield scenario


def people(scenario: Scenario, number: int) -> list[SimMailbox]:
    return [
        scenario.sandbox.outlook.add_mailbox(f"p{n}@nordwind.example", f"Person {n}")
        for n in range(number)
    ]


def watched(scenario: Scenario) -> list[str]:
    with scenario.context.begin() as tx:
        return [box.address for box in mailboxes.all_mailboxes(tx)]


def sync_folders(box: SimMailbox) -> list[str]:
    return [f.name for f in box.folders.values() if f.name == FOLDER]


def test_many_are_added_and_each_failure_is_named_with_its_cure(scenario: Scenario) -> None:
    boxes = people(scenario, 8)
    boxes[1].has_licence = False
    boxes[2].put(Mail("Old", BO, KIM), boxes[2].make_folder("inbox", FOLDER))
    named = [box.address for box in boxes]
    done = run(mailbox, "add", *named, LOST)
    assert done.exit_code == 1
    assert "7 mailboxes." in done.stdout
    assert "13 folders 'webCRM sync' will be created, 1 exist." in done.stdout
    assert f"p2@nordwind.example: The folder '{FOLDER}' under Inbox holds 1 mail" in done.stdout
    assert "7 mailboxes are now watched." in done.stdout
    assert f"1 mailbox cannot be added: {LOST}\n  There is no such mailbox" in done.stderr
    assert "cannot be added: p1@nordwind.example\n  The user has no mailbox. Assign" in done.stderr
    assert watched(scenario) == sorted({*named} - {"p1@nordwind.example"})


def test_the_json_names_each_mailbox_with_its_result(scenario: Scenario) -> None:
    people(scenario, 1)
    found = as_json(mailbox, "add", "p0@nordwind.example", LOST)
    assert (found["added"], found["failed"], found["is_dry_run"]) == (1, 1, False)
    good, bad = found["mailboxes"]
    assert (good["address"], good["is_added"], good["error"]) == ("p0@nordwind.example", True, None)
    assert [folder["name"] for folder in good["folders"]] == [None, None]
    assert (bad["address"], bad["is_added"]) == (LOST, False)
    assert "Check the spelling" in bad["error"]
    again = as_json(mailbox, "add", "p0@nordwind.example")
    assert again["mailboxes"][0]["was_watched"] is True


def test_a_dry_run_changes_nothing(scenario: Scenario) -> None:
    (box,) = people(scenario, 1)
    done = run(mailbox, "add", box.address, "--dry-run")
    assert done.exit_code == 0
    assert "The folder 'webCRM sync' under Inbox will be created." in done.stdout
    assert "Nothing was changed" in done.stdout
    assert watched(scenario) == []
    assert not box.categories
    assert sync_folders(box) == []
    assert run(mailbox, "add", LOST, "--dry-run").exit_code == 1


def test_a_mailbox_that_fails_half_way_keeps_no_folder_and_is_not_watched(
    scenario: Scenario,
) -> None:
    first, second = people(scenario, 2)
    scenario.sandbox.faults.deny(
        "graph", when=lambda method, path: method == "POST" and second_sent(path, second)
    )
    done = run(mailbox, "add", first.address, second.address)
    assert done.exit_code == 1
    assert watched(scenario) == [first.address]
    assert len(sync_folders(first)) == 2
    assert [f.parent.name for f in second.folders.values() if f.name == FOLDER and f.parent] == [
        "Deleted Items"
    ]
    scenario.sandbox.faults.clear()
    assert run(mailbox, "add", second.address).exit_code == 0
    assert watched(scenario) == [first.address, second.address]


def second_sent(path: str, box: SimMailbox) -> bool:
    return path.endswith("/sentitems/childFolders") and box.user_id in path


def test_a_busy_moment_of_graph_is_waited_out(scenario: Scenario) -> None:
    boxes = people(scenario, 3)
    scenario.sandbox.faults.throttle("graph", when=lambda method, _: method == "POST", limit=2)
    scenario.sandbox.faults.unavailable("graph", when=lambda _, path: "users" in path, limit=1)
    done = run(mailbox, "add", *(box.address for box in boxes))
    assert (done.exit_code, len(watched(scenario))) == (0, 3), done.stderr


def test_a_refused_sign_in_is_one_sentence_for_all(scenario: Scenario) -> None:
    boxes = people(scenario, 30)
    for app in scenario.sandbox.entra.apps.values():
        app.secret = "another one"
    done = run(mailbox, "add", *(box.address for box in boxes))
    assert done.exit_code == 1
    assert "30 mailboxes cannot be added: " in done.stderr
    assert "ENTRA_CLIENT_SECRET is not a secret of this application" in done.stderr
    assert scenario.sandbox.journal.count("entra", path="token") <= 8


def test_a_missing_permission_is_named(scenario: Scenario) -> None:
    (box,) = people(scenario, 1)
    for app in scenario.sandbox.entra.apps.values():
        app.roles = ("Mail.ReadWrite", "MailboxSettings.ReadWrite")
    done = run(mailbox, "add", box.address)
    assert "Grant it the application permission User.Read.All" in done.stderr


def test_two_addresses_of_one_mailbox_count_once(scenario: Scenario) -> None:
    scenario.sandbox.outlook.add_mailbox(KIM, "Kim", aliases=("k@nordwind.example",))
    done = run(mailbox, "add", KIM, KIM.upper(), "k@nordwind.example")
    assert (done.exit_code, watched(scenario)) == (0, [KIM])
    assert f"{KIM} is now watched." in done.stdout


def test_a_list_comes_as_people_export_it(scenario: Scenario, tmp_path: Path) -> None:
    people(scenario, 4)
    exported = tmp_path / "people.csv"
    exported.write_bytes(
        b'\xef\xbb\xbf# the sales team\r\nName;Mail\r\n"Person; 0";p0@nordwind.example\r\n'
        b'"Person 1";"P1@Nordwind.example"\r\n\r\n;p0@nordwind.example\r\n'
    )
    done = run(mailbox, "add", "--from", str(exported), "p2@nordwind.example")
    assert (done.exit_code, len(watched(scenario))) == (0, 3), done.stderr
    assert "The file repeats mailboxes on 1 line." in done.stderr
    piped = run(mailbox, "add", "--from", "-", stdin="Person 3 <p3@nordwind.example>\n")
    assert (piped.exit_code, len(watched(scenario))) == (0, 4)


def test_a_wrong_line_is_named_before_anything_is_done(scenario: Scenario) -> None:
    people(scenario, 1)
    done = run(mailbox, "add", "--from", "-", stdin="p0@nordwind.example\nPerson One\n")
    assert done.exit_code == 1
    assert "Nothing was done. Correct standard input:" in done.stderr
    assert "Line 2: There is no address in 'Person One'." in done.stderr
    assert watched(scenario) == []
    assert run(mailbox, "add").exit_code == 2


@pytest.mark.parametrize("argument", ["", " ", "kim", "../users", "a@x.example b@x.example"])
def test_an_argument_that_is_no_address_is_refused(scenario: Scenario, argument: str) -> None:
    people(scenario, 1)
    done = run(mailbox, "add", "p0@nordwind.example", argument)
    assert (done.exit_code, watched(scenario)) == (2, [])
    assert f"'{argument}' is no address" in done.stderr
    assert run(mailbox, "add", "Person <P0@Nordwind.example>").exit_code == 0


def test_ctrl_c_finishes_what_has_begun_and_says_how_to_continue(scenario: Scenario) -> None:
    boxes = people(scenario, 40)
    scenario.sandbox.faults.latency = timedelta(milliseconds=100)
    line = [sys.executable, "-m", "webcrm_sync", "mailbox", "add", *(b.address for b in boxes)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: bool(watched(scenario)), "the first mailbox")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 1, stderr
    added = watched(scenario)
    assert 0 < len(added) < 40
    assert f"Called off before {40 - len(added)} mailboxes." in stdout
    assert sorted(box.address for box in boxes if sync_folders(box)) == added
    assert all(len(sync_folders(box)) in {0, 2} for box in boxes)


def test_removing_asks_first(scenario: Scenario) -> None:
    scenario.add_mailbox()
    refused = run(mailbox, "remove", KIM)
    assert refused.exit_code == 2
    assert "there is no terminal to ask at. Add --yes" in refused.stderr
    assert watched(scenario) == [KIM]
    assert "is not watched" in run(mailbox, "remove", KIM, LOST, "--yes").stderr
    assert watched(scenario) == [KIM]
    assert f"{KIM} is no longer watched." in run(mailbox, "remove", KIM, "--yes").stdout
    assert watched(scenario) == []


def test_a_take_over_of_all_names_what_another_installation_has_at_once(
    scenario: Scenario,
) -> None:
    for box in people(scenario, 2):
        run(mailbox, "add", box.address, "--yes")
    taken = "p1@nordwind.example"
    with another_installation(scenario) as other:
        admin.add(other.context, admin.inspect(other.context, taken), take_over=True)
        other.run_until_idle()
        other.wait(timedelta(minutes=18))
        # No check of a lease has run here: the folders themselves are asked.
        found = as_json(mailbox, "add", "--take-over", "--dry-run")
    assert [one["address"] for one in found["mailboxes"]] == [taken]


def test_a_take_over_of_nothing_says_so(scenario: Scenario) -> None:
    (box,) = people(scenario, 1)
    run(mailbox, "add", box.address, "--yes")
    done = run(mailbox, "add", "--take-over", "--yes")
    assert done.exit_code == 0
    assert "there is nothing to take over" in done.stdout
    assert "half a minute" in done.stdout


@contextmanager
def taken_by_another(scenario: Scenario) -> Iterator[SimMailbox]:
    """A watched mailbox that another installation has taken over, which nobody here knows yet."""
    (box,) = people(scenario, 1)
    run(mailbox, "add", box.address, "--yes")
    scenario.run_until_idle()
    with another_installation(scenario) as other:
        admin.add(other.context, admin.inspect(other.context, box.address), take_over=True)
        other.run_until_idle()
        yield box


def held_elsewhere(scenario: Scenario) -> bool:
    (box,) = read_status(scenario.context).mailboxes
    return "Another installation" in (box.trouble or "")


def test_an_add_that_meets_another_installation_shows_it_from_then_on(scenario: Scenario) -> None:
    with taken_by_another(scenario) as box:
        assert run(mailbox, "add", box.address, "--dry-run").exit_code == 1
        assert not held_elsewhere(scenario)  # a trial changes nothing
        refused = run(mailbox, "add", box.address)
        assert (refused.exit_code, "--take-over" in refused.stderr) == (1, True)
        assert held_elsewhere(scenario)
        assert "Another installation" in run(mailbox, "list").stdout


def test_a_take_over_that_fails_half_way_takes_nothing_over(scenario: Scenario) -> None:
    with taken_by_another(scenario) as box:
        box.delete_folder(f"sentitems/{FOLDER}")
        scenario.sandbox.faults.deny(
            "graph", when=lambda method, path: method == "POST" and second_sent(path, box)
        )
        assert run(mailbox, "add", box.address, "--take-over", "--yes").exit_code == 1
        scenario.sandbox.faults.clear()
        scenario.wait(timedelta(minutes=30))
        assert held_elsewhere(scenario)
