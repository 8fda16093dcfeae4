"""The operations of the API as the add-in uses them."""

from __future__ import annotations

from support.api_client import Person
from support.scenario import BO, FOLDER, KIM, LIS, Scenario
from webcrm_sync_sandbox.outlook.mail import Mail


def test_the_state_of_a_mail_has_every_key(scenario: Scenario, kim: Person) -> None:
    scenario.add_contact(BO, "Havnebyg", name="Bo Byg")
    scenario.poll_webcrm()
    mail = kim.box.deliver(Mail("Offer?", f"Bo Byg <{BO}>", KIM))
    link = f"https://crm.example/o/{scenario.organisations['Havnebyg']}"
    assert kim.status(mail) == {
        "state": "new",
        "reason": None,
        "detail": None,
        "phrase": None,
        "forecast": "known",
        "targets": [
            {
                "organisationId": scenario.organisations["Havnebyg"],
                "organisation": "Havnebyg",
                "link": link,
                "person": "Bo Byg",
                "address": BO,
                "activityId": None,
                "why": "contact",
                "who": "Bo Byg",
                "title": None,
                "phone": None,
                "opportunity": None,
                "opportunities": [],
                "offered": None,
            }
        ],
        "candidates": [],
        "addresses": [BO],
        "steps": {"moved": False, "read": False, "filed": False, "marked": False},
        "at": None,
        "tookSeconds": None,
        "way": None,
        "by": None,
        "can": ["sync", "choose", "edit_places"],
        "sender": {"address": BO, "name": "Bo Byg"},
        "alwaysSync": False,
        "withdrawn": [],
        "elsewhere": None,
        "along": {
            "text": "whole",
            "defaultText": "whole",
            "files": None,
            "canChange": True,
            "wantedFiles": None,
        },
        "sensitivity": None,
    }


def test_the_button_moves_the_mail_and_the_timeline_says_so(
    scenario: Scenario, kim: Person
) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    pressed = kim.post("sync", mail)
    assert pressed.status_code == 200
    assert pressed.json is not None
    assert pressed.json["state"] == "on_its_way"
    assert pressed.json["steps"]["moved"] is True
    scenario.run_until_idle()
    done = kim.status(mail)
    assert (done["state"], done["way"], done["by"]) == ("synced", "button", "Kim Nordwind")
    assert done["targets"][0]["activityId"] == scenario.activities[0]["ActivityId"]
    assert done["can"] == ["change", "edit_places", "undo"]

    story = kim.post("story", mail).json
    assert story is not None
    sentences = [line["sentence"] for line in story["lines"]]
    assert sentences[0] == "Synced with the button by Kim Nordwind."
    assert sentences[-1].startswith("Marked Synced in ")
    facts = {line["kind"]: line["facts"] for line in story["lines"]}
    assert facts["pressed"]["by"] == "Kim Nordwind"
    assert facts["found"]["place"] == "inbox"
    assert facts["filed"]["organisations"] == [done["targets"][0]["organisation"]]
    assert story["tookSeconds"] == done["tookSeconds"]


def test_undo_choose_and_retry_answer_with_the_state(scenario: Scenario, kim: Person) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    kim.post("sync", mail)
    scenario.run_until_idle()
    chosen = kim.post("choose", mail, organisationId=scenario.organisations["Skovby"])
    assert chosen.json is not None
    assert chosen.json["state"] == "on_its_way"
    scenario.run_until_idle()
    assert len(scenario.activities_under("Skovby")) == 1
    undone = kim.post("undo", mail)
    assert undone.json is not None
    assert undone.json["state"] == "new"
    assert kim.post("retry", mail).status_code == kim.post("anyway", mail).status_code == 200


def test_several_mails_are_answered_in_the_order_of_the_request(
    scenario: Scenario, kim: Person
) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    known = kim.box.deliver(Mail("Known", BO, KIM))
    nobody = kim.box.deliver(Mail("Nobody", LIS, KIM))
    gone = {"itemId": "AAMk-gone", "idType": "ews", "messageId": None}
    mails = [kim.ref(nobody), gone, kim.ref(known)]
    answer = kim.request("POST", "/mails/state", json={"mails": mails})
    assert answer.json is not None
    found = answer.json["mails"]
    assert [m["forecast"] for m in found] == ["nobody", None, "known"]
    assert found[1]["can"] == []
    assert found[0]["can"] == ["sync", "choose", "edit_places", "create_contact", "add_customer"]


def test_a_mail_that_was_moved_is_found_by_its_message_id(scenario: Scenario, kim: Person) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    old = kim.ref(mail)
    kim.box.move(mail, f"inbox/{FOLDER}")
    scenario.discover()
    answer = kim.request("POST", "/mails/state", json={"mails": [old]})
    assert answer.json is not None
    assert answer.json["mails"][0]["state"] == "synced"


