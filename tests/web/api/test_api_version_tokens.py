"""An open pane checks whether its answer is still right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from support.api_client import Person
from support.scenario import BO, FOLDER, KIM, LIS, Scenario
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail


@pytest.fixture(autouse=True)
def _pushed(scenario: Scenario, kim: Person) -> None:
    """Push is on for Kim's folders."""
    for_long = scenario.context.now() + timedelta(days=30)
    with scenario.context.begin() as tx:
        box = mailboxes.find_mailbox(tx, KIM)
        assert box is not None
        for folder in mailboxes.folders(tx, box.id):
            facts = {"subscription_id": folder.graph_id, "subscription_expires_at": for_long}
            mailboxes.set_folder(tx, folder.id, **facts)


def shown(person: Person, graph_id: str, version: str | None = None) -> tuple[str, str]:
    """The state of a mail and its version. `version`: of an earlier answer."""
    mail = person.ref(graph_id) | ({"version": version} if version else {})
    answer = person.request("POST", "/mails/state", json={"mails": [mail]})
    assert answer.json is not None
    return answer.json["mails"][0]["state"], answer.json["versions"][0]


def is_changed(person: Person, version: str) -> bool:
    answer = person.request("POST", "/mails/changed", json={"version": version})
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return bool(answer.json["isChanged"])


@contextmanager
def counted(scenario: Scenario) -> Iterator[list[str]]:
    """The statements sent to the database in this block."""
    found: list[str] = []

    def note(*arguments: object) -> None:
        found.append(str(arguments[2]))

    event.listen(scenario.context.database.engine, "before_cursor_execute", note)
    yield found
    event.remove(scenario.context.database.engine, "before_cursor_execute", note)


def test_a_check_of_an_unchanged_mail_costs_one_query_and_no_call(
    scenario: Scenario, kim: Person
) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    mails = (kim.box.deliver(Mail("New", BO, KIM)), scenario.drag(kim.box, Mail("In", BO, KIM)))
    scenario.poll_webcrm()
    scenario.poll_webcrm()  # reads the echo of the categories
    versions = [shown(kim, mail)[1] for mail in mails]
    scenario.poll_webcrm()  # webCRM has no news
    scenario.sandbox.journal.clear()
    for version in versions:
        with counted(scenario) as queries:
            assert not is_changed(kim, version)
        assert len(queries) == 1
    assert shown(kim, mails[1], versions[1])[0] == "synced"
    assert scenario.sandbox.journal.exchanges == []


def test_everything_that_changes_what_the_pane_shows_is_noticed(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    """Each step happens outside of the open pane."""
    message_id = "<offer@havnebyg.example>"
    mail = kim.box.deliver(Mail("Offer", BO, KIM, message_id=message_id))
    other = kim.box.deliver(Mail("Another", LIS, KIM))
    theirs = eva.box.deliver(Mail("Offer", BO, KIM, message_id=message_id))
    crm = scenario.sandbox.crm
    steps: dict[str, Callable[[], object]] = {
        "a contact appears": lambda: scenario.add_contact(BO, "Havnebyg"),
        "a colleague drags her copy in": lambda: eva.box.move(theirs, f"inbox/{FOLDER}"),
        "the Organisation has another name": lambda: crm.update_organisation(
            scenario.organisations["Havnebyg"], OrganisationName="Havnebyg Group"
        ),
        "a drag": lambda: kim.box.move(mail, f"inbox/{FOLDER}"),
        "the switch in another window": lambda: kim.request("PUT", f"/rules/{BO}"),
        "undo in another window": lambda: kim.post("undo", mail),
        "another mail waits": lambda: kim.box.move(other, f"inbox/{FOLDER}"),
        "a colleague is watched": lambda: scenario.add_mailbox("new@nordwind.example", "New"),
    }
    _, version = shown(kim, mail)
    for name, step in steps.items():
        assert not is_changed(kim, version), f"before {name}"
        step()
        scenario.poll_webcrm()
        assert is_changed(kim, version), name
        _, version = shown(kim, mail, version)


def test_a_mail_in_the_folder_is_read_immediately_when_a_pane_shows_it(
    scenario: Scenario, kim: Person
) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    mail = scenario.drag(kim.box, Mail("Offer", BO, KIM))
    scenario.run_until_idle()
    state, version = shown(kim, mail)
    assert state == "on_its_way"
    scenario.run_until_idle()
    assert is_changed(kim, version)
    assert shown(kim, mail, version)[0] == "synced"


def test_an_action_is_noticed_in_another_window(scenario: Scenario, kim: Person) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    mail = kim.box.deliver(Mail("Offer", BO, KIM))
    _, version = shown(kim, mail)
    kim.post("sync", mail)
    assert is_changed(kim, version)


def test_a_made_up_version_counts_as_changed(kim: Person) -> None:
    for version in ("", "A", "AAAA", "A" * 3000, "____", "=" * 8):
        assert is_changed(kim, version), version


def test_a_version_is_valid_for_one_person(scenario: Scenario, kim: Person, eva: Person) -> None:
    mail = kim.box.deliver(Mail("Offer", BO, KIM))
    _, version = shown(kim, mail)
    assert not is_changed(kim, version)
    assert is_changed(eva, version)
    theirs = eva.box.deliver(Mail("Theirs", LIS, eva.box.address))
    answer = eva.request(
        "POST", "/mails/state", json={"mails": [eva.ref(theirs) | {"version": version}]}
    )
    assert answer.json is not None
    assert answer.json["mails"][0]["addresses"] == [LIS]


def test_after_the_removal_of_the_mailbox_every_version_has_changed(
    scenario: Scenario, kim: Person
) -> None:
    mail = kim.box.deliver(Mail("Offer", BO, KIM))
    _, version = shown(kim, mail)
    admin.remove(scenario.context, KIM)
    assert is_changed(kim, version)


@pytest.mark.parametrize(("is_pushed", "seconds"), [(True, 300), (False, 20)])
def test_a_version_of_a_mail_outside_the_folder_expires(
    scenario: Scenario, kim: Person, is_pushed: bool, seconds: int
) -> None:
    if not is_pushed:
        with scenario.context.begin() as tx:
            tx.connection.execute(text("UPDATE folder SET subscription_id = NULL"))
    mail = kim.box.deliver(Mail("Offer", BO, KIM))
    _, version = shown(kim, mail)
    scenario.sandbox.clock.advance(timedelta(seconds=seconds - 2))
    assert not is_changed(kim, version)
    scenario.sandbox.clock.advance(timedelta(seconds=3))
    assert is_changed(kim, version)
