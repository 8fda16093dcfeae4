"""What the pane shows beyond its own copy: Activities that stay, and colleagues' copies."""

from __future__ import annotations

from typing import Any

import pytest

from support.api_client import Person
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, Scenario
from webcrm_sync_sandbox.outlook.mail import Mail

EVA = "eva@nordwind.example"


def offer(**more: Any) -> Mail:
    return Mail("Offer?", BO, (KIM, EVA), message_id="<offer@havnebyg.example>", **more)


@pytest.fixture(autouse=True)
def contacts(scenario: Scenario) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()


def summarise(shown: dict[str, Any]) -> tuple[Any, ...]:
    """The state, the status by other copies, and the Organisations."""
    others = shown["elsewhere"] and (shown["elsewhere"]["state"], shown["elsewhere"]["by"])
    return shown["state"], others, [t["organisation"] for t in shown["targets"]]


# --- Undo ---------------------------------------------------------------------------------


def test_after_undo_every_pane_shows_what_webcrm_keeps(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    mail, hers = kim.box.deliver(offer(cc=(LIS,))), eva.box.deliver(offer(cc=(LIS,)))
    assert kim.status(mail)["withdrawn"] == []
    kim.post("sync", mail)
    scenario.run_until_idle()
    undone: Any = kim.post("undo", mail).json
    assert [(w["organisation"], w["isTold"]) for w in undone["withdrawn"]] == [
        ("Havnebyg", False),
        ("Skovby", False),
    ]
    scenario.run_until_idle()
    link = f"https://crm.example/o/{scenario.organisations['Havnebyg']}"
    for shown in (kim.status(mail), eva.status(hers)):
        assert (shown["state"], shown["elsewhere"]) == ("new", None)
        assert shown["can"] == ["sync", "choose", "edit_places"]
        first, second = shown["withdrawn"]
        assert (first["organisation"], first["link"]) == ("Havnebyg", link)
        assert first["isTold"] is second["isTold"] is True
    kim.post("sync", mail)
    scenario.run_until_idle()
    assert kim.status(mail)["withdrawn"] == eva.status(hers)["withdrawn"] == []
    assert len(scenario.activities) == 2


def test_a_deleted_activity_is_not_shown_as_kept(scenario: Scenario, kim: Person) -> None:
    mail = kim.box.deliver(offer())
    kim.post("sync", mail)
    scenario.run_until_idle()
    scenario.sandbox.crm.tables["Activity"].delete(scenario.activities[0]["ActivityId"])
    kim.post("undo", mail)
    scenario.run_until_idle()
    shown = kim.status(mail)
    assert (shown["state"], shown["withdrawn"]) == ("new", [])


def test_a_mail_that_was_never_filed_leaves_nothing_in_webcrm(
    scenario: Scenario, kim: Person
) -> None:
    mail = scenario.drag(kim.box, Mail("Who?", "who@nobody.example", KIM))
    scenario.discover()
    kim.box.move(mail, "inbox")
    scenario.discover()
    shown = kim.status(mail)
    assert (shown["state"], shown["withdrawn"], shown["elsewhere"]) == ("new", [], None)


# --- colleagues -----------------------------------------------------------------------------


def test_the_pane_shows_that_a_colleague_has_filed_the_mail(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    mail, hers = kim.box.deliver(offer()), eva.box.deliver(offer())
    eva.post("sync", hers)
    scenario.run_until_idle()
    shown = kim.status(mail)
    assert summarise(shown) == ("new", ("synced", "Eva Nordwind"), ["Havnebyg"])
    assert shown["targets"][0]["activityId"] == scenario.activities[0]["ActivityId"]
    assert (shown["can"], shown["forecast"]) == (["mark_too"], "known")
    assert EVA not in str(shown)
    kim.post("sync", mail)
    scenario.run_until_idle()
    assert summarise(kim.status(mail)) == ("synced", None, ["Havnebyg"])
    assert kim.box.read(mail).categories == BOTH
    assert len(scenario.activities) == 1


def test_after_undo_a_colleagues_copy_keeps_the_mail_in_webcrm(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    mail, hers = kim.box.deliver(offer()), eva.box.deliver(offer())
    for one, copy in ((eva, hers), (kim, mail)):
        one.post("sync", copy)
        scenario.run_until_idle()
    undone: Any = kim.post("undo", mail).json
    assert summarise(undone) == ("new", ("synced", "Eva Nordwind"), ["Havnebyg"])
    assert undone["withdrawn"] == []


def test_the_pane_shows_the_present_status_of_a_colleagues_copy(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    scenario.add_contact("two@twin.example", "Havnebyg")
    scenario.add_contact("two@twin.example", "Skovby")
    scenario.poll_webcrm()
    for sender, state in (("who@nobody.example", "waiting"), ("two@twin.example", "parked")):
        both = Mail("Hm", sender, (KIM, EVA), message_id=f"<{sender}>")
        mail, hers = kim.box.deliver(both), eva.box.deliver(both)
        eva.box.move(hers, f"inbox/{FOLDER}")
        scenario.discover()
        assert summarise(kim.status(mail)) == ("new", (state, "Eva Nordwind"), [])
        eva.box.move(hers, "inbox")
        scenario.discover()
        assert summarise(kim.status(mail)) == ("new", None, [])
    scenario.sandbox.faults.unavailable("webcrm")
    mail, hers = kim.box.deliver(offer()), eva.box.deliver(offer())
    eva.post("sync", hers)
    scenario.run_until_idle()
    assert summarise(kim.status(mail)) == ("new", ("on_its_way", "Eva Nordwind"), ["Havnebyg"])


def test_a_name_that_is_an_address_is_not_shown(scenario: Scenario, kim: Person) -> None:
    box = scenario.add_mailbox("lea@nordwind.example", "lea@nordwind.example")
    mail, theirs = kim.box.deliver(offer()), box.deliver(offer())
    box.move(theirs, f"inbox/{FOLDER}")
    scenario.discover()
    assert summarise(kim.status(mail)) == ("new", ("synced", None), ["Havnebyg"])


def test_a_similar_mail_reveals_nothing_about_a_colleagues_mail(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    """A Message-ID can be forged, so it alone must not reveal a colleague's filing."""
    eva.post("sync", eva.box.deliver(offer()))
    scenario.run_until_idle()
    same = "<offer@havnebyg.example>"
    for other in (
        Mail("Another subject", BO, (KIM, EVA), message_id=same),
        Mail("Offer?", LIS, (KIM, EVA), message_id=same),
        Mail("Offer?", BO, (KIM, EVA), message_id="<other@havnebyg.example>"),
    ):
        shown = kim.status(kim.box.deliver(other))
        assert (shown["state"], shown["elsewhere"], shown["withdrawn"]) == ("new", None, [])


def test_a_mail_among_colleagues_can_be_synced_once_one_of_them_filed_it(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    note = Mail("About Bo", KIM, EVA, message_id="<note@nordwind.example>")
    mine, hers = kim.box.put_sent(note), eva.box.deliver(note)
    assert kim.status(mine)["reason"] == "only colleagues"
    eva.post("choose", hers, organisationId=scenario.organisations["Havnebyg"])
    scenario.run_until_idle()
    assert summarise(kim.status(mine)) == ("new", ("synced", "Eva Nordwind"), ["Havnebyg"])
    kim.post("sync", mine)
    scenario.run_until_idle()
    assert summarise(kim.status(mine)) == ("synced", None, ["Havnebyg"])
    assert len(scenario.activities) == 1


def test_a_choice_for_a_mail_that_a_colleague_filed_under_several_is_refused(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    scenario.add_contact("ole@mill.example", "Mill")
    scenario.poll_webcrm()
    mail, hers = kim.box.deliver(offer(cc=(LIS,))), eva.box.deliver(offer(cc=(LIS,)))
    eva.post("sync", hers)
    scenario.run_until_idle()
    mill = scenario.organisations["Mill"]
    assert kim.post("sync", mail, organisationIds=[mill]).status_code == 409
    assert kim.post("choose", mail, organisationId=mill).status_code == 409
    assert kim.post("sync", mail).status_code == 200
    scenario.run_until_idle()
    assert len(scenario.activities) == 2


# --- contacts -------------------------------------------------------------------------------


def test_the_pane_does_not_offer_to_create_an_existing_contact(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    who = "who@nobody.example"
    mails = [kim.box.deliver(Mail(f"Number {n}", who, KIM)) for n in range(2)]
    waiting = scenario.drag(kim.box, Mail("Waits", who, KIM))
    hers = eva.box.deliver(Mail("Hers", who, EVA))
    scenario.discover()
    for mail in (*mails, waiting):
        assert "create_contact" in kim.status(mail)["can"]
    havnebyg = scenario.organisations["Havnebyg"]
    body = {"name": "Who", "address": who, "organisationId": havnebyg}
    assert kim.request("POST", "/contacts", json=body).status_code == 200
    for one, mail in ((kim, mails[0]), (kim, mails[1]), (kim, waiting), (eva, hers)):
        assert "create_contact" not in one.status(mail)["can"]
    scenario.run_until_idle()
    assert kim.status(waiting)["state"] == "synced"
