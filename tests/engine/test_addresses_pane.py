"""The pane, for mails with addresses in unusual spellings."""

from __future__ import annotations

import pytest

from support.pane_user import add_pane_user
from support.scenario import BO, BOTH, KIM, LIS, OpenScenario, Scenario
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.pane import sender_rules
from webcrm_sync.engine.pane.contacts import PersonDraft, create_contact
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus, Forecast, MatchEvidence
from webcrm_sync_sandbox.outlook.mail import Mail, Person

FORM = "form@nordwind.example"


@pytest.mark.parametrize(
    ("field", "sender", "shown"),
    [
        ("Bo <bo@havnebyg.example>", "bo@havnebyg.example", "bo@havnebyg.example"),
        (BO, "'bo@havnebyg.example'", BO),
        (BO, "bo+offers@havnebyg.example", BO),
        ("bo@xn--bcher-kva.example", "bo@bücher.example", "bo@bücher.example"),
        ("bo@straße.example", "bo@straße.example", "bo@straße.example"),
    ],
)
def test_pane_knows_the_contact_and_shows_a_readable_address(
    scenario: Scenario, field: str, sender: str, shown: str
) -> None:
    scenario.add_contact(field)
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Offer", Person(sender), KIM))
    state = kim.status(mail)
    assert state.forecast is Forecast.KNOWN
    assert [t.address for t in state.targets] == [shown]


def test_pane_counts_the_customer_in_reply_to(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    known = kim.box.deliver(Mail("Question", FORM, KIM, reply_to=(BO,)))
    ours = kim.box.deliver(Mail("Question", FORM, KIM, reply_to=(KIM,)))
    assert (kim.status(known).status, kim.status(known).forecast) == (
        DisplayStatus.NEW,
        Forecast.KNOWN,
    )
    assert kim.status(ours).reason is Reason.ONLY_COLLEAGUES
    kim.sync(known)
    scenario.run_until_idle()
    assert kim.box.read(known).categories == BOTH


def test_pane_says_that_a_sender_behind_the_mail_is_never_synced(
    open_scenario: OpenScenario,
) -> None:
    scenario = open_scenario(NEVER_SYNC="skovby.example")
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    for more in ({"reply_to": (LIS,)}, {"sent_by": "lis@mail.skovby.example"}):
        mail = kim.box.deliver(Mail("Private", BO, KIM, **more))
        assert kim.status(mail).reason is Reason.NEVER_LIST


@pytest.mark.parametrize("domain", ["havnebyg.example", "bücher.example", "straße.example"])
def test_both_organisations_of_a_domain_are_offered_and_a_person_chooses(
    scenario: Scenario, domain: str
) -> None:
    scenario.add_contact(LIS, "Skovby")
    ids = [
        scenario.sandbox.crm.add_organisation(name, www=f"https://www.{domain}/")
        for name in ("Havnebyg A/S", "Havnebyg Holding")
    ]
    kim = add_pane_user(scenario)
    mail = scenario.drag(kim.box, Mail("Hello", Person(f"bo@{domain}"), KIM))
    scenario.discover()
    offered = kim.status(mail).candidates
    assert [(c.organisation_id, c.evidence, c.evidence_name) for c in offered] == [
        (number, MatchEvidence.DOMAIN, domain) for number in ids
    ]
    kim.choose(mail, ids[1])
    scenario.run_until_idle()
    assert [a["ActivityOrganisationId"] for a in scenario.activities] == [ids[1]]


def test_chosen_organisation_gets_the_person_in_any_spelling(scenario: Scenario) -> None:
    first = scenario.add_contact("Bo <bo@havnebyg.example>", "Havnebyg")
    second = scenario.add_contact("bo+x@havnebyg.example", "Skovby")
    kim = add_pane_user(scenario)
    mail = scenario.drag(kim.box, Mail("Hello", Person("'bo@havnebyg.example'"), KIM))
    scenario.discover()
    assert [a["ActivityPersonId"] for a in scenario.activities] == [first]
    kim.choose(mail, scenario.organisations["Skovby"])
    scenario.run_until_idle()
    assert [a["ActivityPersonId"] for a in scenario.activities_under("Skovby")] == [second]


@pytest.mark.parametrize(
    ("sender", "written"),
    [
        ("'lis@skovby.example'", "lis@skovby.example"),
        ("lis@bücher.example", "lis@bücher.example"),
        ("lis@straße.example", "lis@straße.example"),
        ("lis+news@skovby.example", "lis+news@skovby.example"),
    ],
)
def test_contact_created_from_a_mail_has_a_clean_address_and_is_created_once(
    scenario: Scenario, sender: str, written: str
) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    mail = scenario.drag(kim.box, Mail("Hello", Person(sender), KIM))
    scenario.discover()
    (address,) = kim.status(mail).addresses
    draft = PersonDraft("Lis", address, scenario.organisations["Havnebyg"])
    made = {create_contact(scenario.context, draft) for _ in range(2)}
    scenario.run_until_idle()
    assert [p["PersonEmail"] for p in scenario.sandbox.crm.persons] == [BO, written]
    assert made == {scenario.sandbox.crm.persons[-1]["PersonId"]}
    assert kim.box.read(mail).categories == BOTH


@pytest.mark.parametrize(
    "sender", ["'lis@skovby.example'", "LIS@skovby.example", "lis@bücher.example",
               "lis@straße.example", "lis+news@skovby.example"]
)  # fmt: skip
def test_sender_who_is_always_synced_is_recognised_in_any_spelling(
    scenario: Scenario, sender: str
) -> None:
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Hello", Person(sender), KIM))
    (address,) = kim.status(mail).addresses
    for _ in range(2):
        sender_rules.add_sender(scenario.context, kim.user, address)
    assert len(sender_rules.list_senders(scenario.context, kim.user)) == 1
    assert kim.status(mail).always_sync
    sender_rules.remove_sender(scenario.context, kim.user, address)
    assert sender_rules.list_senders(scenario.context, kim.user) == ()
    assert not kim.status(mail).always_sync
