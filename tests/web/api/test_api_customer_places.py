"""A new customer joins the places that the person chose before, or takes the place of one."""

from __future__ import annotations

from typing import Any

import pytest

from support.api_client import Person
from support.placed_mail import edit, names, offer, synced, under
from support.scenario import Scenario
from webcrm_sync.core.places import MOST_PLACES

NEW = "Vindmark A/S"


def create(kim: Person, mail: str, **more: Any) -> Any:
    """Create the new customer from the mail."""
    answer = kim.post("customer", mail, organisation={"name": NEW}, evenIfSimilar=True, **more)
    assert answer.status_code == 200, answer.text
    return answer.json


def activities_under_new(scenario: Scenario) -> list[dict[str, Any]]:
    """The Activities of the new customer."""
    (organisation,) = [
        o for o in scenario.sandbox.crm.organisations if o["OrganisationName"] == NEW
    ]
    number = organisation["OrganisationId"]
    return [a for a in scenario.activities if a["ActivityOrganisationId"] == number]


@pytest.mark.parametrize("is_down", [False, True])
def test_what_was_edited_before_the_sync_holds_beside_the_new_customer(
    scenario: Scenario, kim: Person, places: dict[str, int], is_down: bool
) -> None:
    harbour = scenario.sandbox.crm.add_opportunity(places["Havnebyg"], "Harbour")
    scenario.poll_webcrm()
    mail = kim.box.deliver(offer())
    if is_down:
        scenario.sandbox.faults.unavailable("webcrm")
    wanted = [
        {"organisationId": places["Havnebyg"], "opportunityId": harbour},
        {"organisationId": places["Mill"]},
    ]
    along = {"text": "none", "files": []}
    shown = create(kim, mail, places=wanted, along=along)["mail"]
    assert names(shown)[:2] == ["Havnebyg", "Mill"]
    scenario.run_until_idle()
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": [], "Mill": ["Offer?"]}
    (added,) = activities_under_new(scenario)
    (kept,) = scenario.activities_under("Havnebyg")
    assert kept["ActivityOpportunityId"] == harbour
    assert not added.get("ActivityOpportunityId")
    assert scenario.sandbox.crm.documents == []
    assert names(kim.status(mail)) == ["Havnebyg", "Mill", NEW]
    assert kim.status(mail)["state"] == "synced"


@pytest.mark.parametrize("is_down", [False, True])
def test_a_new_customer_takes_a_place_of_the_forecast(
    scenario: Scenario, kim: Person, places: dict[str, int], is_down: bool
) -> None:
    mail = kim.box.deliver(offer())
    if is_down:
        scenario.sandbox.faults.unavailable("webcrm")
    create(kim, mail, replaces=places["Skovby"])
    scenario.run_until_idle()
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": [], "Mill": []}
    assert len(activities_under_new(scenario)) == 1
    assert names(kim.status(mail)) == ["Havnebyg", NEW]


def test_a_new_customer_takes_a_place_of_a_filed_mail(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    (moved,) = scenario.activities_under("Skovby")
    create(kim, mail, replaces=places["Skovby"])
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": ["Offer?"], "Skovby": [], "Mill": []}
    (there,) = activities_under_new(scenario)
    assert there["ActivityId"] == moved["ActivityId"]
    assert names(kim.status(mail)) == ["Havnebyg", NEW]


def test_a_new_customer_takes_the_only_place(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = kim.box.deliver(offer())
    create(kim, mail, places=[{"organisationId": places["Mill"]}], replaces=places["Mill"])
    scenario.run_until_idle()
    assert under(scenario) == {"Havnebyg": [], "Skovby": [], "Mill": []}
    assert names(kim.status(mail)) == [NEW]


def test_a_place_that_was_taken_away_meanwhile_gives_no_way(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    mail = synced(scenario, kim)
    edit(kim, "remove", mail, places["Skovby"])
    scenario.run_until_idle()
    create(kim, mail, replaces=places["Skovby"])
    scenario.run_until_idle()
    assert names(kim.status(mail)) == ["Havnebyg", NEW]


def test_nothing_is_created_when_one_of_the_places_is_not_in_webcrm(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    foreign = scenario.sandbox.crm.add_opportunity(places["Skovby"], "Wood")
    scenario.poll_webcrm()
    mail = kim.box.deliver(offer())
    for place in (
        {"organisationId": 987654},
        {"organisationId": places["Mill"], "opportunityId": foreign},
    ):
        answer = kim.post("customer", mail, organisation={"name": NEW}, places=[place])
        assert answer.status_code == 409
    known = [o["OrganisationName"] for o in scenario.sandbox.crm.organisations]
    assert known == ["Havnebyg", "Skovby", "Mill"]
    assert kim.status(mail)["state"] == "new"


def test_a_mail_in_too_many_places_makes_no_customer_that_it_could_not_join(
    scenario: Scenario, kim: Person, places: dict[str, int]
) -> None:
    crm = scenario.sandbox.crm
    others = [crm.add_organisation(f"Customer {n}") for n in range(MOST_PLACES)]
    scenario.poll_webcrm()
    mail = kim.box.deliver(offer())
    full = [{"organisationId": number} for number in others]
    answer: Any = kim.post("customer", mail, organisation={"name": NEW}, places=full).json
    assert answer["phrase"] == {"key": "too_many_places", "values": {"most": f"{MOST_PLACES}"}}
    assert NEW not in [o["OrganisationName"] for o in crm.organisations]
    assert kim.status(mail)["state"] == "new"
    create(kim, mail, places=full, replaces=others[0])
    scenario.run_until_idle()
    assert len(activities_under_new(scenario)) == 1
    assert len(names(kim.status(mail))) == MOST_PLACES
    again = kim.post("customer", mail, organisation={"name": NEW}, evenIfSimilar=True)
    assert again.status_code == 200
