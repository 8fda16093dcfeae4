"""The same mail in many copies, and a match that comes late: one Activity, where it belongs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.pane_user import Desk, desk
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, PENDING, Play
from webcrm_sync.core.states import Reason, State
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"


@pytest.fixture
def boxes(play: Play) -> tuple[SimMailbox, SimMailbox]:
    """Kim's and Eva's mailboxes; Bo of Havnebyg is known to webCRM."""
    play.contact(BO, "Havnebyg")
    made = play.mailbox(), play.mailbox(EVA, "Eva Nordwind")
    play.refresh()
    return made


def sent_now(play: Play, mail: Mail) -> Mail:
    """The mail as every copy of it shows it: with the same time."""
    return replace(mail, sent_at=play.stage.clock.now())


def test_sent_copy_and_a_colleagues_cc_are_one_activity_even_days_apart(
    play: Play, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    mail = sent_now(play, Mail("Our offer", KIM, BO, cc=(EVA,), message_id="<o@nordwind.example>"))
    sent = play.drag(kim, mail, place="sentitems")
    play.look()
    play.wait(timedelta(days=3))
    received = play.drag(eva, mail)
    play.look()
    (activity,) = play.activities
    assert activity["ActivityAction"] == "E-mail out"
    assert kim.read(sent).categories == eva.read(received).categories == BOTH


def test_mail_to_oneself_and_a_customer_is_one_activity_for_both_copies(
    play: Play, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, _ = boxes
    mail = sent_now(play, Mail("Minutes", KIM, (KIM, BO), message_id="<m@nordwind.example>"))
    copies = [play.drag(kim, mail, place="sentitems"), play.drag(kim, mail)]
    play.look()
    assert len(play.activities) == 1
    assert [kim.read(c).categories for c in copies] == [BOTH, BOTH]


def test_copies_without_a_message_id_are_one_activity(
    play: Play, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    mail = sent_now(play, Mail("From a scanner", BO, (KIM, EVA), message_id=None))
    one, two = play.drag(kim, mail), play.drag(eva, mail)
    play.look()
    assert len(play.activities) == 1
    assert kim.read(one).categories == eva.read(two).categories == BOTH


def test_a_used_message_id_neither_hides_nor_merges_another_mail(
    play: Play, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    name = "<always-the-same@havnebyg.example>"
    first = sent_now(play, Mail("Offer", BO, (KIM, EVA), message_id=name))
    second = sent_now(play, Mail("Complaint", BO, (KIM, EVA), message_id=name))
    for box, mail in ((kim, first), (eva, second), (eva, first), (kim, second)):
        play.drag(box, mail)
        play.look()
    assert sorted(a["ActivityDescription"] for a in play.under("Havnebyg")) == [
        "Complaint",
        "Offer",
    ]
    shown = [m.categories for box in boxes for m in box.messages(f"inbox/{FOLDER}")]
    assert shown == [BOTH] * 4


def test_a_contact_that_appears_ninety_days_later_files_the_mail_once(
    play: Play, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    files = (File("plan.pdf", b"%PDF"),)
    mail = Mail(
        "Early", LIS, (KIM, EVA), body="<p>Words</p>", message_id="<e@x.example>", attachments=files
    )
    one, two = play.drag(kim, sent_now(play, mail)), play.drag(eva, sent_now(play, mail))
    play.look()
    for _ in range(3):
        play.night()
        play.rest()
    assert kim.read(one).categories == PENDING

    play.contact(LIS, "Skovby")
    play.refresh()
    play.settle()
    (activity,) = play.activities
    assert activity["ActivityOrganisationId"] == play.organisations["Skovby"]
    assert "Words" in activity["ActivityMemo"]
    assert [d["DocumentFileName"] for d in play.documents] == ["plan.pdf"]
    assert kim.read(one).categories == eva.read(two).categories == BOTH


def test_a_contact_that_appears_when_the_mail_is_gone_files_nothing(
    play: Play, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, _ = boxes
    item = play.drag(kim, Mail("Early", LIS, KIM))
    play.look()
    play.night()
    play.rest()
    kim.delete(item)
    kim.delete(item)
    play.contact(LIS, "Skovby")
    play.refresh()
    play.settle()
    assert play.activities == []
    row = play.item(kim, item)
    assert (row.state, row.reason) == (State.SKIPPED, Reason.DELETED)


def test_a_persons_choice_outlives_every_reading_of_the_folder(play: Play) -> None:
    person = play.contact(BO, "Havnebyg")
    play.contact(LIS, "Skovby")
    kim = desk(play)
    item = kim.box.deliver(Mail("Whose?", BO, KIM))
    kim.sync(item, play.organisations["Skovby"])
    play.rest()

    play.stage.graph.expire_cursors()
    play.look()
    kim.box.move(item, "inbox")
    play.look()
    kim.box.move(item, f"inbox/{FOLDER}")
    play.look()
    play.stage.crm.move_person(person, play.organisations["Skovby"])
    play.stage.crm.move_person(person, play.stage.crm.add_organisation("Third"))
    play.refresh()
    kim.retry(item)
    play.wait(timedelta(days=2))
    (activity,) = play.activities
    assert activity["ActivityOrganisationId"] == play.organisations["Skovby"]
    assert kim.box.read(item).categories == BOTH


def test_a_copy_that_comes_after_its_contact_has_moved_joins_what_stands(
    play: Play, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    person = play.contact(LIS, "Skovby")
    play.refresh()
    mail = sent_now(play, Mail("Before", LIS, (KIM, EVA), message_id="<b@x.example>"))
    play.drag(kim, mail)
    play.look()
    play.stage.crm.move_person(person, play.organisations["Havnebyg"])
    play.refresh()
    late = play.drag(eva, mail)
    play.drag(eva, Mail("After", LIS, EVA))
    play.look()
    assert [a["ActivityDescription"] for a in play.under("Skovby")] == ["Before"]
    assert [a["ActivityDescription"] for a in play.under("Havnebyg")] == ["After"]
    assert eva.read(late).categories == BOTH


def test_a_choice_counts_for_the_colleagues_copy_too(
    play: Play, boxes: tuple[SimMailbox, SimMailbox]
) -> None:
    kim, eva = boxes
    play.contact(BO, "Skovby")
    play.refresh()
    mail = sent_now(play, Mail("Which?", BO, (KIM, EVA), message_id="<w@x.example>"))
    one, two = play.drag(kim, mail), play.drag(eva, mail)
    play.look()
    assert kim.read(one).categories == eva.read(two).categories == PENDING
    Desk(play, kim).choose(one, play.organisations["Skovby"])
    play.rest()
    assert (len(play.under("Skovby")), len(play.under("Havnebyg"))) == (1, 0)
    assert kim.read(one).categories == eva.read(two).categories == BOTH
