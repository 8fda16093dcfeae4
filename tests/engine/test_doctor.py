"""`doctor` names what is wrong with settings and machine, in one line and as JSON."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from itertools import repeat
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.doctor import FAILED, OK, WARNING, Doctor, answering
from webcrm_sync.cli import cli
from webcrm_sync.cli.doctor_checks import check_addin
from webcrm_sync.engine.operations.doctor import Check, Verdict, run_checks
from webcrm_sync.engine.operations.doctor.machine import judge_disk
from webcrm_sync.settings import PREFIX
from webcrm_sync_sandbox.http_server import Server


def test_a_company_without_a_fault_has_no_failed_check(reached: Doctor) -> None:
    checks = reached.checks()
    assert [check for check in checks if check["verdict"] == FAILED] == []
    assert {check["name"] for check in checks} >= {
        *("settings", "add-in", "listen", "database", "secrets", "contacts", "tenant", "clock"),
        *("Entra and Graph sign-in", "permissions", "mailboxes", "write permission"),
        *(
            "webCRM login",
            "webCRM fields",
            "webCRM Opportunities",
            "webCRM write permission",
            "reachability",
        ),
    }


def test_what_is_written_to_try_it_is_taken_back(reached: Doctor) -> None:
    sandbox = reached.scenario.sandbox
    (box,) = sandbox.outlook.mailboxes
    before = [c.name for c in box.categories.values()]
    assert "deleted again" in reached.said("write permission", OK)
    assert "deleted again" in reached.said("webCRM write permission", OK)
    assert [c.name for c in box.categories.values()] == before
    assert [m for place in ("drafts", "deleteditems") for m in box.messages(place)] == []
    assert (sandbox.crm.documents, sandbox.crm.activities) == ([], [])


def test_settings_that_do_not_load_are_checks_as_well(doctor: Doctor) -> None:
    doctor.settings |= {"POLL_SECONDS": "soon", "NEVERSYNC": "eva@x.example"}
    del doctor.settings["WEBCRM_TOKEN"]
    found = doctor.checks()
    assert {(check["name"], check["verdict"]) for check in found} == {("settings", FAILED)}
    assert [check["text"] for check in found if "did you mean" in check["text"]] == [
        f"{PREFIX}NEVERSYNC: is no setting of this version; did you mean {PREFIX}NEVER_SYNC?"
    ]
    assert len(found) == 3


def test_a_variable_that_nothing_reads_is_a_warning(doctor: Doctor) -> None:
    doctor.settings["XQZ_J"] = "1"
    assert doctor.said("settings", WARNING) == f"{PREFIX}XQZ_J: is no setting of this version"


@pytest.mark.parametrize("command", ["doctor", "status", "prove", "explain"])
def test_a_wrong_argument_is_json_too(doctor: Doctor, command: str) -> None:
    result = CliRunner().invoke(cli, [command, "--json", "--odd"])
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {"error": "No such option '--odd'."}
    assert CliRunner().invoke(cli, [command, "--odd"]).stdout == ""
    del doctor


def test_an_addin_that_is_not_built_is_named(tmp_path: Path) -> None:
    (check,) = check_addin(tmp_path)
    assert check.verdict is Verdict.FAILED
    assert "it is not built, so Outlook shows an empty pane. Install the wheel" in check.text
    (tmp_path / "manifest.json").write_text('{"taskpane/main.ts": {"file": "a.js"}}', "utf-8")
    assert [check.verdict for check in check_addin(tmp_path)] == [Verdict.FAILED]


def test_a_port_that_another_program_uses_is_named(doctor: Doctor) -> None:
    with Server(answering("200 OK", b"other")) as other:
        doctor.settings["LISTEN"] = f"127.0.0.1:{other.port}"
        text = doctor.said("listen")
    assert "Address already in use. Another program may use it: stop that, or set " in text
    assert f"{PREFIX}LISTEN" in text


def test_the_port_of_the_running_service_is_no_fault(reached: Doctor) -> None:
    reached.settings["LISTEN"] = reached.settings["PUBLIC_URL"].removeprefix("http://")
    assert "the service listens on" in reached.said("listen", OK)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [("file", "is not a folder"), ("file/below", "is below something that is no folder")],
)
def test_a_data_folder_of_no_use_is_named(doctor: Doctor, place: str, sentence: str) -> None:
    (doctor.folder / "file").touch()
    del doctor.settings["DATABASE_URL"]
    doctor.settings["DATA_DIR"] = str(doctor.folder / place)
    assert doctor.said("data folder").startswith(f"{PREFIX}DATA_DIR {sentence}. Name a folder")


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_data_folder_of_no_use_is_one_sentence(doctor: Doctor, command: str) -> None:
    (doctor.folder / "file").touch()
    del doctor.settings["DATABASE_URL"]
    doctor.settings["DATA_DIR"] = str(doctor.folder / "file")
    result = doctor.invoke(command)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {PREFIX}DATA_DIR cannot be used (File exists): name a")


def test_a_full_disk_is_named() -> None:
    low = 1_000_000_000
    assert judge_disk(50_000_000, low) == Check(
        "disk", Verdict.FAILED, f"50 MB are free on the disk of {PREFIX}DATA_DIR: make room"
    )
    assert judge_disk(500_000_000, low).verdict is Verdict.WARNING
    assert judge_disk(500_000_000, 400_000_000).verdict is Verdict.OK
    assert judge_disk(shutil.disk_usage("/").total + 10**12, low).verdict is Verdict.OK


def test_doctor_warns_of_the_disk_below_the_limit_of_the_settings(doctor: Doctor) -> None:
    del doctor.settings["DATABASE_URL"]
    doctor.settings |= {"DATA_DIR": str(doctor.folder), "ALERT_DISK_FREE_MB": "1e9"}
    assert "MB are free on the disk of" in doctor.said("disk", WARNING)


def test_a_wrong_clock_is_named(doctor: Doctor) -> None:
    context = doctor.scenario.context
    for skew, verdict, words in (
        (timedelta(minutes=9), Verdict.FAILED, "9 min ahead of Graph's"),
        (timedelta(minutes=-3), Verdict.WARNING, "3 min behind Graph's"),
    ):
        now = context.now() + skew
        wrong = replace(context, now=repeat(now).__next__)
        (clock,) = [one for one in run_checks(wrong) if one.name == "clock"]
        assert clock.verdict is verdict
        assert words in clock.text
        assert "Set it by NTP" in clock.text
