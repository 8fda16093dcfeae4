"""The operation that creates a customer from a mail."""

from __future__ import annotations

from typing import Any

import pytest

from support.api_client import Person
from support.scenario import KIM, Scenario
from webcrm_sync_sandbox.outlook.mail import Mail

ANNE = "anne@vindmark.example"
ORGANISATION = {"name": "Vindmark A/S", "domain": "vindmark.example"}
CONTACT = {"name": "Anne Vind", "address": ANNE}


@pytest.fixture
def mail(scenario: Scenario, kim: Person) -> str:
    """A mail of somebody whom webCRM does not know."""
    scenario.add_contact()
    scenario.poll_webcrm()
    return kim.box.deliver(Mail("New here", f"Anne Vind <{ANNE}>", KIM))


def test_a_customer_is_offered_created_and_gets_the_mail(
    scenario: Scenario, kim: Person, mail: str
) -> None:
    assert "add_customer" in kim.status(mail)["can"]
    pressed = kim.post("customer", mail, organisation=ORGANISATION, contact=CONTACT)
    assert pressed.status_code == 200, pressed.text
    assert pressed.json is not None
    created = pressed.json
    assert created["similar"] == []
    assert created["mail"]["state"] == "on_its_way"
    assert created["organisationId"] == scenario.sandbox.crm.organisations[-1]["OrganisationId"]
    assert created["personId"] == scenario.sandbox.crm.persons[-1]["PersonId"]
    scenario.run_until_idle()
    done = kim.status(mail)
    assert (done["state"], done["targets"][0]["organisation"]) == ("synced", "Vindmark A/S")
    story = kim.post("story", mail).json
    assert story is not None
    facts = {line["kind"]: line["facts"] for line in story["lines"]}
    assert facts["customer created"]["by"] == "Kim Nordwind"
    assert facts["customer created"]["organisations"] == ["Vindmark A/S"]


def test_similar_organisations_come_back_until_the_person_says_it_is_another(
    scenario: Scenario, kim: Person, mail: str
) -> None:
    organisation = {"name": "Havnebyg ApS"}
    pressed = kim.post("customer", mail, organisation=organisation, contact=CONTACT)
    similar = [{"id": scenario.organisations["Havnebyg"], "name": "Havnebyg"}]
    assert pressed.json == {
        "similar": similar,
        "mail": None,
        "organisationId": None,
        "personId": None,
        "isFirstKept": False,
    }
    again = kim.post("customer", mail, organisation=organisation, evenIfSimilar=True)
    assert again.json is not None
    assert again.json["similar"] == []
    assert again.json["organisationId"]


@pytest.mark.parametrize(
    ("organisation", "contact", "place"),
    [
        ({}, None, "organisation.name"),
        ({"name": ""}, None, "organisation.name"),
        ({"name": "x" * 201}, None, "organisation.name"),
        ({"name": "Vind", "phone": "1" * 51}, None, "organisation.phone"),
        ({"name": "Vind", "country": "DK"}, None, "organisation.country"),
        ({"name": "Vind\0"}, None, "organisation.name"),
        ({"name": "Vind"}, {"name": "Anne", "address": "nobody"}, "contact.address"),
        ({"name": "Vind"}, {"name": "Anne", "address": ANNE, "title": "x" * 51}, "contact.title"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_at_its_field(
    kim: Person,
    mail: str,
    organisation: dict[str, Any],
    contact: dict[str, Any] | None,
    place: str,
) -> None:
    refused = kim.post("customer", mail, organisation=organisation, contact=contact)
    assert refused.status_code == 400
    assert refused.json is not None
    assert refused.json["detail"].startswith(f"{place}:")


def test_a_field_that_webcrm_does_not_take_is_named(
    scenario: Scenario, kim: Person, mail: str
) -> None:
    scenario.sandbox.crm.lengths["OrganisationName"] = 5
    refused = kim.post("customer", mail, organisation=ORGANISATION, contact=CONTACT)
    assert refused.status_code == 409
    assert refused.json is not None
    assert (refused.json["code"], refused.json["field"]) == ("conflict", "organisation.name")
    assert "longer than 5 characters" in refused.json["detail"]


def test_a_mail_that_is_never_synced_makes_no_customer(
    scenario: Scenario, kim: Person, mail: str
) -> None:
    among_us = kim.box.deliver(Mail("Lunch?", KIM, "eva@nordwind.example"))
    refused = kim.post("customer", among_us, organisation=ORGANISATION)
    assert refused.status_code == 409
    assert [o["OrganisationName"] for o in scenario.sandbox.crm.organisations] == ["Havnebyg"]


def test_an_open_pane_notices_that_the_customer_has_arrived(
    scenario: Scenario, kim: Person, mail: str
) -> None:
    scenario.sandbox.faults.unavailable("webcrm")
    kim.post("customer", mail, organisation=ORGANISATION, contact=CONTACT)
    answer = kim.request("POST", "/mails/state", json={"mails": [kim.ref(mail)]}).json
    assert answer is not None
    assert answer["mails"][0]["state"] == "on_its_way"
    version = answer["versions"][0]
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    changed = kim.request("POST", "/mails/changed", json={"version": version}).json
    assert changed == {"isChanged": True}
    assert kim.status(mail)["state"] == "synced"
