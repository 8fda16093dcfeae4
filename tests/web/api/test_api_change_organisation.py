"""A change replaces one Organisation by another, and never adds one."""

from __future__ import annotations

from typing import Any

import pytest

from support.api_client import Person, person
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, OpenScenario, Scenario
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.outlook.mail import File, Mail

EVA = "eva@nordwind.example"
WITHDRAWN = "[withdrawn] Offer?"


@pytest.fixture
def places(scenario: Scenario) -> dict[str, int]:
    """Organisations by name; a mail of Bo and Lis belongs to the first two."""
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    scenario.add_contact("ole@mill.example", "Mill")
    scenario.poll_webcrm()
    return scenario.organisations


def synced(scenario: Scenario, kim: Person, *, cc: tuple[str, ...] = (LIS,)) -> str:
    mail = kim.box.deliver(Mail("Offer?", BO, KIM, cc=cc, attachments=(File("a.pdf", b"%PDF"),)))
    kim.post("sync", mail)
    scenario.run_until_idle()
    return mail


def change(kim: Person, mail: str, to: int, replaces: int | None = None) -> tuple[int, Any]:
    more = {} if replaces is None else {"replaces": replaces}
    answer = kim.post("choose", mail, organisationId=to, **more)
    return answer.status_code, answer.json


def under(scenario: Scenario) -> dict[str, list[str]]:
    """The subjects of the Activities by Organisation."""
    return {
        name: [a["ActivityDescription"] for a in scenario.activities_under(name)]
        for name in scenario.organisations
    }


