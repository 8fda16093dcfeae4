"""The pane offers the open Opportunities of each place, and a person chooses one."""

from __future__ import annotations

from typing import Any

import pytest

from support.api_client import Person
from support.placed_mail import edit, offer, synced
from support.scenario import BO, LIS, Scenario
from webcrm_sync.store import directory


@pytest.fixture
def opportunities(scenario: Scenario, places: dict[str, int]) -> dict[str, int]:
    """Opportunities by name: one of Bo, another one at Havnebyg, and one at Skovby."""
    crm = scenario.sandbox.crm
    with scenario.context.begin() as tx:
        (bo,) = directory.look_up(tx, [BO], ()).contacts
    found = {
        "Harbour": crm.add_opportunity(places["Havnebyg"], "Harbour", person_id=bo.person_id),
        "Quay": crm.add_opportunity(places["Havnebyg"], "Quay"),
        "Wood": crm.add_opportunity(places["Skovby"], "Wood"),
    }
    scenario.poll_webcrm()
    return found


def shown_at(shown: Any, name: str) -> tuple[str | None, list[str], int | None]:
    """The Opportunity of the place, the open ones and the one that is offered."""
    (target,) = [t for t in shown["targets"] if t["organisation"] == name]
    chosen = target["opportunity"]
    names = [one["name"] for one in target["opportunities"]]
    return chosen and chosen["name"], names, target["offered"]


def written(scenario: Scenario) -> dict[int, int]:
    """The Opportunity of each Activity, by Organisation; 0 = none."""
    return {
        a["ActivityOrganisationId"]: a.get("ActivityOpportunityId") or 0
        for a in scenario.activities
    }


def choose(kim: Person, mail: str, organisation_id: int, opportunity_id: int | None) -> Any:
    answer = kim.post(
        "places/opportunity", mail, organisationId=organisation_id, opportunityId=opportunity_id
    )
    return answer.json if answer.status_code == 200 else answer.status_code


def test_the_only_open_one_of_the_contact_is_offered_and_never_taken(
    scenario: Scenario, kim: Person, places: dict[str, int], opportunities: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    shown = kim.status(mail)
    assert shown_at(shown, "Havnebyg") == (None, ["Harbour", "Quay"], opportunities["Harbour"])
    assert shown_at(shown, "Skovby") == (None, ["Wood"], None)
    assert set(written(scenario).values()) == {0}
    chosen = choose(kim, mail, places["Havnebyg"], opportunities["Quay"])
    assert shown_at(chosen, "Havnebyg")[::2] == ("Quay", None)
    scenario.run_until_idle()
    assert written(scenario)[places["Havnebyg"]] == opportunities["Quay"]
    assert shown_at(kim.status(mail), "Havnebyg")[0] == "Quay"
    assert shown_at(choose(kim, mail, places["Havnebyg"], None), "Havnebyg")[0] is None
    scenario.run_until_idle()
    assert set(written(scenario).values()) == {0}


def test_an_opportunity_goes_with_the_list_and_with_an_added_place(
    scenario: Scenario, kim: Person, places: dict[str, int], opportunities: dict[str, int]
) -> None:
    mail = kim.box.deliver(offer())
    havnebyg = {
        "organisationId": places["Havnebyg"],
        "opportunityId": opportunities["Harbour"],
    }
    shown: Any = kim.post("sync", mail, places=[havnebyg]).json
    assert shown_at(shown, "Havnebyg")[0] == "Harbour"
    added = edit(kim, "add", mail, places["Skovby"], opportunityId=opportunities["Wood"])
    assert shown_at(added, "Skovby")[0] == "Wood"
    scenario.run_until_idle()
    assert written(scenario) == {
        places["Havnebyg"]: opportunities["Harbour"],
        places["Skovby"]: opportunities["Wood"],
    }
    assert kim.status(mail)["state"] == "synced"
    edit(kim, "add", mail, places["Mill"])
    edit(kim, "move", mail, places["Havnebyg"], to=places["Mill"])
    scenario.run_until_idle()
    assert written(scenario)[places["Mill"]] == 0
    assert scenario.sandbox.crm.foreign_opportunities == []


def test_an_opportunity_of_a_mail_that_is_not_read_yet_counts(
    scenario: Scenario, kim: Person, places: dict[str, int], opportunities: dict[str, int]
) -> None:
    mail = kim.box.deliver(offer())
    kim.post("sync", mail)
    shown = choose(kim, mail, places["Havnebyg"], opportunities["Quay"])
    assert shown_at(shown, "Havnebyg")[0] == "Quay"
    scenario.run_until_idle()
    assert written(scenario) == {places["Havnebyg"]: opportunities["Quay"], places["Skovby"]: 0}


def test_a_foreign_opportunity_is_refused(
    scenario: Scenario, kim: Person, places: dict[str, int], opportunities: dict[str, int]
) -> None:
    mail = kim.box.deliver(offer())
    foreign = {"organisationId": places["Havnebyg"], "opportunityId": opportunities["Wood"]}
    assert kim.post("sync", mail, places=[foreign]).status_code == 409
    assert kim.status(mail)["state"] == "new"
    kim.post("sync", mail)
    for _ in range(2):
        assert choose(kim, mail, places["Havnebyg"], opportunities["Wood"]) == 409
        assert choose(kim, mail, places["Mill"], None) == 409
        body = {"organisationId": places["Mill"], "opportunityId": opportunities["Wood"]}
        assert kim.post("places/add", mail, **body).status_code == 409
        scenario.run_until_idle()
    assert written(scenario) == {places["Havnebyg"]: 0, places["Skovby"]: 0}
    assert LIS in kim.status(mail)["addresses"]
