"""References to a mail: some clients of Outlook send no id, others an unusual form of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from support.api_client import Person
from support.scenario import BO, FOLDER, KIM, Scenario
from webcrm_sync_sandbox.outlook.mail import Mail

ODD = '<o\'Hara+50%&?/#=\u00e6 "x"@havnebyg.example>'


@pytest.fixture(autouse=True)
def contacts(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()


def ask(kim: Person, ref: dict[str, Any], act: str = "state") -> tuple[int, Any]:
    body = {"mails": [ref]} if act == "state" else {"mail": ref}
    answer = kim.request("POST", f"/mails/{act}", json=body)
    found: Any = answer.json
    return answer.status_code, found["mails"][0] if answer.status_code == 200 and (
        act == "state"
    ) else found


def test_a_mail_is_found_by_its_message_id_alone(scenario: Scenario, kim: Person) -> None:
    mail = kim.box.deliver(Mail("Offer?", BO, KIM, message_id=ODD))
    ref = {"itemId": "", "idType": "ews", "messageId": ODD}
    for item_id in ("", None, " \n"):
        assert ask(kim, {**ref, "itemId": item_id})[1]["forecast"] == "known"
    assert ask(kim, ref, "sync")[1]["state"] == "on_its_way"
    scenario.run_until_idle()
    assert kim.box.read(mail).folder == FOLDER
    scenario.sandbox.journal.clear()
    assert ask(kim, ref)[1]["state"] == "synced"
    assert scenario.sandbox.journal.select("graph") == []
    assert ask(kim, ref, "story")[1]["lines"]
    assert ask(kim, ref, "undo")[1]["state"] == "new"


def test_two_mails_without_an_id_are_not_confused(scenario: Scenario, kim: Person) -> None:
    one, two = (
        {"itemId": "", "idType": "ews", "messageId": f"<{n}@havnebyg.example>"} for n in "12"
    )
    for ref in (one, two):
        kim.box.deliver(Mail("Offer?", BO, KIM, message_id=ref["messageId"]))
    ask(kim, one, "sync")
    scenario.run_until_idle()
    assert [ask(kim, ref)[1]["state"] for ref in (one, two)] == ["synced", "new"]


def test_the_copy_in_the_folder_is_preferred_then_the_newest_one(
    scenario: Scenario, kim: Person
) -> None:
    ref = {"itemId": "", "idType": "ews", "messageId": "<self@nordwind.example>"}
    twice = [Mail(f"Number {n}", BO, KIM, message_id=ref["messageId"]) for n in range(2)]
    older = kim.box.deliver(twice[0])
    scenario.sandbox.clock.advance(timedelta(minutes=5))
    newer = kim.box.deliver(twice[1])
    ask(kim, ref, "sync")
    scenario.run_until_idle()
    assert (kim.box.read(newer).folder, kim.box.read(older).folder) == (FOLDER, "Inbox")
    assert ask(kim, ref)[1]["state"] == "synced"


def test_a_reference_without_id_and_message_id_is_invalid(kim: Person) -> None:
    for ref in (
        {"itemId": "", "idType": "ews", "messageId": None},
        {"itemId": None, "idType": "rest", "messageId": " "},
        {"idType": "ews"},
        {"itemId": "", "idType": "ews", "messageId": ""},
    ):
        status, problem = ask(kim, ref)
        assert (status, problem["code"]) == (400, "invalid")


def test_an_id_is_accepted_in_every_form_that_clients_send(scenario: Scenario, kim: Person) -> None:
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    given = kim.ref(mail)["itemId"]
    rest = given.replace("/", "-").replace("+", "_")
    forms = [
        (given, "ews"),
        (given, "rest"),
        (rest, "rest"),
        (rest, "ews"),
        (f" {given}\r\n", "ews"),
        (f"{given}%00", "ews"),
        (given.replace("=", "%3D").replace("+", "%2B").replace("/", "%2F"), "ews"),
    ]
    for item_id, kind in forms:
        status, shown = ask(kim, {"itemId": item_id, "idType": kind, "messageId": None})
        assert (status, status == 200 and shown["forecast"]) == (200, "known"), (item_id, kind)


def test_a_message_id_may_lack_its_brackets(kim: Person) -> None:
    kim.box.deliver(Mail("Offer?", BO, KIM, message_id="<1@havnebyg.example>"))
    for written in ("  <1@havnebyg.example> ", "1@havnebyg.example"):
        assert ask(kim, {"idType": "ews", "messageId": written})[1]["forecast"] == "known"


def test_a_mail_outside_the_persons_mailbox_is_not_called_deleted(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    hers = eva.box.deliver(Mail("Hers", BO, "eva@nordwind.example"))
    answer = kim.request("POST", "/mails/state", json={"mails": [eva.ref(hers)]})
    assert answer.status_code == 404
    mine = kim.ref(kim.box.deliver(Mail("Mine", BO, KIM)))
    both: Any = kim.request("POST", "/mails/state", json={"mails": [eva.ref(hers), mine]}).json
    for text in (answer.text, str(both["mails"][0])):
        assert "any more" not in text
        assert "deleted" not in text
        assert "own mailbox" in text
