"""The user stories: mails in the folder reach webCRM, mails sent from webCRM reach Exchange."""

from __future__ import annotations

from support.scenario import BO, BOTH, FOLDER, KIM, LIS, PENDING, Scenario
from webcrm_sync.core.states import State
from webcrm_sync_sandbox.outlook.mail import File, Mail


def test_inbound_mail_dragged_to_the_folder_is_filed_under_its_sender(scenario: Scenario) -> None:
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    item = scenario.drag(box, Mail("Offer?", f"Bo Byg <{BO}>", KIM, body="<p>Dear <b>Kim</b></p>"))
    scenario.discover()

    (activity,) = scenario.activities_under("Havnebyg")
    assert activity["ActivityDescription"] == "Offer?"
    assert activity["ActivityPersonId"] == person
    assert activity["ActivityAssignedTo"] == user
    assert activity["ActivityStatus"] == "Completed"
    assert activity["ActivityAction"] == "E-mail in"
    assert activity["ActivityCustom15"].startswith("ms1-")
    assert activity["ActivityMemo"] == f"From: Bo Byg ‹{BO}›\nTo: {KIM}\n\nDear Kim"
    assert box.read(item).categories == BOTH
    assert scenario.item(box, item).state is State.SYNCED


def test_outbound_mail_dragged_to_the_folder_is_filed_under_its_recipient(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(
        box, Mail("Our offer", KIM, BO, body="Here it is", html=False), place="sentitems"
    )
    scenario.discover()

    (activity,) = scenario.activities_under("Havnebyg")
    assert activity["ActivityAction"] == "E-mail out"
    assert box.read(item).categories == BOTH


def test_mail_moved_by_an_outlook_rule_is_filed_under_its_sender(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    folder = box.folder(f"inbox/{FOLDER}")
    sender = [{"emailAddress": {"address": BO}}]
    box.add_rule(
        "webCRM sync: Bo",
        conditions={"fromAddresses": sender},
        actions={"moveToFolder": folder.id},
    )
    item = box.deliver(Mail("By rule", BO, KIM))
    scenario.discover()

    assert len(scenario.activities_under("Havnebyg")) == 1
    assert box.read(item).categories == BOTH


def test_mail_sent_from_webcrm_appears_in_sent_items_once(scenario: Scenario) -> None:
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    activity = scenario.sandbox.crm.send_mail(
        user, person, "Order", "<p>Thank you<script>x</script></p>"
    )
    scenario.poll_webcrm()
    scenario.poll_webcrm()

    (mirror,) = box.messages(f"sentitems/{FOLDER}")
    assert mirror.categories == BOTH
    assert mirror.subject == "Order"
    assert mirror.is_draft is False
    assert "script" not in mirror.body
    assert [a["ActivityId"] for a in scenario.activities] == [activity]
    assert scenario.item(box, mirror.id).state is State.MIRRORED


def test_mirror_that_its_owner_moves_is_not_filed(scenario: Scenario) -> None:
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.sandbox.crm.send_mail(user, person, "Order", "Thank you")
    scenario.poll_webcrm()
    (mirror,) = box.messages(f"sentitems/{FOLDER}")
    box.move(mirror.id, "inbox")
    scenario.discover()
    box.move(mirror.id, f"inbox/{FOLDER}")
    copy = box.copy(mirror.id, f"sentitems/{FOLDER}")
    scenario.poll_webcrm()

    assert len(scenario.activities) == 1
    assert scenario.item(box, copy).state is State.MIRRORED


def test_attachments_become_documents_and_inline_pictures_do_not(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    files = (
        File("plan.pdf", b"%PDF", content_type="application/pdf"),
        File("logo.png", b"png", content_type="image/png", is_inline=True, content_id="logo"),
        File("../x", b""),
    )
    item = scenario.drag(
        box, Mail("With files", BO, KIM, body="<img src='cid:logo'>", attachments=files)
    )
    scenario.discover()

    (activity,) = scenario.activities_under("Havnebyg")
    assert [d["DocumentFileName"] for d in scenario.documents] == ["plan.pdf", "x"]
    assert {d["DocumentLinkedEntityId"] for d in scenario.documents} == {activity["ActivityId"]}
    assert box.read(item).categories == BOTH


def test_mail_without_a_contact_waits_and_is_filed_when_the_contact_appears(
    scenario: Scenario,
) -> None:
    box = scenario.add_mailbox()
    item = scenario.drag(box, Mail("Who am I", LIS, KIM))
    scenario.discover()
    assert box.read(item).categories == PENDING
    assert scenario.item(box, item).state is State.WAITING
    assert scenario.activities == []

    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    assert len(scenario.activities_under("Skovby")) == 1
    assert box.read(item).categories == BOTH


def test_mail_is_filed_under_every_organisation_on_it(scenario: Scenario) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.drag(box, Mail("To both", KIM, BO, cc=(LIS,)), place="sentitems")
    scenario.discover()
    assert (
        len(scenario.activities_under("Havnebyg")) == len(scenario.activities_under("Skovby")) == 1
    )


def test_copies_in_two_mailboxes_are_one_activity_and_both_are_marked(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = scenario.add_mailbox()
    eva = scenario.add_mailbox("eva@nordwind.example", "Eva")
    scenario.poll_webcrm()
    mail = Mail(
        "To two",
        BO,
        (KIM, "eva@nordwind.example"),
        message_id="<two@havnebyg.example>",
        sent_at=scenario.sandbox.clock.now(),
    )
    one, two = scenario.drag(kim, mail), scenario.drag(eva, mail)
    scenario.discover()
    assert len(scenario.activities) == 1
    assert kim.read(one).categories == eva.read(two).categories == BOTH


def test_the_owners_categories_survive(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Mine", BO, KIM, categories=("Customer", "A, B")))
    scenario.discover()
    assert box.read(item).categories == ("Customer", "A, B", *BOTH)
