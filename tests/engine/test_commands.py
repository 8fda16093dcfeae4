"""The commands for administrators and monitoring: their texts, JSON and exit codes."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from support.command_line import as_json, run, shell
from support.scenario import BO, KIM, Scenario
from webcrm_sync.cli import cli, doctor, explain, mailbox, migrate, prove, rebuild, serve, status
from webcrm_sync_sandbox.outlook.mail import Mail

STRANGER = "<stranger@nowhere.example>"


@pytest.fixture
def scenario(scenario: Scenario, tmp_path: Path) -> Iterator[Scenario]:
    """A synced and a waiting mail; the environment points the commands to the sandbox."""
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.drag(box, Mail("In", BO, KIM))
    scenario.drag(box, Mail("Hello", "who@nowhere.example", KIM, message_id=STRANGER))
    scenario.discover()
    with shell(scenario, tmp_path):
        yield scenario


def test_a_port_in_use_gives_one_sentence(scenario: Scenario) -> None:
    del scenario
    with socket.socket() as taken, pytest.MonkeyPatch.context() as patch:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        patch.setenv("WEBCRM_SYNC_LISTEN", listen)
        result = run(serve.web)
    assert result.exit_code == 1
    assert result.stderr == f"Error: LISTEN={listen} is not possible: Address already in use.\n"


def test_files_that_are_no_certificate_give_one_sentence(
    scenario: Scenario, tmp_path: Path
) -> None:
    del scenario
    (tmp_path / "no.pem").write_text("no certificate", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TLS_CERT", "TLS_KEY"):
            patch.setenv(f"WEBCRM_SYNC_{name}", str(tmp_path / "no.pem"))
        result = run(serve.web)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: TLS_CERT and TLS_KEY cannot be used: ")


def test_an_unknown_log_level_gives_one_sentence() -> None:
    result = run(cli, "--log-level", "loud", "status")
    assert result.exit_code == 2
    assert "'loud' is not one of 'debug', 'info', 'warning', 'error'." in result.stderr


def test_status_shows_waiting_mails_and_the_latest_event(scenario: Scenario) -> None:
    printed = run(status.status).stdout
    assert "webCRM: no trouble." in printed
    assert re.search(r"Calls to webCRM in the last minute: [1-9]\d* of 240\.", printed)
    assert "Not proved yet" in printed
    assert f"{KIM}: 1 synced, 1 waiting" in printed
    assert "  1 waiting: None of its addresses is a contact in webCRM." in printed
    assert "latest: " in printed
    assert STRANGER not in printed
    assert STRANGER in run(status.status, "--mails").stdout


def test_status_as_json_keeps_its_shape(scenario: Scenario) -> None:
    found = as_json(status.status)
    assert found.keys() == {
        *("status", "is_pushed", "push_why", "webcrm_trouble", "webcrm_calls"),
        *("directory_read_at", "rebuilding_since"),
        *("proved", "mailboxes", "held_jobs", "groups"),
        *("troubles", "unsent_alerts", "totals"),
    }
    assert found["totals"].keys() == {
        *("mailboxes", "paused", "in_trouble"),
        *("on_the_way", "oldest_seconds", "waiting", "parked"),
    }
    (box,) = found["mailboxes"]
    assert box.keys() == {
        *("address", "counts", "folders", "pushed_folders", "trouble", "latest", "latest_at"),
        *("pending", "proved", "on_the_way", "paused_at", "troubles"),
        *("left_group", "left_group_at"),
    }
    (group,) = box["pending"]
    assert group["message_ids"] == [STRANGER]
    assert (group["state"], group["reason"], group["count"]) == ("waiting", "no contact", 1)
    del box["troubles"]  # what the troubles of the service say about it
    assert as_json(mailbox.mailbox, "list") == [box]


def test_doctor_as_json_keeps_its_shape(scenario: Scenario) -> None:
    checks = as_json(doctor.doctor)
    assert {frozenset(check) for check in checks} == {frozenset({"name", "verdict", "text"})}
    assert {check["verdict"] for check in checks} <= {"ok", "warning", "failed"}


def test_prove_ends_with_0_when_equal_and_with_1_when_not(scenario: Scenario) -> None:
    first = run(prove.prove)
    assert (first.exit_code, first.stdout.splitlines()[-1]) == (0, "Equal.")
    assert "  inbox: 2 in the folder = 1 synced + 1 waiting: no contact" in first.stdout
    assert "Proved equal on " in run(status.status).stdout
    with scenario.context.begin() as tx:
        tx.connection.execute(text("DELETE FROM item WHERE state = 'synced'"))
    second = run(prove.prove, "--json")
    found = json.loads(second.stdout)
    assert (second.exit_code, found["is_equal"]) == (1, False)
    (box,) = found["mailboxes"]
    (difference,) = box["differences"]
    assert difference["kind"] == "unknown mail"
    assert difference["is_healed"] is True
    assert difference["sentence"]
    assert found["webcrm"].keys() == {
        *("activities", "filings", "others", "differences", "trouble"),
    }
    assert "1 difference fixed." in run(status.status).stdout
    scenario.run_until_idle()
    assert as_json(prove.prove, "--mailbox", KIM)["webcrm"] is None


def test_prove_refuses_a_mailbox_that_is_not_watched(scenario: Scenario) -> None:
    refused = run(prove.prove, "--mailbox", "nobody@nordwind.example")
    assert refused.exit_code == 1
    assert "is not watched" in refused.stderr


def test_explain_of_an_unknown_mail_fails_with_json_too(scenario: Scenario) -> None:
    for more in ((), ("--json",)):
        unknown = run(explain.explain, "<nobody@x.example>", *more)
        assert unknown.exit_code == 1
        assert unknown.stdout == ""
        assert "No mail with this Message-ID" in unknown.stderr
    assert run(explain.explain, " ").exit_code == 2


def test_rebuild_of_an_empty_database_needs_the_mailboxes(scenario: Scenario) -> None:
    with scenario.context.begin() as tx:
        tx.connection.execute(text("TRUNCATE company CASCADE"))
    assert "Name the mailboxes" in run(rebuild.rebuild).stderr
    refused = run(rebuild.rebuild, KIM, "--yes")
    assert "Another installation of webCRM sync works on this mailbox" in refused.stderr
    assert "--take-over" in refused.stderr
    owned = ("--from", "-", "--take-over", "--yes", "--json")
    listed = run(rebuild.rebuild, *owned, stdin=f"{KIM}\n\n")
    found = json.loads(listed.stdout)
    assert (found["mailboxes"], found["activities"], found["doubles"]) == ([KIM], 1, [])
    again = run(rebuild.rebuild, KIM, "--take-over", "--yes")
    assert "1 Activities" not in again.stdout
    assert len(scenario.activities) == 1


def test_status_of_an_empty_company_says_what_to_do(scenario: Scenario) -> None:
    with scenario.context.begin() as tx:
        tx.connection.execute(text("TRUNCATE company CASCADE"))
    assert "No mailbox is watched yet" in run(status.status).stdout
    assert "No mailbox is watched yet" in run(mailbox.mailbox, "list").stdout
    assert as_json(status.status)["mailboxes"] == []
    assert run(prove.prove).exit_code == 0


@pytest.mark.parametrize(
    ("version", "cure"), [("0001", "webcrm-sync migrate"), ("9999", "later version")]
)
def test_a_database_of_another_version_is_refused_with_the_fix(
    scenario: Scenario, version: str, cure: str
) -> None:
    with scenario.context.begin() as tx:
        current = tx.connection.scalar(text("SELECT version_num FROM alembic_version"))
    _set_version(scenario, version)
    try:
        refused = run(status.status)
        newer = run(migrate.migrate) if version == "9999" else refused
    finally:
        _set_version(scenario, str(current))
    for result in (refused, newer):
        assert result.exit_code == 1
        assert cure in result.stderr


def _set_version(scenario: Scenario, version: str) -> None:
    with scenario.context.begin() as tx:
        statement = text("UPDATE alembic_version SET version_num = :v")
        tx.connection.execute(statement, {"v": version})
