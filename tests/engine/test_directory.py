"""webCRM's addresses: late, many, moved or deleted. Nothing is filed before they are known."""

from __future__ import annotations

from datetime import timedelta

from support.scenario import BO, BOTH, FOLDER, KIM, LIS, OpenScenario, Scenario
from webcrm_sync.core.crm import PersonRow
from webcrm_sync.core.mailbox_lease import SETTLE
from webcrm_sync.core.matching import Contact
from webcrm_sync.core.states import State
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.engine.filing.job import file
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.matching.job import match
from webcrm_sync.store import directory, mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail

EVA = "eva@nordwind.example"


def discovered(scenario: Scenario) -> None:
    """Run all steps that do not call webCRM."""
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
    discover(scenario.context, watched.id)


def test_nothing_is_decided_before_webcrms_addresses_were_read(open_scenario: OpenScenario) -> None:
    scenario = open_scenario(UNMATCHED="unlinked")
    scenario.add_contact(BO)
    box = scenario.sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    folder = box.make_folder("inbox", FOLDER)
    item = box.put(Mail("First", BO, KIM), folder)
    admin.add(scenario.context, admin.inspect(scenario.context, KIM))
    discovered(scenario)
    match(scenario.context)
    file(scenario.context)
    assert scenario.activities == []
    scenario.run_until_idle()
    scenario.wait(SETTLE)  # until its lease is confirmed
    assert len(scenario.activities_under("Havnebyg")) == 1
    assert box.read(item).categories == BOTH


def test_many_new_persons_are_read_completely(scenario: Scenario) -> None:
    number = 70_000
    rows = [
        PersonRow(n, (Contact(n, n % 5000 + 1, f"p{n}@c{n % 5000}.example"),), None)
        for n in range(1, number + 1)
    ]
    with scenario.context.begin() as tx:
        new = directory.save_persons(tx, rows)
        directory.rematch_waiting(
            tx, addresses=new, domains=[f"c{n}.example" for n in range(70_000)]
        )
    assert len(new) == number
    with scenario.context.begin() as tx:
        assert directory.save_persons(tx, rows) == frozenset()
        found = directory.look_up(tx, ["p77@c77.example"], ["c77.example"])
    assert [c.person_id for c in found.contacts] == [77]


def test_directory_without_any_contact_is_not_believed(scenario: Scenario) -> None:
    person = scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.sandbox.crm.tables["Person"].delete(person)
    scenario.wait(timedelta(hours=25))  # the product has read everything again
    item = scenario.drag(box, Mail("Still known", BO, KIM))
    scenario.discover()
    assert len(scenario.activities_under("Havnebyg")) == 1
    assert box.read(item).categories == BOTH


def test_ambiguity_that_a_deletion_resolves_needs_no_person(scenario: Scenario) -> None:
    scenario.add_contact(LIS, "Skovby")
    other = scenario.add_contact(LIS, "Lund")
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Which?", LIS, KIM))
    scenario.discover()
    assert scenario.item(box, item).state is State.PARKED
    scenario.sandbox.crm.update_person(other, PersonEmail="lis.other@skovby.example")
    scenario.poll_webcrm()
    assert len(scenario.activities_under("Skovby")) == 1
    assert box.read(item).categories == BOTH


def test_empty_answer_to_the_full_list_deletes_no_contact(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    persons = scenario.sandbox.crm.tables["Person"]
    scenario.sandbox.crm.search_lag = timedelta(days=3)  # webCRM's search has lost its index
    scenario.wait(timedelta(days=1, minutes=1))
    scenario.sandbox.crm.search_lag = timedelta()
    assert len(list(persons)) == 1
    item = scenario.drag(box, Mail("Still known", BO, KIM))
    scenario.discover()
    assert box.read(item).categories == BOTH


def test_address_with_odd_case_and_spaces_is_the_same(scenario: Scenario) -> None:
    scenario.add_contact("  Bo@HavneByg.Example ", "Havnebyg")
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Odd", "BO@havnebyg.EXAMPLE", KIM))
    scenario.discover()
    assert box.read(item).categories == BOTH


def test_person_who_changes_organisation_leaves_old_mails_where_they_are(
    scenario: Scenario,
) -> None:
    person = scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    kim, eva = scenario.add_mailbox(), scenario.add_mailbox(EVA, "Eva")
    scenario.poll_webcrm()
    mail = Mail(
        "Old", BO, (KIM, EVA), message_id="<o@x.example>", sent_at=scenario.sandbox.clock.now()
    )
    scenario.drag(kim, mail)
    scenario.discover()
    scenario.sandbox.crm.move_person(person, scenario.organisations["Skovby"])
    scenario.poll_webcrm()
    second = scenario.drag(eva, mail)
    scenario.drag(kim, Mail("New", BO, KIM))
    scenario.discover()
    assert [a["ActivityDescription"] for a in scenario.activities_under("Havnebyg")] == ["Old"]
    assert [a["ActivityDescription"] for a in scenario.activities_under("Skovby")] == ["New"]
    assert eva.read(second).categories == BOTH


def test_synced_mail_of_a_mailbox_added_again_stays_where_it_was_filed(scenario: Scenario) -> None:
    person = scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Filed long ago", BO, KIM))
    scenario.discover()
    admin.remove(scenario.context, KIM)
    scenario.sandbox.crm.move_person(person, scenario.organisations["Skovby"])
    box.set_categories(item, ["Customer"])
    scenario.poll_webcrm()
    scenario.watch()
    scenario.discover()
    scenario.run_all_retries()
    assert len(scenario.activities) == 1


def test_colleagues_mail_with_a_hidden_customer_is_filed_from_the_senders_copy(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    kim, eva = scenario.add_mailbox(), scenario.add_mailbox(EVA, "Eva")
    scenario.poll_webcrm()
    seen = Mail(
        "For you", KIM, EVA, message_id="<b@x.example>", sent_at=scenario.sandbox.clock.now()
    )
    hidden = Mail("For you", KIM, EVA, bcc=(BO,), message_id="<b@x.example>", sent_at=seen.sent_at)
    scenario.drag(eva, seen)
    scenario.discover()
    sent = scenario.drag(kim, hidden, place="sentitems")
    scenario.discover()
    assert len(scenario.activities_under("Havnebyg")) == 1
    assert kim.read(sent).categories == BOTH
