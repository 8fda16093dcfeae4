"""A person's choice of places sticks, whatever becomes of the mail; what may be chosen."""

from __future__ import annotations

from typing import Any

from support.api_client import Person
from support.placed_mail import EVA, OLE, WITHDRAWN, edit, names, offer, synced, under
from support.scenario import BO, BOTH, KIM, LIS, Scenario
from webcrm_sync_sandbox.outlook.mail import File, Mail


def test_the_list_that_was_made_before_the_sync_is_exact(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = kim.box.deliver(offer())
    wanted = [{"organisationId": places[name]} for name in ("Skovby", "Mill")]
    shown: Any = kim.post("sync", mail, places=wanted).json
    assert names(shown) == ["Skovby", "Mill"]
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": [], "Skovby": ["Offer?"], "Mill": ["Offer?"]}


def test_the_choice_sticks_when_the_mail_is_taken_back_and_synced_again(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    edit(kim, "remove", mail, places["Skovby"])
    edit(kim, "add", mail, places["Mill"])
    scenario.run_until_idle()
    kim.post("undo", mail)
    scenario.run_until_idle()
    shown = kim.status(mail)
    assert (shown["state"], shown["forecast"], names(shown)) == (
        "new",
        "known",
        ["Havnebyg", "Mill"],
    )
    kim.post("sync", mail, places=[{"organisationId": places["Mill"]}])
    scenario.run_until_idle()
    for _ in range(2):
        assert names(kim.status(mail)) == ["Mill"]
        assert under(scenario)["Mill"] == ["Offer?"]
        assert under(scenario)["Havnebyg"] == [WITHDRAWN]
        kim.post("undo", mail)
        scenario.run_until_idle()
        kim.post("sync", mail)
        scenario.run_until_idle()


def test_the_choice_sticks_when_the_mail_leaves_the_folder_before_it_is_sent(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    scenario.sandbox.faults.unavailable("webcrm")
    mail = synced(scenario, kim)
    edit(kim, "remove", mail, places["Skovby"])
    kim.box.move(mail, "inbox")
    scenario.discover()
    shown = kim.status(mail)
    assert (shown["state"], names(shown)) == ("new", ["Havnebyg"])
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert scenario.activities == []
    kim.post("sync", mail)
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": [], "Mill": []}
    assert kim.status(mail)["state"] == "synced"


def test_a_late_copy_or_contact_adds_no_place(
    scenario: Scenario, kim: Person, eva: Person, places: dict[str, int]
) -> None:
    message_id = "<offer@havnebyg.example>"
    mail = synced(scenario, kim, message_id=message_id)
    edit(kim, "remove", mail, places["Skovby"])
    scenario.run_until_idle()
    scenario.add_contact("new@else.example", "Else")
    scenario.poll_webcrm()
    hers = eva.box.deliver(
        Mail(
            "Offer?",
            BO,
            (KIM, EVA),
            cc=(LIS,),
            bcc=("new@else.example",),
            attachments=(File("a.pdf", b"%PDF"),),
            message_id=message_id,
        )
    )
    eva.post("sync", hers)
    scenario.run_until_idle()
    assert under(scenario) == {
        "Havnebyg": ["Offer?"],
        "Skovby": [WITHDRAWN],
        "Mill": [],
        "Else": [],
    }
    assert eva.box.read(hers).categories == BOTH


def test_an_edit_of_a_mail_that_was_taken_back_changes_nothing(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    """The pane of a second window may still show it as synced."""
    mail = synced(scenario, kim)
    kim.post("undo", mail)
    scenario.run_until_idle()
    for what, more in (("add", {}), ("remove", {}), ("move", {"to": places["Mill"]})):
        assert edit(kim, what, mail, places["Skovby"], **more)["state"] == "new"
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": [WITHDRAWN], "Skovby": [WITHDRAWN], "Mill": []}
    assert kim.box.read(mail).folder == "Inbox"


def test_a_copy_of_a_filed_mail_is_marked_too_without_a_second_activity(
    scenario: Scenario, kim: Person, eva: Person, places: dict[str, int]
) -> None:
    message_id = "<offer@havnebyg.example>"
    synced(scenario, kim, message_id=message_id)
    hers = eva.box.deliver(offer(message_id=message_id))
    shown = eva.status(hers)
    assert (shown["state"], shown["can"], shown["elsewhere"]["state"]) == (
        "new",
        ["mark_too"],
        "synced",
    )
    before = [dict(a) for a in scenario.activities]
    eva.post("sync", hers)
    scenario.run_until_idle()
    assert eva.box.read(hers).categories == BOTH
    assert eva.status(hers)["state"] == "synced"
    assert [dict(a) for a in scenario.activities] == before


def test_a_list_for_a_copy_of_a_filed_mail_takes_nothing_away_from_a_colleague(
    scenario: Scenario, kim: Person, eva: Person, places: dict[str, int]
) -> None:
    message_id = "<offer@havnebyg.example>"
    mail = synced(scenario, kim, message_id=message_id)
    hers = eva.box.deliver(offer(message_id=message_id))
    eva.post("sync", hers, places=[{"organisationId": places["Mill"]}])
    scenario.run_until_idle()
    assert names(kim.status(mail)) == ["Havnebyg", "Skovby", "Mill"]


def test_suggestions_have_reasons_and_leave_out_what_is_there(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    for name in ("Else", "Other"):
        scenario.organisations[name] = scenario.sandbox.crm.add_organisation(name)
    scenario.poll_webcrm()
    earlier = kim.box.deliver(Mail("Earlier", OLE, KIM))
    kim.post("sync", earlier)
    scenario.run_until_idle()
    edit(kim, "add", earlier, places["Else"])
    mail = kim.box.deliver(offer())

    def suggested() -> tuple[list[tuple[str, str, str]], list[str]]:
        found: Any = kim.post("suggestions", mail).json
        candidates = [(c["organisation"], c["why"], c["who"]) for c in found["candidates"]]
        return candidates, [o["name"] for o in found["recent"]]

    candidates = [("Havnebyg", "contact", "Bo Byg"), ("Skovby", "contact", LIS)]
    assert suggested() == (candidates, ["Else", "Mill"])
    kim.post("sync", mail)
    scenario.run_until_idle()
    assert suggested() == ([], ["Else", "Mill"])
    edit(kim, "remove", mail, places["Skovby"])
    edit(kim, "add", mail, places["Else"])
    assert suggested() == ([candidates[1]], ["Mill"])


def test_the_contact_of_a_place_has_a_title_and_a_phone(scenario: Scenario, kim: Person) -> None:
    person = scenario.add_contact(BO, "Havnebyg", name="Bo Byg")
    scenario.sandbox.crm.update_person(
        person, PersonTitle=" Buyer\u202e ", PersonDirectPhone="", PersonMobilePhone="+45 12 34"
    )
    scenario.poll_webcrm()
    (target,) = kim.status(kim.box.deliver(Mail("Offer?", BO, KIM)))["targets"]
    assert (target["person"], target["title"], target["phone"]) == ("Bo Byg", "Buyer", "+45 12 34")
