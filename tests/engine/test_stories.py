"""The user stories: mails in the folder reach webCRM, mails sent from webCRM reach Exchange."""

from __future__ import annotations

from support.scenario import BO, BOTH, FOLDER, KIM, LIS, PENDING, Play
from webcrm_sync.core.states import State
from webcrm_sync_sandbox.outlook.mail import File, Mail


def test_inbound_mail_dragged_to_the_folder_stands_under_its_sender(play: Play) -> None:
    person = play.contact(BO)
    user = play.stage.crm.add_user(KIM, "Kim Nordwind")
    play.rest()
    box = play.mailbox()
    item = play.drag(box, Mail("Offer?", f"Bo Byg <{BO}>", KIM, body="<p>Dear <b>Kim</b></p>"))
    play.look()

    (activity,) = play.under("Havnebyg")
    assert activity["ActivityDescription"] == "Offer?"
    assert activity["ActivityPersonId"] == person
    assert activity["ActivityAssignedTo"] == user
    assert activity["ActivityStatus"] == "Completed"
    assert activity["ActivityAction"] == "E-mail in"
    assert activity["ActivityCustom15"].startswith("ms1-")
    assert activity["ActivityMemo"] == f"From: Bo Byg ‹{BO}›\nTo: {KIM}\n\nDear Kim"
    assert box.read(item).categories == BOTH
    assert play.item(box, item).state is State.SYNCED


def test_outbound_mail_dragged_to_the_folder_stands_under_its_recipient(play: Play) -> None:
    play.contact(BO)
    box = play.mailbox()
    play.refresh()
    item = play.drag(
        box, Mail("Our offer", KIM, BO, body="Here it is", html=False), place="sentitems"
    )
    play.look()

    (activity,) = play.under("Havnebyg")
    assert activity["ActivityAction"] == "E-mail out"
    assert box.read(item).categories == BOTH


def test_mail_moved_by_an_outlook_rule_stands_under_its_sender(play: Play) -> None:
    play.contact(BO)
    box = play.mailbox()
    play.refresh()
    folder = box.folder(f"inbox/{FOLDER}")
    sender = [{"emailAddress": {"address": BO}}]
    box.add_rule(
        "webCRM sync: Bo",
        conditions={"fromAddresses": sender},
        actions={"moveToFolder": folder.id},
    )
    item = box.deliver(Mail("By rule", BO, KIM))
    play.look()

    assert len(play.under("Havnebyg")) == 1
    assert box.read(item).categories == BOTH


def test_mail_sent_from_webcrm_appears_in_sent_items_once(play: Play) -> None:
    person = play.contact(BO)
    user = play.stage.crm.add_user(KIM, "Kim Nordwind")
    play.rest()
    box = play.mailbox()
    play.refresh()
    activity = play.stage.crm.send_mail(user, person, "Order", "<p>Thank you<script>x</script></p>")
    play.refresh()
    play.refresh()

    (mirror,) = box.messages(f"sentitems/{FOLDER}")
    assert mirror.categories == BOTH
    assert mirror.subject == "Order"
    assert mirror.is_draft is False
    assert "script" not in mirror.body
    assert [a["ActivityId"] for a in play.activities] == [activity]
    assert play.item(box, mirror.id).state is State.MIRRORED


def test_mirror_that_its_owner_moves_is_not_filed(play: Play) -> None:
    person = play.contact(BO)
    user = play.stage.crm.add_user(KIM, "Kim Nordwind")
    play.rest()
    box = play.mailbox()
    play.refresh()
    play.stage.crm.send_mail(user, person, "Order", "Thank you")
    play.refresh()
    (mirror,) = box.messages(f"sentitems/{FOLDER}")
    box.move(mirror.id, "inbox")
    play.look()
    box.move(mirror.id, f"inbox/{FOLDER}")
    copy = box.copy(mirror.id, f"sentitems/{FOLDER}")
    play.refresh()

    assert len(play.activities) == 1
    assert play.item(box, copy).state is State.MIRRORED


def test_attachments_become_documents_and_inline_pictures_do_not(play: Play) -> None:
    play.contact(BO)
    box = play.mailbox()
    play.refresh()
    files = (
        File("plan.pdf", b"%PDF", content_type="application/pdf"),
        File("logo.png", b"png", content_type="image/png", is_inline=True, content_id="logo"),
        File("../x", b""),
    )
    item = play.drag(
        box, Mail("With files", BO, KIM, body="<img src='cid:logo'>", attachments=files)
    )
    play.look()

    (activity,) = play.under("Havnebyg")
    assert [d["DocumentFileName"] for d in play.documents] == ["plan.pdf", "x"]
    assert {d["DocumentLinkedEntityId"] for d in play.documents} == {activity["ActivityId"]}
    assert box.read(item).categories == BOTH


def test_mail_of_nobody_known_waits_and_files_itself_when_the_contact_appears(play: Play) -> None:
    box = play.mailbox()
    item = play.drag(box, Mail("Who am I", LIS, KIM))
    play.look()
    assert box.read(item).categories == PENDING
    assert play.item(box, item).state is State.WAITING
    assert play.activities == []

    play.contact(LIS, "Skovby")
    play.refresh()
    assert len(play.under("Skovby")) == 1
    assert box.read(item).categories == BOTH


def test_every_organisation_on_the_mail_gets_it(play: Play) -> None:
    play.contact(BO, "Havnebyg")
    play.contact(LIS, "Skovby")
    box = play.mailbox()
    play.refresh()
    play.drag(box, Mail("To both", KIM, BO, cc=(LIS,)), place="sentitems")
    play.look()
    assert len(play.under("Havnebyg")) == len(play.under("Skovby")) == 1


def test_copies_in_two_mailboxes_are_one_activity_and_both_are_marked(play: Play) -> None:
    play.contact(BO)
    kim = play.mailbox()
    eva = play.mailbox("eva@nordwind.example", "Eva")
    play.refresh()
    mail = Mail(
        "To two",
        BO,
        (KIM, "eva@nordwind.example"),
        message_id="<two@havnebyg.example>",
        sent_at=play.stage.clock.now(),
    )
    one, two = play.drag(kim, mail), play.drag(eva, mail)
    play.look()
    assert len(play.activities) == 1
    assert kim.read(one).categories == eva.read(two).categories == BOTH


def test_the_owners_categories_survive(play: Play) -> None:
    play.contact(BO)
    box = play.mailbox()
    play.refresh()
    item = play.drag(box, Mail("Mine", BO, KIM, categories=("Customer", "A, B")))
    play.look()
    assert box.read(item).categories == ("Customer", "A, B", *BOTH)
