"""What the product says itself comes with a key, so that the pane says it in every language."""

from __future__ import annotations

from typing import Any

import pytest

from support.api_client import Person
from support.scenario import BO, KIM, Scenario
from webcrm_sync.engine.mailboxes import pausing
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook.mail import File, Mail

ANNE = "anne@vindmark.example"


@pytest.fixture
def mail(scenario: Scenario, kim: Person) -> str:
    """A mail of somebody whom webCRM does not know."""
    scenario.add_contact()
    scenario.poll_webcrm()
    return kim.box.deliver(Mail("New here", f"Anne Vind <{ANNE}>", KIM))


def refused(kim: Person, path: str, body: dict[str, Any]) -> tuple[str | None, Any]:
    """The field that is refused, and the phrase that says why."""
    answer = kim.request("POST", path, json=body).json
    assert answer is not None
    return answer.get("field"), answer.get("phrase")


def customer(kim: Person, mail: str, contact: dict[str, Any], **organisation: str) -> Any:
    named = {"name": "Vindmark A/S", **organisation}
    body = {"mail": kim.ref(mail), "organisation": named, "contact": contact}
    return refused(kim, "/mails/customer", body)


@pytest.mark.parametrize(
    ("contact", "organisation", "field", "key", "values"),
    [
        ({"title": "x" * 51}, {}, "contact.title", "too_long", {"limit": "50"}),
        ({"phone": "\0"}, {}, "contact.phone", "check_field", {}),
        ({"address": KIM}, {}, "contact.address", "colleague", {}),
        ({"address": "nobody"}, {}, "contact.address", "check_field", {}),
        ({"name": "\u200b"}, {}, "contact.name", "no_name", {}),
        ({}, {"name": "…"}, "organisation.name", "no_letters", {}),
        ({}, {"www": "no address"}, "organisation.www", "no_web_address", {}),
        ({}, {"domain": "gmail.com"}, "organisation.domain", "mail_provider", {}),
        ({}, {"domain": "nordwind.example"}, "organisation.domain", "own_domain", {}),
        ({}, {"domain": "a.example, b.example"}, "organisation.domain", "one_domain", {}),
    ],
)
def test_a_field_of_a_new_customer_is_refused_with_a_phrase(
    kim: Person,
    mail: str,
    contact: dict[str, Any],
    organisation: dict[str, str],
    field: str,
    key: str,
    values: dict[str, str],
) -> None:
    whole = {"name": "Anne Vind", "address": ANNE, **contact}
    assert customer(kim, mail, whole, **organisation) == (field, {"key": key, "values": values})


def test_the_words_of_webcrm_are_a_value(scenario: Scenario, kim: Person, mail: str) -> None:
    scenario.sandbox.crm.lengths["PersonTitle"] = 5
    contact = {"name": "Anne Vind", "address": ANNE, "title": "Head of Buying"}
    field, phrase = customer(kim, mail, contact)
    assert field == "contact.title"
    assert phrase["key"] == "answered_text"
    assert phrase["values"]["status"] == "400"
    assert "longer than 5 characters" in phrase["values"]["text"]


def test_a_contact_has_its_title_and_phone(scenario: Scenario, kim: Person, mail: str) -> None:
    body = {
        "name": "Anne Vind",
        "address": ANNE,
        "organisationId": scenario.organisations["Havnebyg"],
        "title": "Buyer",
        "phone": "+45 40 10 20 30",
    }
    assert kim.request("POST", "/contacts", json=body).status_code == 200
    person = scenario.sandbox.crm.persons[-1]
    assert (person["PersonTitle"], person["PersonDirectPhone"]) == ("Buyer", "+45 40 10 20 30")
    shown = kim.status(mail)["targets"][0]
    assert (shown["title"], shown["phone"]) == ("Buyer", "+45 40 10 20 30")


@pytest.mark.parametrize(
    ("more", "field", "key"),
    [
        ({"title": "x" * 51}, "title", "too_long"),
        ({"name": "\u200b"}, "contact.name", "no_name"),
        ({"organisationId": 987654}, None, "no_organisation"),
    ],
)
def test_a_contact_is_refused_with_a_phrase(
    scenario: Scenario, kim: Person, mail: str, more: dict[str, Any], field: str, key: str
) -> None:
    organisation = scenario.organisations["Havnebyg"]
    body = {"name": "Anne Vind", "address": ANNE, "organisationId": organisation, **more}
    refusal = refused(kim, "/contacts", body)
    assert (refusal[0], refusal[1]["key"]) == (field, key)


def test_a_contact_that_webcrm_refuses_is_refused_at_its_field(
    scenario: Scenario, kim: Person, mail: str
) -> None:
    scenario.sandbox.crm.lengths["PersonTitle"] = 5
    body = {
        "name": "Anne Vind",
        "address": ANNE,
        "organisationId": scenario.organisations["Havnebyg"],
        "title": "Head of Buying",
    }
    field, phrase = refused(kim, "/contacts", body)
    assert (field, phrase["key"]) == ("contact.title", "answered_text")


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("sync", {"places": [{"organisationId": 987654}]}, "no_organisation"),
        ("choose", {"organisationId": 1001, "replaces": 7}, "not_there"),
    ],
)
def test_a_request_is_refused_with_a_phrase(
    kim: Person, mail: str, path: str, body: dict[str, Any], key: str
) -> None:
    assert refused(kim, f"/mails/{path}", {"mail": kim.ref(mail), **body})[1]["key"] == key


def test_a_paused_mailbox_says_so(scenario: Scenario, kim: Person, mail: str) -> None:
    with scenario.context.begin() as tx:
        (box,) = mailboxes.all_mailboxes(tx)
    pausing.pause(scenario.context, box)
    assert refused(kim, "/mails/sync", {"mail": kim.ref(mail)})[1] == {
        "key": "paused",
        "values": {},
    }


def test_an_attachment_that_is_left_out_says_why(scenario: Scenario, kim: Person) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    large = File("plan.zip", b"x" * 400_000)
    item = kim.box.deliver(Mail("Large", BO, KIM, attachments=(large,)))
    scenario.sandbox.crm.largest_request = 300_000
    kim.post("sync", item)
    scenario.run_all_retries()
    (file,) = kim.status(item)["along"]["files"]
    assert file["leftOut"] == "too large for webCRM"
    assert file["phrase"] == {"key": "too_large_for_webcrm", "values": {}}
    story: Any = kim.post("story", item).json
    (line,) = [one for one in story["lines"] if one["kind"] == "left out"]
    assert line["facts"]["phrase"] == {
        "key": "too_large_for_webcrm",
        "values": {"file": "plan.zip"},
    }
