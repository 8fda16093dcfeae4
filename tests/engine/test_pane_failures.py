"""What people ask for, while services are away, answers get lost and others press too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.pane_user import Desk, desk
from support.scenario import BO, FOLDER, KIM, LIS, Play
from webcrm_sync.core.errors import Gone, Refused, SyncError, TryLater, Unclear
from webcrm_sync.engine.pane import sender_rules
from webcrm_sync.engine.pane.contacts import PersonDraft, create_contact
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus
from webcrm_sync_sandbox.outlook.mail import File, Mail


def synced(play: Play, kim: Desk, subject: str = "Offer?") -> str:
    """A mail with an attachment that stands in webCRM."""
    mail = kim.box.deliver(Mail(subject, BO, KIM, attachments=(File("plan.pdf", b"%PDF"),)))
    kim.sync(mail)
    play.rest()
    assert kim.look(mail).state is DisplayStatus.SYNCED
    return mail


def test_undo_is_told_to_webcrm_once_it_is_back(play: Play) -> None:
    play.contact(BO)
    kim = desk(play)
    mail = synced(play, kim)
    play.stage.faults.unavailable("webcrm")
    assert kim.undo(mail).state is DisplayStatus.NEW
    play.rest()
    assert play.activities[0]["ActivityDescription"] == "Offer?"
    play.stage.faults.clear()
    play.settle()
    assert play.activities[0]["ActivityDescription"] == "[withdrawn] Offer?"
    assert play.documents == []


def test_undo_and_sync_again_before_webcrm_heard_of_it_leave_everything_as_it_was(
    play: Play,
) -> None:
    play.contact(BO)
    kim = desk(play)
    mail = synced(play, kim)
    kim.undo(mail)
    kim.sync(mail)
    play.rest()
    assert kim.look(mail).state is DisplayStatus.SYNCED
    (activity,) = play.activities
    assert activity["ActivityDescription"] == "Offer?"
    assert len(play.documents) == 1


@pytest.mark.parametrize("number", range(1, 6))
def test_a_lost_answer_while_an_activity_is_moved_does_no_harm(play: Play, number: int) -> None:
    play.contact(BO)
    play.contact(LIS, "Skovby")
    kim = desk(play)
    mail = synced(play, kim)
    kim.choose(mail, play.organisations["Skovby"])
    calls = iter(range(1, 100))
    play.stage.faults.lose("webcrm", when=lambda *_: next(calls) == number)
    play.rest()
    play.settle()
    (activity,) = play.activities
    assert activity["ActivityOrganisationId"] == play.organisations["Skovby"]
    (document,) = play.documents
    assert document["DocumentOrganisationId"] == play.organisations["Skovby"]
    assert kim.look(mail).state is DisplayStatus.SYNCED


def test_an_activity_that_somebody_deleted_is_made_anew_when_it_is_asked_for(play: Play) -> None:
    play.contact(BO)
    kim = desk(play)
    mail = synced(play, kim)
    kim.undo(mail)
    play.rest()
    play.stage.crm.tables["Activity"].delete(play.activities[0]["ActivityId"])
    kim.sync(mail)
    play.rest()
    (activity,) = play.activities
    assert activity["ActivityDescription"] == "Offer?"
    assert kim.look(mail).state is DisplayStatus.SYNCED


def test_the_last_of_two_choices_holds(play: Play) -> None:
    play.contact(BO)
    play.contact(LIS, "Skovby")
    kim = desk(play)
    mail = synced(play, kim)
    kim.choose(mail, play.organisations["Skovby"])
    kim.choose(mail, play.organisations["Havnebyg"])
    play.rest()
    (activity,) = play.activities
    assert activity["ActivityOrganisationId"] == play.organisations["Havnebyg"]


def test_an_organisation_that_webcrm_does_not_have_is_refused_before_anything_happens(
    play: Play,
) -> None:
    kim = desk(play)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    with pytest.raises(Refused):
        kim.sync(mail, 999)
    assert kim.look(mail).state is DisplayStatus.NEW


def test_nobody_who_presses_waits_until_a_mailbox_is_asked_again(play: Play) -> None:
    play.contact(BO)
    kim = desk(play)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    play.stage.faults.throttle("graph", retry_after=600)
    play.look()
    play.stage.faults.clear()
    kim.sync(mail)
    play.rest()
    assert kim.look(mail).state is DisplayStatus.SYNCED


def test_the_story_tells_who_chose_and_who_took_it_back(play: Play) -> None:
    play.contact(BO)
    play.contact(LIS, "Skovby")
    kim = desk(play)
    mail = synced(play, kim)
    kim.choose(mail, play.organisations["Skovby"])
    play.rest()
    kim.undo(mail)
    play.rest()
    told = kim.story(kim.ref(mail))
    assert "Chosen by Kim Nordwind: Skovby." in told
    assert "Taken out of the folder by Kim Nordwind." in told
    assert told[-1].startswith("Withdrawn from webCRM")


def test_a_mail_that_is_gone_is_gone(play: Play) -> None:
    kim = desk(play)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    ref = kim.ref(mail)
    kim.box.delete(mail)
    kim.box.delete(mail)
    with pytest.raises(Gone):
        kim.story(ref)


def test_a_mail_that_was_pressed_is_known_by_the_name_outlook_had_for_it(play: Play) -> None:
    play.contact(BO)
    kim = desk(play)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM, message_id=None))
    ref = kim.ref(mail)
    kim.sync(mail)
    assert kim.look_by(ref).state is DisplayStatus.ON_ITS_WAY
    play.rest()
    before = len(play.stage.journal.exchanges)
    assert kim.look_by(ref).state is DisplayStatus.SYNCED
    assert len(play.stage.journal.exchanges) == before


def contact_at_the_same_moment(play: Play, draft: PersonDraft) -> list[int]:
    def create(_: int) -> int | None:
        try:
            return create_contact(play.context, draft)
        except TryLater:
            return None

    with ThreadPoolExecutor(4) as people:
        return [i for i in people.map(create, range(4)) if i is not None]


def test_two_people_who_make_the_same_contact_make_one(play: Play) -> None:
    play.contact(BO)
    desk(play)
    draft = PersonDraft("Lis Skov", LIS, play.organisations["Havnebyg"])
    made = contact_at_the_same_moment(play, draft)
    assert len(set(made)) == 1
    assert create_contact(play.context, draft) == made[0]
    assert [p["PersonEmail"] for p in play.stage.crm.persons].count(LIS) == 1


def test_a_contact_whose_making_got_no_answer_is_looked_for_before_it_is_made_again(
    play: Play,
) -> None:
    play.contact(BO)
    desk(play)
    draft = PersonDraft("Lis Skov", LIS, play.organisations["Havnebyg"])
    play.stage.faults.lose(
        "webcrm", when=lambda method, path: method == "POST" and "Person" in path
    )
    with pytest.raises(Unclear):
        create_contact(play.context, draft)
    play.stage.faults.clear()
    with pytest.raises(TryLater):
        create_contact(play.context, draft)
    play.settle()
    assert create_contact(play.context, draft) == play.stage.crm.persons[-1]["PersonId"]
    assert [p["PersonEmail"] for p in play.stage.crm.persons].count(LIS) == 1


def test_senders_added_at_the_same_moment_are_all_kept(play: Play) -> None:
    kim = desk(play)
    wanted = [f"p{n}@havnebyg.example" for n in range(4)]

    def add(address: str) -> None:
        try:
            sender_rules.add_sender(play.context, kim.user, address)
        except SyncError:
            sender_rules.add_sender(play.context, kim.user, address)

    with ThreadPoolExecutor(4) as people:
        list(people.map(add, wanted))
    assert set(sender_rules.list_senders(play.context, kim.user)) == set(wanted)


def test_senders_are_packed_and_rules_of_others_are_left_alone(play: Play) -> None:
    kim = desk(play)
    folder = kim.box.folder(f"inbox/{FOLDER}")
    person = [{"emailAddress": {"address": LIS}}]
    kim.box.add_rule(
        "My own", conditions={"fromAddresses": person}, actions={"moveToFolder": folder.id}
    )
    for n in range(sender_rules.SENDERS_PER_RULE + 1):
        sender_rules.add_sender(play.context, kim.user, f"p{n}@havnebyg.example")
    assert sorted(r.name for r in kim.box.rules.values()) == [
        "My own",
        "webCRM sync: senders",
        "webCRM sync: senders 2",
    ]
    assert LIS not in sender_rules.list_senders(play.context, kim.user)