def test_the_named_one_of_several_organisations_is_replaced(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    assert change(kim, mail, places["Mill"], places["Skovby"])[0] == 200
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": [], "Mill": ["Offer?"]}
    assert sorted(d["DocumentOrganisationId"] for d in scenario.documents) == sorted(
        [places["Havnebyg"], places["Mill"]]
    )
    shown = kim.status(mail)
    assert [t["organisation"] for t in shown["targets"]] == ["Havnebyg", "Mill"]
    assert shown["state"] == "synced"


def test_without_a_name_nothing_is_added_to_several_organisations(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    status, problem = change(kim, mail, places["Mill"])
    assert (status, problem["code"]) == (409, "conflict")
    assert "Say which of them is replaced" in problem["detail"]
    status, problem = change(kim, mail, places["Mill"], 4711)
    assert (status, problem["code"]) == (409, "conflict")
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": ["Offer?"], "Mill": []}
    assert kim.status(mail)["state"] == "synced"


def test_the_same_organisation_again_changes_nothing(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    skovby = places["Skovby"]
    scenario.sandbox.journal.clear()
    for replaces in (skovby, None):
        status, shown = change(kim, mail, skovby, replaces)
        assert (status, shown["state"]) == (200, "synced")
    scenario.run_until_idle()
    writes = [
        e for e in scenario.sandbox.journal.select("webcrm") if e.method not in {"GET", "POST"}
    ]
    assert writes == []
    story: Any = kim.post("story", mail).json
    assert "chosen" not in [line["kind"] for line in story["lines"]]


def test_an_organisation_replaced_by_another_filed_one_is_withdrawn(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    for _ in range(2):
        assert change(kim, mail, places["Havnebyg"], places["Skovby"])[0] == 200
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": [WITHDRAWN], "Mill": []}
    assert [t["organisation"] for t in kim.status(mail)["targets"]] == ["Havnebyg"]
    assert [d["DocumentOrganisationId"] for d in scenario.documents] == [places["Havnebyg"]]


def test_a_replaced_organisation_stays_out_when_others_sync_the_mail(
    scenario: Scenario, kim: Person, eva: Person, places: dict[str, int]
) -> None:
    """A person's choice wins: neither a colleague's copy nor Undo and Sync brings it back."""
    offer = Mail("Offer?", BO, (KIM, EVA), cc=(LIS,), message_id="<offer@havnebyg.example>")
    mail, hers = kim.box.deliver(offer), eva.box.deliver(offer)
    kim.post("sync", mail)
    scenario.run_until_idle()
    change(kim, mail, places["Havnebyg"], places["Skovby"])
    scenario.run_until_idle()
    expected = {"Havnebyg": ["Offer?"], "Skovby": [WITHDRAWN], "Mill": []}
    eva.post("sync", hers)
    scenario.run_until_idle()
    assert eva.box.read(hers).categories == BOTH
    assert under(scenario) == expected
    for one, copy in ((kim, mail), (eva, hers)):
        one.post("undo", copy)
        scenario.run_until_idle()
    assert under(scenario)["Havnebyg"] == [WITHDRAWN]
    kim.post("sync", mail)
    scenario.run_until_idle()
    assert under(scenario) == expected


def test_a_replaced_organisation_returns_when_a_person_chooses_it(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    change(kim, mail, places["Havnebyg"], places["Skovby"])
    scenario.run_until_idle()
    change(kim, mail, places["Skovby"], places["Havnebyg"])
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": [WITHDRAWN], "Skovby": ["Offer?"], "Mill": []}
    assert [d["DocumentOrganisationId"] for d in scenario.documents] == [places["Skovby"]]


def test_the_last_of_many_changes_while_webcrm_is_away_counts(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    names = ["Havnebyg", "Skovby", "Mill"]
    havnebyg, skovby, mill = (places[name] for name in names)
    scenario.sandbox.faults.unavailable("webcrm")
    for to, replaces in ((mill, havnebyg), (havnebyg, skovby), (skovby, mill)):
        status, shown = change(kim, mail, to, replaces)
        assert (status, shown["state"]) == (200, "on_its_way")
        scenario.run_until_idle()
    assert {t["organisation"] for t in kim.status(mail)["targets"]} == {"Havnebyg", "Skovby"}
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": ["Offer?"], "Mill": []}
    assert kim.status(mail)["state"] == "synced"


def test_a_change_of_a_mail_on_its_way_replaces_the_planned_organisation(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    scenario.sandbox.faults.unavailable("webcrm")
    mail = synced(scenario, kim, cc=())
    assert kim.status(mail)["state"] == "on_its_way"
    assert change(kim, mail, places["Mill"], places["Havnebyg"])[0] == 200
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert under(scenario) == {"Havnebyg": [], "Skovby": [], "Mill": ["Offer?"]}


def test_a_change_after_undo_is_refused(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    """The pane of a second window may still show it as synced."""
    mail = synced(scenario, kim, cc=())
    kim.post("undo", mail)
    scenario.run_until_idle()
    assert change(kim, mail, places["Mill"], places["Havnebyg"])[0] == 409
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": [WITHDRAWN], "Skovby": [], "Mill": []}
    assert change(kim, mail, places["Mill"])[0] == 200
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": [], "Skovby": [], "Mill": ["Offer?"]}


def test_two_changes_of_the_same_organisation_do_not_add_one(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim, cc=())
    assert change(kim, mail, places["Mill"], places["Havnebyg"])[0] == 200
    assert change(kim, mail, places["Skovby"], places["Havnebyg"])[0] == 409
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": [], "Skovby": [], "Mill": ["Offer?"]}


def test_a_waiting_or_ambiguous_mail_is_filed_under_the_chosen_organisation(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    scenario.add_contact(LIS, "Mill")
    scenario.poll_webcrm()
    doubtful = scenario.drag(kim.box, Mail("Which?", LIS, KIM))
    waiting = scenario.drag(kim.box, Mail("Who?", "who@nobody.example", KIM))
    scenario.discover()
    for mail, expected in ((doubtful, "parked"), (waiting, "waiting")):
        assert kim.status(mail)["state"] == expected
        assert change(kim, mail, places["Mill"], places["Skovby"])[0] == 409
        assert change(kim, mail, places["Mill"])[0] == 200
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": [], "Skovby": [], "Mill": ["Which?", "Who?"]}
    assert len(kim.box.messages(f"inbox/{FOLDER}")) == 2


def test_a_mail_under_no_organisation_is_moved_to_one(open_scenario: OpenScenario) -> None:
    scenario = open_scenario(UNMATCHED="unlinked")
    scenario.add_contact(BO, "Havnebyg")
    kim = person(scenario, create_app(scenario.context), KIM, "Kim Nordwind")
    scenario.poll_webcrm()
    mail = scenario.drag(kim.box, Mail("Offer?", LIS, KIM))
    scenario.discover()
    assert kim.status(mail)["targets"][0]["organisationId"] == 0
    assert change(kim, mail, scenario.organisations["Havnebyg"], 0)[0] == 200
    scenario.run_until_idle()
    assert len(scenario.activities) == len(scenario.activities_under("Havnebyg")) == 1
