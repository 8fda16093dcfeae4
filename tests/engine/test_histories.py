"""What the state machine (tests/machine) found, each by the shortest way to it."""

from __future__ import annotations

from dataclasses import replace

from support.pane_user import desk
from support.scenario import BO, BOTH, FOLDER, KIM, PENDING, Play
from webcrm_sync.store import directory
from webcrm_sync_sandbox.outlook.mail import Mail

EVA = "eva@nordwind.example"
STRANGER = "zoe@gmail.com"


def delete_person(play: Play, person: int) -> None:
    """Somebody deletes a contact in webCRM; the directory hears of it within a day."""
    with play.stage.crm.lock:
        play.stage.crm.tables["Person"].delete(person)


def test_a_mail_that_was_left_out_shows_nothing_once_it_has_left_the_folder(play: Play) -> None:
    box = play.mailbox()
    play.refresh()
    among_colleagues = box.deliver(Mail("Lunch?", EVA, KIM, categories=("Red",)))
    draft = box.put(Mail("Not yet", KIM, BO, is_draft=True), "drafts")
    for item in (among_colleagues, draft):
        box.move(item, f"inbox/{FOLDER}")
    play.look()
    assert box.read(among_colleagues).categories == ("Red", *PENDING)
    for item in (among_colleagues, draft):
        box.move(item, "inbox")
    play.look()
    assert box.read(among_colleagues).categories == ("Red",)
    assert box.read(draft).categories == ()

    box.move(draft, f"inbox/{FOLDER}")
    play.look()
    assert box.read(draft).categories == PENDING


def test_a_mail_that_was_left_out_shows_nothing_once_its_folder_was_deleted(play: Play) -> None:
    box = play.mailbox()
    play.refresh()
    item = play.drag(box, Mail("Lunch?", EVA, KIM))
    play.look()
    box.delete_folder(f"inbox/{FOLDER}")
    play.settle()
    assert box.read(item).categories == ()


def test_categories_that_were_taken_off_within_one_reading_of_a_move_come_back(
    play: Play,
) -> None:
    play.contact(BO)
    box = play.mailbox()
    play.refresh()
    item = play.drag(box, Mail("Offer", BO, KIM))
    play.look()
    box.set_categories(item, ["Red"])
    box.move(item, f"sentitems/{FOLDER}")  # both folders' deltas tell of moves alone
    box.move(item, f"inbox/{FOLDER}")
    play.look()
    assert box.read(item).categories == ("Red", *BOTH)


def test_a_mail_of_a_contact_that_was_just_deleted_is_filed_under_the_organisation(
    play: Play,
) -> None:
    person = play.contact(BO)
    box = play.mailbox()
    play.refresh()
    delete_person(play, person)
    play.drag(box, Mail("Offer", BO, KIM))
    play.look()
    (activity,) = play.under("Havnebyg")
    assert not activity.get("ActivityPersonId")
    with play.context.begin() as tx:
        assert directory.contact_of(tx, person) is None


def test_a_mail_is_moved_to_an_organisation_whose_contact_was_just_deleted(play: Play) -> None:
    play.contact(BO, "Havnebyg")
    person = play.contact(STRANGER, "Skovby")
    kim = desk(play)
    mail = kim.box.deliver(Mail("Offer", BO, (KIM, STRANGER)))
    kim.sync(mail, play.organisations["Havnebyg"])
    play.rest()
    delete_person(play, person)
    kim.choose(mail, play.organisations["Skovby"])
    play.rest()
    (activity,) = play.activities
    assert activity["ActivityOrganisationId"] == play.organisations["Skovby"]
    assert [t.organisation for t in kim.look(mail).targets] == ["Skovby"]


def test_all_copies_of_a_mail_among_colleagues_show_that_somebody_put_it_into_webcrm(
    play: Play,
) -> None:
    play.contact(BO)
    kim, eva = desk(play), desk(play, EVA, "Eva Nordwind")
    mail = Mail("About Bo", EVA, KIM, message_id="<a@x.example>", sent_at=play.stage.clock.now())
    chosen, sent = play.drag(kim.box, mail), play.drag(eva.box, mail, place="sentitems")
    copied = kim.box.copy(chosen, kim.box.folder(f"sentitems/{FOLDER}"))
    play.look()
    assert eva.box.read(sent).categories == PENDING
    kim.choose(chosen, play.organisations["Havnebyg"])
    play.look()
    for box, item in ((kim.box, chosen), (kim.box, copied), (eva.box, sent)):
        assert box.read(item).categories == BOTH
    assert len(play.activities) == 1


def test_a_copy_that_comes_after_somebody_put_a_mail_among_colleagues_into_webcrm_shows_so(
    play: Play,
) -> None:
    play.contact(BO)
    kim, eva = desk(play), desk(play, EVA, "Eva Nordwind")
    mail = Mail("About Bo", EVA, KIM, message_id="<a@x.example>", sent_at=play.stage.clock.now())
    left = play.drag(eva.box, mail, place="sentitems")
    play.look()
    eva.box.move(left, "sentitems")
    play.look()
    kim.sync(kim.box.deliver(mail), play.organisations["Havnebyg"])
    play.rest()
    late = play.drag(eva.box, mail)
    eva.box.move(left, f"sentitems/{FOLDER}")
    play.look()
    assert eva.box.read(late).categories == eva.box.read(left).categories == BOTH
    assert len(play.activities) == 1


def test_a_mail_among_colleagues_that_was_taken_back_is_left_out_again(play: Play) -> None:
    play.contact(BO)
    kim, eva = desk(play), desk(play, EVA, "Eva Nordwind")
    mail = Mail("About Bo", EVA, KIM, message_id="<a@x.example>", sent_at=play.stage.clock.now())
    item = kim.box.deliver(mail)
    kim.sync(item, play.organisations["Havnebyg"])
    play.rest()
    kim.undo(item)
    play.rest()
    late = play.drag(eva.box, mail)
    play.look()
    assert eva.box.read(late).categories == PENDING
    (activity,) = play.activities
    assert not activity["ActivityMemo"]


def test_a_hidden_customer_counts_for_the_copies_that_were_left_out_before(play: Play) -> None:
    play.contact(BO)
    kim, eva = play.mailbox(), play.mailbox(EVA, "Eva")
    play.refresh()
    seen = Mail("For you", KIM, EVA, message_id="<b@x.example>", sent_at=play.stage.clock.now())
    got = play.drag(eva, seen)
    play.look()
    assert eva.read(got).categories == PENDING
    play.drag(kim, replace(seen, bcc=(BO,)), place="sentitems")
    play.look()
    assert eva.read(got).categories == BOTH
    assert len(play.activities) == 1
