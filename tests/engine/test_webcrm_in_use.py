"""Another key field or webCRM system than the one in use is refused: look-ups would miss."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text

from support.doctor import Doctor
from support.scenario import BO, BOTH, KIM
from webcrm_sync.settings import PREFIX
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.http_server import free_port
from webcrm_sync_sandbox.outlook.mail import Mail

#: The commands that call webCRM, each with arguments for this company.
COMMANDS = [
    ("web",),
    ("worker",),
    ("worker", "--only", "webcrm"),
    ("prove",),
    ("rebuild", "--yes", KIM),
    ("mailbox", "add", "--yes", KIM),
]


@pytest.fixture
def used(doctor: Doctor) -> Doctor:
    """The company with a filed mail."""
    scenario = doctor.scenario
    (box,) = scenario.sandbox.outlook.mailboxes
    item = scenario.drag(box, Mail("Filed", BO, KIM))
    scenario.discover()
    assert box.read(item).categories == BOTH
    return doctor


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_another_key_field_is_refused_by_every_command(
    used: Doctor, command: tuple[str, ...]
) -> None:
    used.settings["WEBCRM_KEY_FIELD"] = "ActivityCustom7"
    result = used.invoke(*command)
    assert result.exit_code == 1
    assert "The filed mails have their keys in the field ActivityCustom15" in result.stderr
    assert f"Set {PREFIX}WEBCRM_KEY_FIELD=ActivityCustom15." in result.stderr
    assert len(used.scenario.activities) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_another_system_is_refused_by_every_command(used: Doctor, command: tuple[str, ...]) -> None:
    with Sandbox() as other:
        given = other.environment()
        for name in ("WEBCRM_URL", "WEBCRM_TOKEN"):
            used.settings[name] = given[PREFIX + name]
        other.crm.add_person(other.crm.add_organisation("Other"), "other@x.example")
        result = used.invoke(*command)
        assert other.crm.activities == []
    assert result.exit_code == 1
    assert "The filed mails are in another webCRM system" in result.stderr


def test_doctor_says_both_and_changes_nothing(used: Doctor) -> None:
    used.settings["WEBCRM_KEY_FIELD"] = "ActivityCustom7"
    assert "have their keys in the field ActivityCustom15" in used.said("webCRM in use")
    del used.settings["WEBCRM_KEY_FIELD"]
    with Sandbox() as other:
        given = other.environment()
        mine = dict(used.settings)
        for name in ("WEBCRM_URL", "WEBCRM_TOKEN"):
            used.settings[name] = given[PREFIX + name]
        assert "in another webCRM system" in used.said("webCRM in use")
    used.settings = mine
    assert used.invoke("prove").exit_code == 0


def test_a_new_token_of_the_same_system_goes_on(used: Doctor) -> None:
    token = str(uuid.uuid4())
    used.scenario.sandbox.crm.add_token(token)
    used.settings["WEBCRM_TOKEN"] = token
    used.settings["WEBCRM_URL"] = used.settings["WEBCRM_URL"].replace("127.0.0.1", "localhost")
    assert used.invoke("prove").exit_code == 0
    journal = used.scenario.sandbox.journal
    journal.clear()
    assert used.invoke("mailbox", "list").exit_code == 0
    assert journal.count("webcrm") == 0


def test_webcrm_that_is_away_is_no_other_system(used: Doctor) -> None:
    used.settings["WEBCRM_URL"] = f"http://127.0.0.1:{free_port()}"
    result = used.invoke("prove")
    assert result.exit_code == 1
    assert "webCRM must be asked once whether it is the same system" in result.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_refused_token_is_named_as_such(used: Doctor, command: tuple[str, ...]) -> None:
    used.settings["WEBCRM_TOKEN"] = str(uuid.uuid4())
    result = used.invoke(*command)
    assert result.exit_code == 1
    assert f"did not accept the application token in {PREFIX}WEBCRM_TOKEN" in result.stderr
    assert "same system" not in result.stderr


def test_doctor_names_a_refused_token_once(used: Doctor) -> None:
    used.settings["WEBCRM_TOKEN"] = str(uuid.uuid4())
    assert f"application token in {PREFIX}WEBCRM_TOKEN" in used.said("webCRM login")
    assert used.said("webCRM in use").endswith("see 'webCRM login'")


def test_a_deleted_activity_does_not_make_it_another_system(used: Doctor) -> None:
    """The Persons of the directory are compared as well."""
    sandbox = used.scenario.sandbox
    table = sandbox.crm.tables["Activity"]
    for activity in sandbox.crm.activities:
        table.delete(activity["ActivityId"])
    token = str(uuid.uuid4())
    sandbox.crm.add_token(token)
    used.settings["WEBCRM_TOKEN"] = token
    assert "another webCRM" not in used.invoke("prove").output


def test_before_the_first_mail_both_may_change(doctor: Doctor) -> None:
    doctor.settings["WEBCRM_KEY_FIELD"] = "ActivityCustom7"
    assert doctor.invoke("prove").exit_code == 0


def test_a_database_of_an_earlier_version_is_compared_once(used: Doctor) -> None:
    with used.scenario.context.begin() as tx:
        tx.connection.execute(
            text("UPDATE company SET webcrm_key_field = NULL, webcrm_system = NULL")
        )
    used.settings["WEBCRM_KEY_FIELD"] = "ActivityCustom7"
    result = used.invoke("prove")
    assert result.exit_code == 1
    assert "or their keys in another field" in result.stderr
    used.settings["WEBCRM_KEY_FIELD"] = "ActivityCustom15"
    assert used.invoke("prove").exit_code == 0
    with used.scenario.context.begin() as tx:
        stored = tx.connection.scalar(text("SELECT webcrm_key_field FROM company"))
    assert stored == "ActivityCustom15"
