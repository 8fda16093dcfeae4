"""Two forms for one new customer: what the later one says is not lost without a word."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.left_out import found
from support.new_customer import ANNE, FORM, check_one_customer, create, deliver, named, persons
from support.pane_user import PaneUser, add_pane_user
from support.scenario import BO, KIM, Scenario
from webcrm_sync.core.along import Along, TextPart
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.errors import InvalidField, TryLater
from webcrm_sync.core.new_customer import ContactDraft
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.pane import sender_rules
from webcrm_sync.engine.pane.customers import CustomerForm
from webcrm_sync_sandbox.outlook.mail import Mail

EVA = "eva@nordwind.example"
BENT = ContactDraft("Bent Vind", "bent@vindmark.example")
OTHER_PHONE = replace(FORM.organisation, phone="+45 99 99 99 99")
OTHER_TITLE = ContactDraft("Anne Vind", ANNE, "Director", "+45 40 10 20 30")


@pytest.fixture
def kim(scenario: Scenario) -> PaneUser:
    """Kim at the pane; webCRM knows Bo of Havnebyg."""
    scenario.add_contact(BO)
    return add_pane_user(scenario)


def copies(scenario: Scenario, kim: PaneUser) -> tuple[str, PaneUser, str]:
    """Kim's copy of a mail, a colleague, and her copy."""
    eva = add_pane_user(scenario, EVA, "Eva Nordwind")
    mail = Mail("To both", f"Anne Vind <{ANNE}>", (KIM, EVA), message_id="<both@vindmark.example>")
    return kim.box.deliver(mail), eva, eva.box.deliver(mail)


@pytest.mark.parametrize(
    "corrected",
    [
        replace(FORM, organisation=OTHER_PHONE),
        replace(FORM, contact=OTHER_TITLE),
        replace(FORM, contact=BENT),
        replace(FORM, contact=None),
    ],
)
def test_a_second_press_with_other_fields_says_that_the_first_ones_stay(
    scenario: Scenario, kim: PaneUser, corrected: CustomerForm
) -> None:
    mail = deliver(kim)
    assert not create(kim, mail).is_first_kept
    assert create(kim, mail, corrected).is_first_kept
    scenario.run_until_idle()
    assert create(kim, mail, corrected).is_first_kept
    assert not create(kim, mail).is_first_kept
    check_one_customer(scenario, kim, mail)
    assert named(scenario)[0]["OrganisationTelephone"] == FORM.organisation.phone
    assert persons(scenario)[0]["PersonTitle"] == "Buyer"


def test_a_press_while_webcrm_is_away_says_it_too(scenario: Scenario, kim: PaneUser) -> None:
    mail = deliver(kim)
    scenario.sandbox.faults.unavailable("webcrm")
    assert not create(kim, mail).is_first_kept
    assert create(kim, mail, replace(FORM, organisation=OTHER_PHONE)).is_first_kept


@pytest.mark.parametrize(
    ("hers", "is_first_kept"),
    [
        (FORM, False),
        (replace(FORM, organisation=OTHER_PHONE), True),
        (replace(FORM, contact=OTHER_TITLE), True),
        (replace(FORM, contact=BENT), False),
    ],
)
def test_a_colleague_with_other_fields_learns_that_the_first_ones_stay(
    scenario: Scenario, kim: PaneUser, hers: CustomerForm, is_first_kept: bool
) -> None:
    mine, eva, copy = copies(scenario, kim)
    assert not create(kim, mine).is_first_kept
    assert create(eva, copy, hers).is_first_kept is is_first_kept
    scenario.run_until_idle()
    assert len(named(scenario)) == 1
    assert persons(scenario)[0]["PersonTitle"] == "Buyer"
    assert len(persons(scenario, BENT.address)) == (hers.contact == BENT)


def test_a_customer_of_the_same_name_much_later_is_another_one(
    scenario: Scenario, kim: PaneUser
) -> None:
    create(kim, deliver(kim))
    scenario.run_until_idle()
    scenario.wait(timedelta(minutes=11))
    other = CustomerForm(OTHER_PHONE, BENT, is_even_if_similar=True)
    assert not create(kim, deliver(kim, "Another"), other).is_first_kept
    assert len(named(scenario)) == 2


def test_the_organisation_that_has_the_contact_already_is_shown_first(
    scenario: Scenario, kim: PaneUser
) -> None:
    form = CustomerForm(OrganisationDraft("Quite Another"), ContactDraft("Bo", BO))
    created = create(kim, deliver(kim), form)
    assert [one.name for one in created.similar] == ["Havnebyg"]
    assert len(persons(scenario, BO)) == 1


def test_two_colleagues_with_two_names_for_one_contact_are_told(
    scenario: Scenario, kim: PaneUser
) -> None:
    mine, eva, copy = copies(scenario, kim)
    create(kim, mine)
    form = CustomerForm(OrganisationDraft("Anne's Shop"), FORM.contact)
    assert [one.name for one in create(eva, copy, form).similar] == ["Vindmark A/S"]
    assert len(persons(scenario)) == 1


@pytest.mark.parametrize(
    ("entered", "written"),
    [
        ("https://www.vind.example/contact", "vind.example"),
        ("@vind.example", "vind.example"),
        ("Bücher.example", "bücher.example"),
    ],
)
def test_the_domain_is_written_alone(
    scenario: Scenario, kim: PaneUser, entered: str, written: str
) -> None:
    draft = OrganisationDraft("Vindmark A/S", domain=entered)
    create(kim, deliver(kim), replace(FORM, organisation=draft))
    assert named(scenario)[0]["OrganisationDomain"] == written


def test_a_contact_that_a_colleague_is_creating_waits_for_her(
    scenario: Scenario, kim: PaneUser
) -> None:
    mine, eva, copy = copies(scenario, kim)
    scenario.sandbox.faults.unavailable("webcrm")
    create(kim, mine)
    form = CustomerForm(OrganisationDraft("Anne's Shop"), FORM.contact)
    with pytest.raises(TryLater):
        create(eva, copy, form)
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert [one.name for one in create(eva, copy, form).similar] == ["Vindmark A/S"]


def test_a_form_that_creates_nothing_decides_nothing_about_the_mail(
    scenario: Scenario, kim: PaneUser
) -> None:
    sender_rules.add_sender(scenario.context, kim.user, BO)
    mail = kim.box.deliver(Mail("Secret", BO, KIM, headers=(("Sensitivity", "Private"),)))
    form = CustomerForm(
        OrganisationDraft("Havnebyg ApS"),
        along=Along.chosen(TextPart.NONE, []),
        is_even_if_private=True,
    )
    assert create(kim, mail, form).similar
    with pytest.raises(InvalidField):
        create(kim, mail, replace(form, organisation=OrganisationDraft("...")))
    scenario.discover()
    assert kim.status(mail).reason is Reason.PRIVATE
    assert scenario.activities == []


def test_a_form_that_creates_nothing_adds_nothing_to_a_filed_mail(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = kim.box.deliver(Mail("Offer", BO, KIM, body="<p>Marmelade</p>"))
    kim.sync(mail, along=Along.chosen(TextPart.NONE, []))
    scenario.run_until_idle()
    whole = Along.chosen(TextPart.WHOLE, None)
    assert create(kim, mail, CustomerForm(OrganisationDraft("Havnebyg ApS"), along=whole)).similar
    scenario.run_all_retries()
    assert found(scenario, ["Marmelade"]) == []
