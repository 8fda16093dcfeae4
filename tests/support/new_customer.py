"""A person who creates a customer from a mail, and what webCRM then holds."""

from __future__ import annotations

import hashlib
from typing import Any

from support.pane_user import PaneUser
from support.scenario import BOTH, KIM, Scenario
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.new_customer import ContactDraft
from webcrm_sync.engine.pane.customers import CreatedCustomer, CustomerForm, create_customer
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus
from webcrm_sync_sandbox.outlook.mail import Mail

ANNE = "anne@vindmark.example"
FORM = CustomerForm(
    OrganisationDraft(
        "Vindmark A/S", "vindmark.example", "+45 70 10 20 30", "www.vindmark.example"
    ),
    ContactDraft("Anne Vind", ANNE, "Buyer", "+45 40 10 20 30"),
)


def company_name(seed: str) -> str:
    """An invented company name, one for each seed, that no rule takes for similar to another."""
    digest = hashlib.sha256(seed.encode()).hexdigest()
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digest[:12]).title()


def deliver(kim: PaneUser, subject: str = "New here", **more: Any) -> str:
    """A mail of somebody whom webCRM does not know."""
    return kim.box.deliver(Mail(subject, f"Anne Vind <{ANNE}>", KIM, **more))


def create(kim: PaneUser, mail: str, form: CustomerForm = FORM) -> CreatedCustomer:
    """Press the button of the form."""
    return create_customer(kim.scenario.context, kim.user, kim.ref(mail), form)


def named(scenario: Scenario, name: str = "Vindmark A/S") -> list[dict[str, Any]]:
    """The Organisations of this name in webCRM."""
    return [o for o in scenario.sandbox.crm.organisations if o["OrganisationName"] == name]


def persons(scenario: Scenario, address: str = ANNE) -> list[dict[str, Any]]:
    """The Persons with this address in webCRM."""
    return [p for p in scenario.sandbox.crm.persons if p["PersonEmail"] == address]


def check_one_customer(scenario: Scenario, kim: PaneUser, mail: str) -> None:
    """One Organisation, one contact, one Activity there, and a marked mail."""
    (organisation,), (person,) = named(scenario), persons(scenario)
    assert person["PersonOrganisationId"] == organisation["OrganisationId"]
    (activity,) = scenario.activities
    assert activity["ActivityOrganisationId"] == organisation["OrganisationId"]
    assert kim.status(mail).status is DisplayStatus.SYNCED
    assert kim.box.read(mail).categories == BOTH
