"""A customer that a person creates from a mail: once, whatever fails or happens twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from support.interleave import Death, die, worker
from support.new_customer import ANNE, FORM, check_one_customer, create, deliver, named, persons
from support.pane_user import PaneUser, add_pane_user
from support.scenario import KIM, Scenario
from webcrm_sync.core.along import Along, TextPart
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.new_customer import ContactDraft
from webcrm_sync.engine.pane import sender_rules
from webcrm_sync.engine.pane.customers import CustomerForm, create_customer
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.webcrm.system import OrganisationAnswer

EVA = "eva@nordwind.example"


@pytest.fixture
def kim(scenario: Scenario) -> PaneUser:
    """A salesperson, in a company whose webCRM knows another customer."""
    scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.add_contact()
    return add_pane_user(scenario)


@pytest.mark.parametrize("answer", ["empty", "id", "record"])
def test_one_form_creates_organisation_and_contact_and_files_the_mail(
    scenario: Scenario, kim: PaneUser, answer: OrganisationAnswer
) -> None:
    scenario.sandbox.crm.organisation_answer = answer
    mail = deliver(kim)
    created = create(kim, mail)
    assert created.mail is not None
    assert created.mail.status is DisplayStatus.ON_ITS_WAY
    scenario.run_until_idle()
    check_one_customer(scenario, kim, mail)
    (organisation,), (person,) = named(scenario), persons(scenario)
    ids = organisation["OrganisationId"], person["PersonId"]
    assert (created.organisation_id, created.person_id) == ids
    kim_in_webcrm = scenario.sandbox.crm.tables["User"].page(1, 1)[0]["UserId"]
    assert {
        "OrganisationDomain": "vindmark.example",
        "OrganisationTelephone": "+45 70 10 20 30",
        "OrganisationWww": "www.vindmark.example",
        "OrganisationOwner": kim_in_webcrm,
    }.items() <= organisation.items()
    assert {
        "PersonName": "Anne Vind",
        "PersonTitle": "Buyer",
        "PersonDirectPhone": "+45 40 10 20 30",
    }.items() <= person.items()
    assert scenario.activities[0]["ActivityPersonId"] == person["PersonId"]
    assert "New customer created by Kim Nordwind: Vindmark A/S." in kim.timeline(kim.ref(mail))


def test_other_mails_that_wait_for_the_address_are_filed_too(
    scenario: Scenario, kim: PaneUser
) -> None:
    earlier = deliver(kim, "Earlier")
    kim.sync(earlier)
    scenario.run_until_idle()
    assert kim.status(earlier).status is DisplayStatus.WAITING
    create(kim, deliver(kim))
    scenario.run_until_idle()
    assert kim.status(earlier).status is DisplayStatus.SYNCED
    assert len(scenario.activities) == 2


def test_an_organisation_without_a_contact_gets_the_mail(scenario: Scenario, kim: PaneUser) -> None:
    mail = deliver(kim)
    created = create(kim, mail, CustomerForm(OrganisationDraft("Vindmark A/S")))
    scenario.run_until_idle()
    assert created.person_id is None
    assert persons(scenario) == []
    (activity,) = scenario.activities
    assert activity["ActivityOrganisationId"] == created.organisation_id


@pytest.mark.parametrize(
    "name", ["Havnebyg A/S", "HAVNE-BYG ApS", "Havnebyg", "Havnebygg AB", "Havenbyg"]
)
def test_an_organisation_of_nearly_the_same_name_is_shown_first(
    scenario: Scenario, kim: PaneUser, name: str
) -> None:
    mail = deliver(kim)
    form = replace(FORM, organisation=OrganisationDraft(name))
    created = create(kim, mail, form)
    assert [one.name for one in created.similar] == ["Havnebyg"]
    assert created.mail is None
    assert named(scenario, name) == named(scenario, "Havnebyg") * (name == "Havnebyg")
    assert kim.status(mail).status is DisplayStatus.NEW

    create(kim, mail, replace(form, is_even_if_similar=True))
    scenario.run_until_idle()
    assert len(named(scenario, name)) == 1 + (name == "Havnebyg")


def test_the_owner_of_the_same_domain_is_shown_first(scenario: Scenario, kim: PaneUser) -> None:
    scenario.sandbox.crm.add_organisation("Solgaard", www="https://www.solgaard.example/da")
    scenario.poll_webcrm()
    draft = OrganisationDraft("Vindmark", www="solgaard.example")
    created = create(kim, deliver(kim), replace(FORM, organisation=draft))
    assert [one.name for one in created.similar] == ["Solgaard"]


def test_an_organisation_that_somebody_has_just_created_in_webcrm_is_taken(
    scenario: Scenario, kim: PaneUser
) -> None:
    there = scenario.sandbox.crm.add_organisation("Vindmark A/S")
    mail = deliver(kim)
    assert create(kim, mail).organisation_id == there
    scenario.run_until_idle()
    check_one_customer(scenario, kim, mail)


def test_a_second_press_returns_the_same_ids(scenario: Scenario, kim: PaneUser) -> None:
    mail = deliver(kim)
    first = create(kim, mail)
    second = create(kim, mail)
    scenario.run_until_idle()
    third = create(kim, mail)
    assert len({(c.organisation_id, c.person_id) for c in (first, second, third)}) == 1
    check_one_customer(scenario, kim, mail)


def press_at_once(scenario: Scenario, *presses: tuple[PaneUser, str]) -> None:
    def press(who: tuple[PaneUser, str]) -> object:
        kim, mail = who
        return scenario.context.retry_conflicts(lambda: create(kim, mail))

    with ThreadPoolExecutor(len(presses)) as people:
        list(people.map(press, presses))
    scenario.run_all_retries()


def test_a_double_press_creates_one_customer(scenario: Scenario, kim: PaneUser) -> None:
    mail = deliver(kim)
    press_at_once(scenario, (kim, mail), (kim, mail), (kim, mail))
    check_one_customer(scenario, kim, mail)


def test_two_colleagues_with_copies_of_one_mail_create_one_customer(
    scenario: Scenario, kim: PaneUser
) -> None:
    eva = add_pane_user(scenario, EVA, "Eva Nordwind")
    mail = Mail("To both", f"Anne Vind <{ANNE}>", (KIM, EVA), message_id="<both@vindmark.example>")
    mine, hers = kim.box.deliver(mail), eva.box.deliver(mail)
    press_at_once(scenario, (kim, mine), (eva, hers))
    check_one_customer(scenario, kim, mine)
    assert eva.status(hers).status is DisplayStatus.SYNCED


def test_two_colleagues_with_two_mails_create_one_organisation(
    scenario: Scenario, kim: PaneUser
) -> None:
    eva = add_pane_user(scenario, EVA, "Eva Nordwind")
    mine = deliver(kim)
    bent = "bent@vindmark.example"
    hers = eva.box.deliver(Mail("From Bent", f"Bent Vind <{bent}>", EVA))
    create(kim, mine)
    create(eva, hers, replace(FORM, contact=ContactDraft("Bent Vind", bent)))
    scenario.run_until_idle()
    assert len(named(scenario)) == 1
    assert [len(persons(scenario, address)) for address in (ANNE, bent)] == [1, 1]
    assert {a["ActivityOrganisationId"] for a in scenario.activities} == {
        named(scenario)[0]["OrganisationId"]
    }


@pytest.mark.parametrize("path", ["/Organisations", "/Persons"])
@pytest.mark.parametrize("lag_s", [0, 45])
@pytest.mark.parametrize("answer", ["empty", "id"])
def test_a_lost_answer_is_searched_for_before_anything_is_sent_again(
    scenario: Scenario, kim: PaneUser, path: str, lag_s: int, answer: OrganisationAnswer
) -> None:
    scenario.sandbox.crm.organisation_answer = answer
    scenario.sandbox.crm.search_lag = timedelta(seconds=lag_s)
    scenario.sandbox.faults.lose("webcrm", when=lambda m, p: (m, p) == ("POST", path), limit=1)
    mail = deliver(kim)
    created = create(kim, mail)
    assert created.mail is not None
    assert created.mail.status is DisplayStatus.ON_ITS_WAY
    scenario.run_all_retries()
    check_one_customer(scenario, kim, mail)


@pytest.mark.parametrize("path", ["/Organisations", "/Persons"])
def test_what_never_reached_webcrm_is_sent_again(
    scenario: Scenario, kim: PaneUser, path: str
) -> None:
    scenario.sandbox.faults.refuse("webcrm", when=lambda m, p: (m, p) == ("POST", path), limit=1)
    mail = deliver(kim)
    create(kim, mail)
    scenario.run_all_retries()
    check_one_customer(scenario, kim, mail)


def test_a_slow_search_leaves_the_mail_on_its_way(scenario: Scenario, kim: PaneUser) -> None:
    scenario.sandbox.crm.search_lag = timedelta(seconds=45)
    mail = deliver(kim)
    created = create(kim, mail)
    assert (created.organisation_id, created.person_id) == (None, None)
    scenario.run_until_idle()
    assert kim.status(mail).status is DisplayStatus.ON_ITS_WAY
    for _ in range(10):
        scenario.wait(timedelta(seconds=10))
    check_one_customer(scenario, kim, mail)


def test_a_webcrm_that_is_away_gets_the_customer_later(scenario: Scenario, kim: PaneUser) -> None:
    scenario.sandbox.faults.unavailable("webcrm")
    mail = deliver(kim)
    created = create(kim, mail)
    assert created.mail is not None
    assert created.mail.status is DisplayStatus.ON_ITS_WAY
    scenario.run_until_idle()
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    check_one_customer(scenario, kim, mail)


CALLS: list[tuple[str, str]] = [
    ("webcrm", "list_new_organisations"),
    ("webcrm", "create_organisation"),
    ("webcrm", "find_persons"),
    ("webcrm", "create_person"),
    ("graph", "move_mail"),
]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("service", "call"), CALLS)
@pytest.mark.parametrize("is_lagging", [False, True])
def test_a_death_around_any_call_creates_one_customer(
    scenario: Scenario, kim: PaneUser, service: str, call: str, moment: str, is_lagging: bool
) -> None:
    scenario.sandbox.crm.search_lag = timedelta(seconds=45 if is_lagging else 0)
    ends: dict[str, Callable[[], None]] = {moment: die}
    dying = worker(scenario, service, call, **ends)
    mail = deliver(kim)
    with suppress(Death):
        create_customer(dying.context, kim.user, kim.ref(mail), FORM)
    for _ in range(3):
        scenario.run_all_retries()
    check_one_customer(scenario, kim, mail)


def test_a_mail_moved_out_again_meanwhile_stays_out(scenario: Scenario, kim: PaneUser) -> None:
    scenario.sandbox.faults.unavailable("webcrm")
    mail = deliver(kim)
    create(kim, mail)
    scenario.discover()
    kim.box.move(mail, "inbox")
    scenario.discover()
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert len(named(scenario)) == len(persons(scenario)) == 1
    assert scenario.activities == []
    assert kim.status(mail).status is DisplayStatus.NEW


def test_a_mail_that_is_filed_elsewhere_stays_there_too(scenario: Scenario, kim: PaneUser) -> None:
    mail = kim.box.deliver(Mail("Two", "bo@havnebyg.example", KIM, cc=(ANNE,)))
    kim.sync(mail)
    scenario.run_until_idle()
    create(kim, mail)
    scenario.run_until_idle()
    ids = {scenario.organisations["Havnebyg"], named(scenario)[0]["OrganisationId"]}
    assert {a["ActivityOrganisationId"] for a in scenario.activities} == ids
    assert len(scenario.activities) == 2


def test_words_of_a_form_do_not_act_in_webcrms_pages_and_are_not_kept(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = deliver(kim)
    name = "Vind <script>alert(1)</script>"
    create(kim, mail, CustomerForm(OrganisationDraft(name), ContactDraft("<b>Anne</b>", ANNE)))
    scenario.run_until_idle()
    assert not any("<" in o["OrganisationName"] for o in scenario.sandbox.crm.organisations)
    assert not any("<" in p["PersonName"] for p in persons(scenario))
    with scenario.context.begin() as tx:
        rows = tx.connection.exec_driver_sql("SELECT * FROM new_customer").mappings().all()
    assert [[row[f"contact_{n}"] for n in ("name", "address", "phone")] for row in rows] == [
        [None, None, None]
    ]


def test_a_private_mail_asks_and_keeps_what_was_left_out_to_itself(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = deliver(kim, body="<p>Marmelade</p>", headers=(("Sensitivity", "Private"),))
    with pytest.raises(Refused) as refusal:
        create(kim, mail)
    assert refusal.value.code == "PrivateMail"
    assert named(scenario) == []

    scenario.sandbox.faults.unavailable("webcrm")
    without_text = Along.chosen(TextPart.NONE, ())
    create(kim, mail, replace(FORM, along=without_text, is_even_if_private=True))
    scenario.run_until_idle()
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    check_one_customer(scenario, kim, mail)
    assert "Marmelade" not in str(scenario.activities)


def test_a_private_mail_that_a_rule_moved_is_filed_for_the_person_who_asks(
    scenario: Scenario, kim: PaneUser
) -> None:
    sender_rules.add_sender(scenario.context, kim.user, ANNE)
    mail = deliver(kim, headers=(("Sensitivity", "Private"),))
    scenario.discover()
    create(kim, mail, replace(FORM, is_even_if_private=True))
    scenario.run_until_idle()
    check_one_customer(scenario, kim, mail)


def test_a_webcrm_that_hangs_delays_nobody_longer_than_the_patience(
    scenario: Scenario, kim: PaneUser
) -> None:
    hang = timedelta(seconds=20)
    is_creation = ("POST", "/Organisations")
    scenario.sandbox.faults.slow(
        "webcrm", by=hang, when=lambda m, p: (m, p) == is_creation, limit=1
    )
    mail = deliver(kim)
    begun = time.monotonic()
    created = create(kim, mail)
    assert named(scenario) == []  # the answer came before webCRM acted
    assert created.mail is not None
    assert created.mail.status is DisplayStatus.ON_ITS_WAY
    time.sleep(max(0.0, hang.total_seconds() - (time.monotonic() - begun)) + 1)
    scenario.run_all_retries()
    check_one_customer(scenario, kim, mail)


def test_a_mailbox_without_a_sync_folder_keeps_no_worker_busy(
    scenario: Scenario, kim: PaneUser
) -> None:
    dying = worker(scenario, "graph", "move_mail", before=die)
    mail = deliver(kim)
    with pytest.raises(Death):
        create_customer(dying.context, kim.user, kim.ref(mail), FORM)
    with scenario.context.begin() as tx:
        tx.connection.exec_driver_sql("DELETE FROM folder")
    scenario.sandbox.clock.advance(timedelta(seconds=21))
    scenario.run_until_idle()
    assert len(named(scenario)) == len(persons(scenario)) == 1