def test_the_search_for_organisations_ignores_case_and_accents(
    scenario: Scenario, kim: Person
) -> None:
    for name in ("Ærø Marine", "Marina 100%", "Søby Træ", "Zeta"):
        scenario.sandbox.crm.add_organisation(name)
    scenario.poll_webcrm()

    def found(search: str) -> list[str]:
        answer = kim.request("GET", "/organisations", query_string={"search": search})
        assert answer.json is not None
        return [one["name"] for one in answer.json["organisations"]]

    assert found("MARIN") == ["Marina 100%", "Ærø Marine"]
    assert found("aero") == ["Ærø Marine"]
    assert found("søby") == found("soby") == ["Søby Træ"]
    assert found("0%") == ["Marina 100%"]
    assert found("_") == []
    assert len(found("")) == 4


def test_a_mail_that_waits_for_a_contact_is_filed_once_the_pane_creates_it(
    scenario: Scenario, kim: Person
) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.poll_webcrm()
    mail = scenario.drag(kim.box, Mail("Who am I", LIS, KIM))
    scenario.discover()
    assert kim.status(mail)["state"] == "waiting"
    body = {
        "name": "Lis Skov",
        "address": LIS.upper(),
        "organisationId": scenario.organisations["Havnebyg"],
    }
    first = kim.request("POST", "/contacts", json=body)
    second = kim.request("POST", "/contacts", json=body)
    assert first.json == second.json
    scenario.run_until_idle()
    assert kim.status(mail)["state"] == "synced"
    assert [p["PersonEmail"] for p in scenario.sandbox.crm.persons].count(LIS) == 1


def test_a_new_contact_has_a_one_line_name_and_a_searchable_address(
    scenario: Scenario, kim: Person
) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.poll_webcrm()

    def create(name: str, address: str) -> int:
        number = scenario.organisations["Havnebyg"]
        body = {"name": name, "address": address, "organisationId": number}
        return kim.request("POST", "/contacts", json=body).status_code

    acting = " Lis\r\nBcc:\t\x1b[2J\u202eO\u2019Skov\u2066\u200b\u2028\x85 "
    assert create(acting, LIS) == 200
    assert scenario.sandbox.crm.persons[-1]["PersonName"] == "Lis Bcc: [2JO\u2019Skov"
    before = len(scenario.sandbox.crm.persons)
    for name in ("\r\n", "\u202e\u2066", "\u200b "):
        assert create(name, "x@y.example") == 409
    for unsafe in "\u2018\u02b9\u02bb\u02bd\\":
        assert create("Ann", f"o{unsafe}hara@x.example") == 409
    for unseen in "\0\r\n\x1b\x85\u2028\u202e\u2066\u200b\xad":
        assert create("Ann", f"o{unseen}hara@x.example") == 400
    assert len(scenario.sandbox.crm.persons) == before
    for apostrophe in "'\u2019\u02bc\uff07\u2032`":
        assert create("Ann", f"o{apostrophe}hara@x.example") == 200
    assert [p["PersonEmail"] for p in scenario.sandbox.crm.persons[before:]] == ["o'hara@x.example"]


def test_an_inbox_rule_moves_the_mails_of_chosen_senders(scenario: Scenario, kim: Person) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    assert kim.request("PUT", f"/rules/{BO.upper()}").status_code == 204
    assert kim.request("PUT", f"/rules/{BO}").status_code == 204
    assert kim.request("GET", "/rules").json == {"addresses": [BO]}
    mail = kim.box.deliver(Mail("By rule", BO, KIM))
    reply = kim.box.deliver(Mail("Away", BO, KIM, headers=(("Auto-Submitted", "auto-replied"),)))
    scenario.discover()
    state = kim.status(mail)
    assert (state["state"], state["way"], state["alwaysSync"]) == ("synced", "rule", True)
    assert kim.status(reply)["state"] == "new"
    assert kim.request("DELETE", f"/rules/{BO}").status_code == 204
    assert kim.request("GET", "/rules").json == {"addresses": []}
    assert kim.box.rules == {}


def test_the_connection_shows_the_status_of_the_mailbox(scenario: Scenario, kim: Person) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(BO, "Skovby")
    scenario.poll_webcrm()
    scenario.drag(kim.box, Mail("Waits", LIS, KIM))
    scenario.discover()
    answer = kim.request("GET", "/connection").json
    assert answer is not None
    assert (answer["state"], answer["mailbox"], answer["waiting"]) == ("connected", KIM, 1)
    scenario.drag(kim.box, Mail("Which?", BO, KIM))
    scenario.discover()
    answer = kim.request("GET", "/connection").json
    assert answer is not None
    assert (answer["state"], answer["parked"]) == ("needs_you", 1)
