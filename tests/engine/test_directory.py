"""webCRM's addresses: late, many, moved, gone; nothing is filed before they are known."""

from __future__ import annotations

from datetime import timedelta

from support.scenario import BO, BOTH, FOLDER, KIM, LIS, OpenPlay, Play
from webcrm_sync.core.crm import PersonRow
from webcrm_sync.core.matching import Contact
from webcrm_sync.core.states import State
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.engine.filing.job import file
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.store import directory, mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail

EVA = "eva@nordwind.example"


def discovered(play: Play) -> None:
    """Let everything happen that asks webCRM nothing."""
    with play.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
    discover(play.context, watched.id)


def test_nothing_is_decided_before_webcrms_addresses_were_read(open_play: OpenPlay) -> None:
    play = open_play(UNMATCHED="unlinked")
    play.contact(BO)
    box = play.stage.outlook.add_mailbox(KIM, "Kim Nordwind")
    folder = box.make_folder("inbox", FOLDER)
    item = box.put(Mail("First", BO, KIM), folder)
    admin.add(play.context, admin.inspect(play.context, KIM))
    discovered(play)
    file(play.context)
    assert play.activities == []
    play.rest()
    assert len(play.under("Havnebyg")) == 1
    assert box.read(item).categories == BOTH


def test_many_persons_at_once_are_taken_up(play: Play) -> None:
    number = 70_000
    rows = [
        PersonRow(n, (Contact(n, n % 5000 + 1, f"p{n}@c{n % 5000}.example"),), None)
        for n in range(1, number + 1)
    ]
    with play.context.begin() as tx:
        new = directory.save_persons(tx, rows)
        directory.wake(tx, addresses=new, domains=[f"c{n}.example" for n in range(70_000)])
    assert len(new) == number
    with play.context.begin() as tx:
        assert directory.save_persons(tx, rows) == frozenset()
        found = directory.look_up(tx, ["p77@c77.example"], ["c77.example"])
    assert [c.person_id for c in found.contacts] == [77]


def test_webcrm_that_shows_no_contact_at_all_is_not_believed(play: Play) -> None:
    person = play.contact(BO)
    box = play.mailbox()
    play.refresh()
    play.stage.crm.tables["Person"].delete(person)
    play.wait(timedelta(hours=25))  # everything was read anew meanwhile
    item = play.drag(box, Mail("Still known", BO, KIM))
    play.look()
    assert len(play.under("Havnebyg")) == 1
    assert box.read(item).categories == BOTH


def test_ambiguity_that_ends_by_a_deletion_ends_by_itself(play: Play) -> None:
    play.contact(LIS, "Skovby")
    other = play.contact(LIS, "Lund")
    box = play.mailbox()
    play.refresh()
    item = play.drag(box, Mail("Which?", LIS, KIM))
    play.look()
    assert play.item(box, item).state is State.PARKED
    play.stage.crm.update_person(other, PersonEmail="lis.other@skovby.example")
    play.refresh()
    assert len(play.under("Skovby")) == 1
    assert box.read(item).categories == BOTH


def test_empty_answer_to_the_whole_list_forgets_nobody(play: Play) -> None:
    play.contact(BO)
    box = play.mailbox()
    play.refresh()
    persons = play.stage.crm.tables["Person"]
    play.stage.crm.search_lag = timedelta(days=3)  # webCRM's search has lost its index
    play.wait(timedelta(days=1, minutes=1))
    play.stage.crm.search_lag = timedelta()
    assert len(list(persons)) == 1
    item = play.drag(box, Mail("Still known", BO, KIM))
    play.look()
    assert box.read(item).categories == BOTH


def test_address_with_odd_case_and_spaces_is_the_same(play: Play) -> None:
    play.contact("  Bo@HavneByg.Example ", "Havnebyg")
    box = play.mailbox()
    play.refresh()
    item = play.drag(box, Mail("Odd", "BO@havnebyg.EXAMPLE", KIM))
    play.look()
    assert box.read(item).categories == BOTH


def test_person_who_works_elsewhere_now_keeps_the_old_mails_where_they_are(play: Play) -> None:
    person = play.contact(BO, "Havnebyg")
    play.contact(LIS, "Skovby")
    kim, eva = play.mailbox(), play.mailbox(EVA, "Eva")
    play.refresh()
    mail = Mail("Old", BO, (KIM, EVA), message_id="<o@x.example>", sent_at=play.stage.clock.now())
    play.drag(kim, mail)
    play.look()
    play.stage.crm.move_person(person, play.organisations["Skovby"])
    play.refresh()
    second = play.drag(eva, mail)
    play.drag(kim, Mail("New", BO, KIM))
    play.look()
    assert [a["ActivityDescription"] for a in play.under("Havnebyg")] == ["Old"]
    assert [a["ActivityDescription"] for a in play.under("Skovby")] == ["New"]
    assert eva.read(second).categories == BOTH


def test_synced_mail_of_a_mailbox_added_again_stays_where_it_was_filed(play: Play) -> None:
    person = play.contact(BO, "Havnebyg")
    play.contact(LIS, "Skovby")
    box = play.mailbox()
    play.refresh()
    item = play.drag(box, Mail("Filed long ago", BO, KIM))
    play.look()
    admin.remove(play.context, KIM)
    play.stage.crm.move_person(person, play.organisations["Skovby"])
    box.set_categories(item, ["Customer"])
    play.refresh()
    play.watch()
    play.look()
    play.settle()
    assert len(play.activities) == 1


def test_colleagues_mail_with_a_hidden_customer_is_filed_from_the_senders_copy(
    play: Play,
) -> None:
    play.contact(BO)
    kim, eva = play.mailbox(), play.mailbox(EVA, "Eva")
    play.refresh()
    seen = Mail("For you", KIM, EVA, message_id="<b@x.example>", sent_at=play.stage.clock.now())
    hidden = Mail("For you", KIM, EVA, bcc=(BO,), message_id="<b@x.example>", sent_at=seen.sent_at)
    play.drag(eva, seen)
    play.look()
    sent = play.drag(kim, hidden, place="sentitems")
    play.look()
    assert len(play.under("Havnebyg")) == 1
    assert kim.read(sent).categories == BOTH
