"""Faults that the state machine (tests/machine) has found, each by its shortest history."""

from __future__ import annotations

from dataclasses import replace

from support.pane_user import add_pane_user
from support.scenario import BO, BOTH, FOLDER, KIM, PENDING, Scenario
from webcrm_sync.store import directory
from webcrm_sync_sandbox.outlook.mail import Mail

EVA = "eva@nordwind.example"
STRANGER = "zoe@gmail.com"


def delete_person(scenario: Scenario, person: int) -> None:
    """Delete a contact in webCRM, and let a day pass until the directory notices."""
    with scenario.sandbox.crm.lock:
        scenario.sandbox.crm.tables["Person"].delete(person)


def test_a_mail_that_was_left_out_shows_nothing_once_it_has_left_the_folder(
    scenario: Scenario,
) -> None:
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    among_colleagues = box.deliver(Mail("Lunch?", EVA, KIM, categories=("Red",)))
    draft = box.put(Mail("Not yet", KIM, BO, is_draft=True), "drafts")
    for item in (among_colleagues, draft):
        box.move(item, f"inbox/{FOLDER}")
    scenario.discover()
    assert box.read(among_colleagues).categories == ("Red", *PENDING)
    for item in (among_colleagues, draft):
        box.move(item, "inbox")
    scenario.discover()
    assert box.read(among_colleagues).categories == ("Red",)
    assert box.read(draft).categories == ()

    box.move(draft, f"inbox/{FOLDER}")
    scenario.discover()
    assert box.read(draft).categories == PENDING


def test_a_mail_that_was_left_out_shows_nothing_once_its_folder_was_deleted(
    scenario: Scenario,
) -> None:
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Lunch?", EVA, KIM))
    scenario.discover()
    box.delete_folder(f"inbox/{FOLDER}")
    scenario.run_all_retries()
    assert box.read(item).categories == ()


def test_categories_removed_in_the_same_read_as_a_move_are_written_again(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Offer", BO, KIM))
    scenario.discover()
    box.set_categories(item, ["Red"])
    box.move(item, f"sentitems/{FOLDER}")  # the deltas of both folders report only moves
    box.move(item, f"inbox/{FOLDER}")
    scenario.discover()
    assert box.read(item).categories == ("Red", *BOTH)


def test_a_mail_of_a_contact_that_was_just_deleted_is_filed_under_the_organisation(
    scenario: Scenario,
) -> None:
    person = scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    delete_person(scenario, person)
    scenario.drag(box, Mail("Offer", BO, KIM))
    scenario.discover()
    (activity,) = scenario.activities_under("Havnebyg")
    assert not activity.get("ActivityPersonId")
    with scenario.context.begin() as tx:
        assert directory.contact_of(tx, person) is None


def test_a_mail_between_two_contacts_is_filed_once_webcrm_refuses_the_deleted_one(
    scenario: Scenario,
) -> None:
    """The refusal of one mail's Person decides another mail that waits for a choice."""
    scenario.add_contact(STRANGER, "Havnebyg")
    deleted = scenario.add_contact(STRANGER, "Skovby")
    kim = add_pane_user(scenario)
    scenario.poll_webcrm()
    waiting, chosen = (
        scenario.drag(kim.box, Mail(subject, STRANGER, KIM)) for subject in ("Waiting", "Chosen")
    )
    scenario.discover()
    assert kim.box.read(waiting).categories == kim.box.read(chosen).categories == PENDING
    delete_person(scenario, deleted)
    kim.choose(chosen, scenario.organisations["Skovby"])
    scenario.run_until_idle()
    (filed,) = scenario.activities_under("Havnebyg")
    assert filed["ActivityDescription"] == "Waiting"
    assert [a["ActivityDescription"] for a in scenario.activities_under("Skovby")] == ["Chosen"]


def test_a_mail_is_moved_to_an_organisation_whose_contact_was_just_deleted(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO, "Havnebyg")
    person = scenario.add_contact(STRANGER, "Skovby")
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Offer", BO, (KIM, STRANGER)))
    kim.sync(mail, scenario.organisations["Havnebyg"])
    scenario.run_until_idle()
    delete_person(scenario, person)
    kim.choose(mail, scenario.organisations["Skovby"])
    scenario.run_until_idle()
    (activity,) = scenario.activities
    assert activity["ActivityOrganisationId"] == scenario.organisations["Skovby"]
    assert [t.organisation for t in kim.status(mail).targets] == ["Skovby"]


def test_all_copies_of_a_mail_among_colleagues_show_that_somebody_filed_it(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    kim, eva = add_pane_user(scenario), add_pane_user(scenario, EVA, "Eva Nordwind")
    mail = Mail(
        "About Bo", EVA, KIM, message_id="<a@x.example>", sent_at=scenario.sandbox.clock.now()
    )
    chosen, sent = scenario.drag(kim.box, mail), scenario.drag(eva.box, mail, place="sentitems")
    copied = kim.box.copy(chosen, kim.box.folder(f"sentitems/{FOLDER}"))
    scenario.discover()
    assert eva.box.read(sent).categories == PENDING
    kim.choose(chosen, scenario.organisations["Havnebyg"])
    scenario.discover()
    for box, item in ((kim.box, chosen), (kim.box, copied), (eva.box, sent)):
        assert box.read(item).categories == BOTH
    assert len(scenario.activities) == 1


def test_a_copy_found_after_somebody_filed_a_mail_among_colleagues_shows_it(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    kim, eva = add_pane_user(scenario), add_pane_user(scenario, EVA, "Eva Nordwind")
    mail = Mail(
        "About Bo", EVA, KIM, message_id="<a@x.example>", sent_at=scenario.sandbox.clock.now()
    )
    left = scenario.drag(eva.box, mail, place="sentitems")
    scenario.discover()
    eva.box.move(left, "sentitems")
    scenario.discover()
    kim.sync(kim.box.deliver(mail), scenario.organisations["Havnebyg"])
    scenario.run_until_idle()
    late = scenario.drag(eva.box, mail)
    eva.box.move(left, f"sentitems/{FOLDER}")
    scenario.discover()
    assert eva.box.read(late).categories == eva.box.read(left).categories == BOTH
    assert len(scenario.activities) == 1


def test_a_mail_among_colleagues_is_skipped_again_after_undo(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim, eva = add_pane_user(scenario), add_pane_user(scenario, EVA, "Eva Nordwind")
    mail = Mail(
        "About Bo", EVA, KIM, message_id="<a@x.example>", sent_at=scenario.sandbox.clock.now()
    )
    item = kim.box.deliver(mail)
    kim.sync(item, scenario.organisations["Havnebyg"])
    scenario.run_until_idle()
    kim.undo(item)
    scenario.run_until_idle()
    late = scenario.drag(eva.box, mail)
    scenario.discover()
    assert eva.box.read(late).categories == PENDING
    (activity,) = scenario.activities
    assert not activity["ActivityMemo"]


def test_a_hidden_customer_counts_for_copies_that_were_skipped_before(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    kim, eva = scenario.add_mailbox(), scenario.add_mailbox(EVA, "Eva")
    scenario.poll_webcrm()
    seen = Mail(
        "For you", KIM, EVA, message_id="<b@x.example>", sent_at=scenario.sandbox.clock.now()
    )
    got = scenario.drag(eva, seen)
    scenario.discover()
    assert eva.read(got).categories == PENDING
    scenario.drag(kim, replace(seen, bcc=(BO,)), place="sentitems")
    scenario.discover()
    assert eva.read(got).categories == BOTH
    assert len(scenario.activities) == 1
