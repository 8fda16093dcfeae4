"""Odd mails: each comes to a defined end, with a reason in plain words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.scenario import BO, BOTH, FOLDER, KIM, LIS, PENDING, OpenPlay, Play
from webcrm_sync.core.states import SENTENCES, Reason, State
from webcrm_sync_sandbox.outlook.mail import File, Kind, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


def end(play: Play, box: SimMailbox, mail: Mail) -> tuple[State, Reason | None]:
    """The end that a mail dragged to the folder comes to; Outlook must tell the same."""
    item = play.drag(box, mail)
    play.look()
    row = play.item(box, item)
    expected = BOTH if row.state is State.SYNCED else PENDING
    assert box.read(item).categories == expected
    return row.state, row.reason


@pytest.mark.parametrize(
    "mail",
    [
        Mail("No Message-ID", BO, KIM, message_id=None),
        Mail("", BO, KIM),
        Mail("No recipients", BO, ()),
        Mail("To many", BO, tuple(f"someone{n}@elsewhere.example" for n in range(300))),
        Mail("Empty", BO, KIM, body=""),
        Mail("Broken", BO, KIM, body="<div><p>Half<table><tr><td>cell</p></b>&nbsp;&#0;"),
        Mail("שלום", BO, KIM, body='<p dir="rtl">שלום עולם</p>'),
        Mail("Emoji 🎉👩‍👩‍👧", BO, KIM, body="<p>🎉👩‍👩‍👧</p>"),
        Mail("Long " * 200, BO, KIM),
        Mail("🎉" * 150, BO, KIM),
        Mail("Nothing attached", BO, KIM, attachments=(File("empty.txt", b""),)),
        Mail("Where to?", BO, KIM, attachments=(File("../x", b"x"), File("..", b"y"))),
        Mail("From a zero\0byte", BO, KIM, body="a\0b", html=False),
    ],
    ids=lambda m: m.subject[:20],
)
def test_odd_but_from_a_customer_is_synced(play: Play, box: SimMailbox, mail: Mail) -> None:
    assert end(play, box, mail) == (State.SYNCED, None)
    assert len(play.activities) == 1


def test_subject_longer_than_webcrms_field_is_cut_with_a_mark(play: Play, box: SimMailbox) -> None:
    end(play, box, Mail("word " * 100, BO, KIM))
    (activity,) = play.activities
    assert activity["ActivityDescription"].endswith("word…")


def test_mail_to_oneself_is_not_for_webcrm(play: Play, box: SimMailbox) -> None:
    assert end(play, box, Mail("Note", KIM, KIM)) == (State.SKIPPED, Reason.ONLY_COLLEAGUES)


def test_mail_among_colleagues_is_not_for_webcrm(play: Play, box: SimMailbox) -> None:
    mail = Mail("Lunch", "eva@nordwind.example", KIM)
    assert end(play, box, mail) == (State.SKIPPED, Reason.ONLY_COLLEAGUES)


def test_sender_with_an_unknown_legacy_name_is_no_colleague(play: Play, box: SimMailbox) -> None:
    legacy = "/O=EXCHANGELABS/OU=EXCHANGE/CN=RECIPIENTS/CN=EVA"
    item = play.drag(box, Mail("From Eva", legacy, BO))
    play.look()
    assert box.read(item).categories == BOTH
    (activity,) = play.under("Havnebyg")
    assert activity["ActivityAction"] == "E-mail in"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("meeting", Reason.MEETING_REQUEST),
        ("meeting answer", Reason.MEETING_ANSWER),
        ("meeting cancellation", Reason.MEETING_CANCELLATION),
        ("meeting notice", Reason.MEETING_NOTICE),
    ],
)
def test_message_of_a_meeting_is_called_what_it_is(
    play: Play, box: SimMailbox, kind: Kind, reason: Reason
) -> None:
    item = play.drag(box, Mail("Meet?", BO, KIM, kind=kind))
    play.look()
    row = play.item(box, item)
    assert (row.state, row.reason) == (State.SKIPPED, reason)
    assert box.read(item).categories == PENDING
    (copy,) = play.story(box.read(item)).copies
    assert SENTENCES[reason] in copy.sentence


def test_draft_in_the_folder_is_synced_once_it_is_sent(play: Play, box: SimMailbox) -> None:
    item = box.put(Mail("Soon", KIM, BO, is_draft=True), f"sentitems/{FOLDER}")
    play.look()
    row = play.item(box, item)
    assert (row.state, row.reason) == (State.SKIPPED, Reason.DRAFT)
    assert play.activities == []


def test_sender_on_the_never_list_is_left_out(open_play: OpenPlay) -> None:
    play = open_play(NEVER_SYNC="doctor.example, lis@skovby.example")
    box = play.mailbox()
    for sender in ("anna@doctor.example", LIS):
        assert end(play, box, Mail("Private", sender, KIM)) == (State.SKIPPED, Reason.NEVER_LIST)


def test_address_of_two_organisations_asks_a_person(play: Play, box: SimMailbox) -> None:
    play.contact(LIS, "Skovby")
    play.contact(LIS, "Søby")
    play.refresh()
    assert end(play, box, Mail("Which?", LIS, KIM)) == (State.PARKED, Reason.AMBIGUOUS)
    assert play.activities == []


def test_unmatched_mail_is_filed_without_organisation_on_request(
    open_play: OpenPlay,
) -> None:
    play = open_play(UNMATCHED="unlinked")
    box = play.mailbox()
    assert end(play, box, Mail("Nobody", LIS, KIM)) == (State.SYNCED, None)
    (activity,) = play.activities
    assert not activity.get("ActivityOrganisationId")


def test_message_id_of_two_different_mails_hides_neither(play: Play, box: SimMailbox) -> None:
    one = Mail("Invoice 1", BO, KIM, message_id="<same@havnebyg.example>")
    two = Mail("Something else", BO, KIM, message_id="<same@havnebyg.example>")
    items = [play.drag(box, one), play.drag(box, two)]
    play.look()
    assert {a["ActivityDescription"] for a in play.activities} == {"Invoice 1", "Something else"}
    assert all(box.read(i).categories == BOTH for i in items)


def test_label_that_webcrm_does_not_know_parks_until_it_does(open_play: OpenPlay) -> None:
    play = open_play(WEBCRM_ACTION_IN="Brand new")
    play.contact(BO)
    box = play.mailbox()
    play.refresh()
    item = play.drag(box, Mail("Label?", BO, KIM))
    play.look()
    row = play.item(box, item)
    assert (row.state, row.reason) == (State.PARKED, Reason.UNKNOWN_LABEL)
    assert box.read(item).categories == PENDING

    labels = play.stage.crm.labels
    labels["ActivityAction"] = (*labels["ActivityAction"], "Brand new")
    play.wait(timedelta(minutes=6))
    assert box.read(item).categories == BOTH
    assert len(play.activities) == 1


def test_wrong_webcrm_token_parks_until_it_is_right(open_play: OpenPlay) -> None:
    play = open_play(WEBCRM_TOKEN="99999999-9999-4999-8999-999999999999")
    box = play.mailbox()
    item = play.drag(box, Mail("Token?", BO, KIM))
    play.wait(timedelta(minutes=1))
    row = play.item(box, item)
    assert (row.state, row.reason) == (State.PARKED, Reason.WEBCRM_CLOSED)
    assert "WEBCRM_SYNC_WEBCRM_TOKEN" in (row.detail or "")

    play.contact(BO)
    play.stage.crm.add_token("99999999-9999-4999-8999-999999999999")
    for _ in range(3):
        play.wait(timedelta(minutes=15))
    assert box.read(item).categories == BOTH
