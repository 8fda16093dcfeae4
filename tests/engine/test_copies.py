"""Many copies of one mail, and late matches: one Activity under the right Organisation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.pane_user import PaneUser, add_pane_user
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, PENDING, Scenario
from webcrm_sync.core.states import Reason, State
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"


@pytest.fixture
def boxes(scenario: Scenario) -> tuple[SimMailbox, SimMailbox]:
    """Kim's and Eva's mailboxes; webCRM knows Bo of Havnebyg."""
    scenario.add_contact(BO, "Havnebyg")
    made = scenario.add_mailbox(), scenario.add_mailbox(EVA, "Eva Nordwind")
    scenario.poll_webcrm()
    return made


def sent_now(scenario: Scenario, mail: Mail) -> Mail:
    """The mail with a fixed sent time, equal in every copy."""
    return replace(mail, sent_at=scenario.sandbox.clock.now())


def test_sent_copy_and_a_colleagues_cc_are_one_activity_even_days_apart(
    scenario: Scenario, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    mail = sent_now(
        scenario, Mail("Our offer", KIM, BO, cc=(EVA,), message_id="<o@nordwind.example>")
    )
    sent = scenario.drag(kim, mail, place="sentitems")
    scenario.discover()
    scenario.wait(timedelta(days=3))
    received = scenario.drag(eva, mail)
    scenario.discover()
    (activity,) = scenario.activities
    assert activity["ActivityAction"] == "E-mail out"
    assert kim.read(sent).categories == eva.read(received).categories == BOTH


def test_mail_to_oneself_and_a_customer_is_one_activity_for_both_copies(
    scenario: Scenario, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, _ = boxes
    mail = sent_now(scenario, Mail("Minutes", KIM, (KIM, BO), message_id="<m@nordwind.example>"))
    copies = [scenario.drag(kim, mail, place="sentitems"), scenario.drag(kim, mail)]
    scenario.discover()
    assert len(scenario.activities) == 1
    assert [kim.read(c).categories for c in copies] == [BOTH, BOTH]


def test_copies_without_a_message_id_are_one_activity(
    scenario: Scenario, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    mail = sent_now(scenario, Mail("From a scanner", BO, (KIM, EVA), message_id=None))
    one, two = scenario.drag(kim, mail), scenario.drag(eva, mail)
    scenario.discover()
    assert len(scenario.activities) == 1
    assert kim.read(one).categories == eva.read(two).categories == BOTH


def test_a_reused_message_id_neither_hides_nor_merges_another_mail(
    scenario: Scenario, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    name = "<always-the-same@havnebyg.example>"
    first = sent_now(scenario, Mail("Offer", BO, (KIM, EVA), message_id=name))
    second = sent_now(scenario, Mail("Complaint", BO, (KIM, EVA), message_id=name))
    for box, mail in ((kim, first), (eva, second), (eva, first), (kim, second)):
        scenario.drag(box, mail)
        scenario.discover()
    assert sorted(a["ActivityDescription"] for a in scenario.activities_under("Havnebyg")) == [
        "Complaint",
        "Offer",
    ]
    shown = [m.categories for box in boxes for m in box.messages(f"inbox/{FOLDER}")]
    assert shown == [BOTH] * 4


def test_a_contact_that_appears_ninety_days_later_files_the_mail_once(
    scenario: Scenario, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    files = (File("plan.pdf", b"%PDF"),)
    mail = Mail(
        "Early", LIS, (KIM, EVA), body="<p>Words</p>", message_id="<e@x.example>", attachments=files
    )
    one, two = (
        scenario.drag(kim, sent_now(scenario, mail)),
        scenario.drag(eva, sent_now(scenario, mail)),
    )
    scenario.discover()
    for _ in range(3):
        scenario.wait_a_month()
        scenario.run_until_idle()
    assert kim.read(one).categories == PENDING

    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    scenario.run_all_retries()
    (activity,) = scenario.activities
    assert activity["ActivityOrganisationId"] == scenario.organisations["Skovby"]
    assert "Words" in activity["ActivityMemo"]
    assert [d["DocumentFileName"] for d in scenario.documents] == ["plan.pdf"]
    assert kim.read(one).categories == eva.read(two).categories == BOTH


def test_a_contact_that_appears_when_the_mail_is_gone_files_nothing(
    scenario: Scenario, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, _ = boxes
    item = scenario.drag(kim, Mail("Early", LIS, KIM))
    scenario.discover()
    scenario.wait_a_month()
    scenario.run_until_idle()
    kim.delete(item)
    kim.delete(item)
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    scenario.run_all_retries()
    assert scenario.activities == []
    row = scenario.item(kim, item)
    assert (row.state, row.reason) == (State.SKIPPED, Reason.DELETED)


def test_a_persons_choice_survives_every_read_of_the_folder(scenario: Scenario) -> None:
    person = scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    kim = add_pane_user(scenario)
    item = kim.box.deliver(Mail("Whose?", BO, KIM))
    kim.sync(item, scenario.organisations["Skovby"])
    scenario.run_until_idle()

    scenario.sandbox.graph.expire_cursors()
    scenario.discover()
    kim.box.move(item, "inbox")
    scenario.discover()
    kim.box.move(item, f"inbox/{FOLDER}")
    scenario.discover()
    scenario.sandbox.crm.move_person(person, scenario.organisations["Skovby"])
    scenario.sandbox.crm.move_person(person, scenario.sandbox.crm.add_organisation("Third"))
    scenario.poll_webcrm()
    kim.retry(item)
    scenario.wait(timedelta(days=2))
    (activity,) = scenario.activities
    assert activity["ActivityOrganisationId"] == scenario.organisations["Skovby"]
    assert kim.box.read(item).categories == BOTH


def test_a_copy_found_after_its_contact_has_moved_joins_the_existing_activity(
    scenario: Scenario, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    person = scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    mail = sent_now(scenario, Mail("Before", LIS, (KIM, EVA), message_id="<b@x.example>"))
    scenario.drag(kim, mail)
    scenario.discover()
    scenario.sandbox.crm.move_person(person, scenario.organisations["Havnebyg"])
    scenario.poll_webcrm()
    late = scenario.drag(eva, mail)
    scenario.drag(eva, Mail("After", LIS, EVA))
    scenario.discover()
    assert [a["ActivityDescription"] for a in scenario.activities_under("Skovby")] == ["Before"]
    assert [a["ActivityDescription"] for a in scenario.activities_under("Havnebyg")] == ["After"]
    assert eva.read(late).categories == BOTH


def test_a_choice_counts_for_the_colleagues_copy_too(
    scenario: Scenario, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    scenario.add_contact(BO, "Skovby")
    scenario.poll_webcrm()
    mail = sent_now(scenario, Mail("Which?", BO, (KIM, EVA), message_id="<w@x.example>"))
    one, two = scenario.drag(kim, mail), scenario.drag(eva, mail)
    scenario.discover()
    assert kim.read(one).categories == eva.read(two).categories == PENDING
    PaneUser(scenario, kim).choose(one, scenario.organisations["Skovby"])
    scenario.run_until_idle()
    assert (
        len(scenario.activities_under("Skovby")),
        len(scenario.activities_under("Havnebyg")),
    ) == (1, 0)
    assert kim.read(one).categories == eva.read(two).categories == BOTH
