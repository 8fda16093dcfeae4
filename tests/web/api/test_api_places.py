"""People add, move and take away the places of a mail one by one."""

from __future__ import annotations

from typing import Any

from support.api_client import Person
from support.placed_mail import WITHDRAWN, edit, names, offer, refusing, synced, under
from support.scenario import BO, BOTH, KIM, Scenario
from webcrm_sync_sandbox.outlook.mail import Mail


def test_a_place_is_added_moved_and_taken_away(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    for _ in range(2):  # a person may press twice
        shown = edit(kim, "add", mail, places["Mill"])
        assert (shown["state"], names(shown)) == ("on_its_way", ["Havnebyg", "Skovby", "Mill"])
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": ["Offer?"], "Mill": ["Offer?"]}
    for _ in range(2):
        shown = edit(kim, "remove", mail, places["Skovby"])
        assert names(shown) == ["Havnebyg", "Mill"]
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": [WITHDRAWN], "Mill": ["Offer?"]}
    shown = kim.status(mail)
    assert (shown["state"], names(shown)) == ("synced", ["Havnebyg", "Mill"])
    kept = [(one["organisation"], one["isTold"]) for one in shown["withdrawn"]]
    assert kept == [("Skovby", True)]
    assert {d["DocumentOrganisationId"] for d in scenario.documents} == {
        places["Havnebyg"],
        places["Mill"],
    }
    for _ in range(2):
        shown = edit(kim, "move", mail, places["Mill"], to=places["Skovby"])
        assert sorted(names(shown)) == ["Havnebyg", "Skovby"]
    scenario.run_until_idle()
    assert under(scenario)["Skovby"] == ["Offer?"]
    assert len(scenario.activities) == 3
    assert kim.box.read(mail).categories == BOTH


def test_the_timeline_says_who_edited_the_places(
    scenario: Scenario, kim: Person, eva: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim, message_id="<offer@havnebyg.example>")
    hers = eva.box.deliver(offer(message_id="<offer@havnebyg.example>"))
    edit(kim, "add", mail, places["Mill"])
    edit(kim, "move", mail, places["Mill"], to=places["Skovby"])
    edit(kim, "remove", mail, places["Skovby"])
    scenario.run_until_idle()
    eva.post("sync", hers)
    scenario.run_until_idle()
    expected = [
        "Added by Kim Nordwind: Mill.",
        "Moved by Kim Nordwind: from Mill to Skovby.",
        "Taken away by Kim Nordwind: Skovby.",
    ]
    for one, copy in ((kim, mail), (eva, hers)):
        story: Any = one.post("story", copy).json
        lines = [line["sentence"] for line in story["lines"] if "place" in line["kind"]]
        assert lines == expected


def test_the_last_place_is_not_taken_away(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    edit(kim, "remove", mail, places["Skovby"])
    answer = kim.post("places/remove", mail, organisationId=places["Havnebyg"])
    assert (answer.status_code, answer.json and answer.json["code"]) == (409, "LastPlace")
    assert answer.json is not None
    assert "Undo takes the mail out of webCRM" in answer.json["detail"]
    scenario.run_until_idle()
    assert under(scenario)["Havnebyg"] == ["Offer?"]


def test_a_place_that_does_not_exist_is_refused(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    for body in (
        {"organisationId": 4711},
        {"organisationId": places["Mill"], "to": places["Mill"] + 1000},
        {"organisationId": places["Mill"], "to": places["Mill"]},
    ):
        what = "move" if "to" in body else "add"
        answer = kim.post(f"places/{what}", mail, **body)
        assert (answer.status_code, answer.json and answer.json["code"]) == (409, "conflict")
    assert names(kim.status(mail)) == ["Havnebyg", "Skovby"]


def test_a_mail_is_in_twenty_places_at_most(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    more = [scenario.sandbox.crm.add_organisation(f"Customer {n}") for n in range(19)]
    scenario.poll_webcrm()
    mail = synced(scenario, kim)
    for organisation_id in more[:18]:
        edit(kim, "add", mail, organisation_id)
    answer = kim.post("places/add", mail, organisationId=more[18])
    assert answer.status_code == 409
    assert answer.json is not None
    assert "20 places at most" in answer.json["detail"]


def test_two_people_edit_the_places_of_one_mail(
    scenario: Scenario, kim: Person, eva: Person, places: dict[str, int]
) -> None:
    message_id = "<offer@havnebyg.example>"
    mail = synced(scenario, kim, message_id=message_id)
    hers = eva.box.deliver(offer(message_id=message_id))
    eva.post("sync", hers)
    scenario.run_until_idle()
    edit(kim, "add", mail, places["Mill"])
    edit(eva, "remove", hers, places["Havnebyg"])
    scenario.run_until_idle()
    for one, copy in ((kim, mail), (eva, hers)):
        assert sorted(names(one.status(copy))) == ["Mill", "Skovby"]
    assert len(scenario.activities) == 3


def test_an_edit_while_the_mail_is_on_its_way_counts(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    """Before the mail is read, while it is read and while webCRM is away."""
    scenario.sandbox.faults.unavailable("webcrm")
    mail = kim.box.deliver(offer())
    kim.post("sync", mail)
    assert names(edit(kim, "add", mail, places["Mill"])) == ["Havnebyg", "Skovby", "Mill"]
    assert names(edit(kim, "remove", mail, places["Havnebyg"])) == ["Skovby", "Mill"]
    scenario.discover()
    assert names(edit(kim, "move", mail, places["Mill"], to=places["Havnebyg"])) == [
        "Skovby",
        "Havnebyg",
    ]
    scenario.run_until_idle()
    assert names(edit(kim, "add", mail, places["Mill"])) == ["Skovby", "Havnebyg", "Mill"]
    assert names(edit(kim, "remove", mail, places["Skovby"])) == ["Havnebyg", "Mill"]
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": [], "Mill": ["Offer?"]}
    assert len(scenario.documents) == 2


def test_a_place_that_is_taken_away_while_it_is_unclear_is_not_sent_again(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    scenario.sandbox.faults.refuse("webcrm", when=lambda method, _: method == "PATCH", limit=1)
    mail = synced(scenario, kim)
    edit(kim, "remove", mail, places["Skovby"])
    scenario.run_all_retries()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": [], "Mill": []}
    shown = kim.status(mail)
    assert (shown["state"], names(shown), shown["withdrawn"]) == ("synced", ["Havnebyg"], [])


def test_a_waiting_mail_is_filed_in_the_place_that_a_person_adds(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = kim.box.deliver(Mail("Offer?", "who@nobody.example", KIM))
    kim.post("sync", mail)
    scenario.run_until_idle()
    shown = kim.status(mail)
    assert (shown["state"], "edit_places" in shown["can"]) == ("waiting", True)
    edit(kim, "remove", mail, places["Mill"])
    assert kim.status(mail)["state"] == "waiting"
    edit(kim, "add", mail, places["Mill"])
    scenario.run_until_idle()
    assert under(scenario)["Mill"] == ["Offer?"]
    assert kim.status(mail)["targets"][0]["why"] == "person"


def test_a_refused_mail_is_sent_again_where_a_person_moves_it(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    with refusing(scenario):
        kim.post("sync", mail)
        scenario.run_all_retries()
    shown = kim.status(mail)
    assert (shown["state"], shown["reason"]) == ("parked", "refused by webcrm")
    edit(kim, "move", mail, places["Havnebyg"], to=places["Mill"])
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": [], "Skovby": [], "Mill": ["Offer?"]}
    assert kim.status(mail)["state"] == "synced"


def test_a_place_that_webcrm_refuses_is_given_up_and_the_others_stay(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    with refusing(scenario):
        edit(kim, "add", mail, places["Mill"])
        scenario.run_all_retries()
    shown = kim.status(mail)
    assert (shown["state"], names(shown)) == ("synced", ["Havnebyg", "Skovby"])
    story: Any = kim.post("story", mail).json
    assert "webCRM did not accept the change. " in story["lines"][-1]["sentence"]
