"""A form for a new customer that cannot be used: which field it names, and what stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.new_customer import ANNE, FORM, check_one_customer, create, deliver, named
from support.pane_user import PaneUser, add_pane_user
from support.scenario import Scenario
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.errors import InvalidField, Refused
from webcrm_sync.core.new_customer import ContactDraft
from webcrm_sync.engine.pane.customers import CustomerForm
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus

EVA = "eva@nordwind.example"


@pytest.fixture
def kim(scenario: Scenario) -> PaneUser:
    """A salesperson, in a company whose webCRM knows another customer."""
    scenario.add_contact()
    return add_pane_user(scenario)


def test_webcrms_refusal_names_the_field_and_changes_nothing(
    scenario: Scenario, kim: PaneUser
) -> None:
    scenario.sandbox.crm.lengths["OrganisationName"] = 5
    mail = deliver(kim)
    with pytest.raises(InvalidField) as refusal:
        create(kim, mail)
    assert refusal.value.field == "organisation.name"
    scenario.run_all_retries()
    assert kim.status(mail).status is DisplayStatus.NEW
    assert named(scenario) == []
    create(kim, mail, replace(FORM, organisation=OrganisationDraft("Vind")))
    scenario.run_until_idle()
    assert kim.status(mail).status is DisplayStatus.SYNCED


def test_a_refused_contact_is_corrected_without_a_second_organisation(
    scenario: Scenario, kim: PaneUser
) -> None:
    scenario.sandbox.crm.lengths["PersonTitle"] = 3
    mail = deliver(kim)
    with pytest.raises(InvalidField) as refusal:
        create(kim, mail)
    assert refusal.value.field == "contact.title"
    contact = ContactDraft("Anne Vind", ANNE, "CEO")
    create(kim, mail, replace(FORM, contact=contact))
    scenario.run_until_idle()
    check_one_customer(scenario, kim, mail)


def test_a_field_that_the_form_lacks_is_named_by_webcrms_words(
    scenario: Scenario, kim: PaneUser
) -> None:
    scenario.sandbox.crm.required.add("OrganisationCountry")
    with pytest.raises(Refused, match="OrganisationCountry: is required"):
        create(kim, deliver(kim))


def test_a_refusal_in_the_job_ends_in_the_history(scenario: Scenario, kim: PaneUser) -> None:
    scenario.sandbox.faults.unavailable("webcrm")
    mail = deliver(kim)
    create(kim, mail)
    scenario.sandbox.crm.required.add("OrganisationCountry")
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert kim.status(mail).status is DisplayStatus.WAITING
    sentences = kim.timeline(kim.ref(mail))
    assert any(
        s.startswith("The new customer could not be created.") and "OrganisationCountry" in s
        for s in sentences
    )


@pytest.mark.parametrize(
    ("organisation", "contact", "field"),
    [
        (OrganisationDraft("..."), None, "organisation.name"),
        (OrganisationDraft("Vind", "two.example, more.example"), None, "organisation.domain"),
        (OrganisationDraft("Vind", "gmail.com"), None, "organisation.domain"),
        (OrganisationDraft("Vind", "nordwind.example"), None, "organisation.domain"),
        (OrganisationDraft("Vind", www="none"), None, "organisation.www"),
        (OrganisationDraft("Vind", www="javascript:x//vind.example"), None, "organisation.www"),
        (OrganisationDraft("Vind"), ContactDraft("", ANNE), "contact.name"),
        (OrganisationDraft("Vind"), ContactDraft("Anne", "anne@nowhere"), "contact.address"),
        (OrganisationDraft("Vind"), ContactDraft("Eva", EVA), "contact.address"),
    ],
)
def test_a_field_that_cannot_be_used_is_refused_before_webcrm_is_asked(
    scenario: Scenario,
    kim: PaneUser,
    organisation: OrganisationDraft,
    contact: ContactDraft | None,
    field: str,
) -> None:
    before = len(scenario.sandbox.journal.select("webcrm"))
    with pytest.raises(InvalidField) as refusal:
        create(kim, deliver(kim), CustomerForm(organisation, contact))
    assert refusal.value.field == field
    assert len(scenario.sandbox.journal.select("webcrm")) == before


@pytest.mark.parametrize("www", ["vind.example", "https://vind.example/da?x", "vind.example:8080"])
def test_web_addresses_as_people_write_them_are_taken(
    scenario: Scenario, kim: PaneUser, www: str
) -> None:
    create(kim, deliver(kim), replace(FORM, organisation=OrganisationDraft("Vind", www=www)))
    assert scenario.sandbox.crm.organisations[-1]["OrganisationWww"] == www


def test_a_customer_that_webcrm_never_took_is_given_up_after_a_month(
    scenario: Scenario, kim: PaneUser
) -> None:
    scenario.sandbox.faults.unavailable("webcrm")
    mail = deliver(kim)
    create(kim, mail)
    scenario.run_until_idle()
    scenario.wait_a_month()
    sentences = kim.timeline(kim.ref(mail))
    assert any("webCRM did not answer for a month." in sentence for sentence in sentences)
    with scenario.context.begin() as tx:
        query = "SELECT count(*) FROM new_customer WHERE contact_address IS NOT NULL"
        assert tx.connection.exec_driver_sql(query).scalar_one() == 0
