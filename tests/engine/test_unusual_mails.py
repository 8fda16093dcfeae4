"""Unusual mails: each reaches a defined final state with a clear reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.pane_user import PaneUser
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, PENDING, OpenScenario, Scenario
from webcrm_sync.core.states import SENTENCES, Reason, State
from webcrm_sync_sandbox.outlook.mail import File, Kind, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


def end(scenario: Scenario, box: SimMailbox, mail: Mail) -> tuple[State, Reason | None]:
    """Sync a mail; its final state and reason. Checks that Outlook shows the same."""
    item = scenario.drag(box, mail)
    scenario.discover()
    row = scenario.item(box, item)
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
def test_odd_mail_from_a_customer_is_synced(
    scenario: Scenario, box: SimMailbox, mail: Mail
) -> None:
    assert end(scenario, box, mail) == (State.SYNCED, None)
    assert len(scenario.activities) == 1


def test_subject_longer_than_webcrms_field_is_cut_with_a_mark(
    scenario: Scenario, box: SimMailbox
) -> None:
    end(scenario, box, Mail("word " * 100, BO, KIM))
    (activity,) = scenario.activities
    assert activity["ActivityDescription"].endswith("word…")


def test_mail_to_oneself_is_not_for_webcrm(scenario: Scenario, box: SimMailbox) -> None:
    assert end(scenario, box, Mail("Note", KIM, KIM)) == (State.SKIPPED, Reason.ONLY_COLLEAGUES)


def test_mail_among_colleagues_is_not_for_webcrm(scenario: Scenario, box: SimMailbox) -> None:
    mail = Mail("Lunch", "eva@nordwind.example", KIM)
    assert end(scenario, box, mail) == (State.SKIPPED, Reason.ONLY_COLLEAGUES)


def test_sender_with_an_unknown_legacy_name_is_no_colleague(
    scenario: Scenario, box: SimMailbox
) -> None:
    legacy = "/O=EXCHANGELABS/OU=EXCHANGE/CN=RECIPIENTS/CN=EVA"
    item = scenario.drag(box, Mail("From Eva", legacy, BO))
    scenario.discover()
    assert box.read(item).categories == BOTH
    (activity,) = scenario.activities_under("Havnebyg")
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
def test_meeting_message_is_skipped_with_its_own_reason(
    scenario: Scenario, box: SimMailbox, kind: Kind, reason: Reason
) -> None:
    item = scenario.drag(box, Mail("Meet?", BO, KIM, kind=kind))
    scenario.discover()
    row = scenario.item(box, item)
    assert (row.state, row.reason) == (State.SKIPPED, reason)
    assert box.read(item).categories == PENDING
    (copy,) = scenario.timeline(box.read(item)).copies
    assert SENTENCES[reason] in copy.sentence


def test_draft_in_the_folder_is_synced_once_it_is_sent(scenario: Scenario, box: SimMailbox) -> None:
    item = box.put(Mail("Soon", KIM, BO, is_draft=True), f"sentitems/{FOLDER}")
    scenario.discover()
    row = scenario.item(box, item)
    assert (row.state, row.reason) == (State.SKIPPED, Reason.DRAFT)
    assert scenario.activities == []


def test_sender_on_the_never_list_is_left_out(open_scenario: OpenScenario) -> None:
    scenario = open_scenario(NEVER_SYNC="doctor.example, lis@skovby.example")
    box = scenario.add_mailbox()
    for sender in ("anna@doctor.example", LIS):
        assert end(scenario, box, Mail("Private", sender, KIM)) == (
            State.SKIPPED,
            Reason.NEVER_LIST,
        )


def test_address_of_two_organisations_needs_a_person(scenario: Scenario, box: SimMailbox) -> None:
    scenario.add_contact(LIS, "Skovby")
    scenario.add_contact(LIS, "Søby")
    scenario.poll_webcrm()
    assert end(scenario, box, Mail("Which?", LIS, KIM)) == (State.PARKED, Reason.AMBIGUOUS)
    assert scenario.activities == []


def test_unmatched_mail_is_filed_without_organisation_on_request(
    open_scenario: OpenScenario,
) -> None:
    scenario = open_scenario(UNMATCHED="unlinked")
    box = scenario.add_mailbox()
    assert end(scenario, box, Mail("Nobody", LIS, KIM)) == (State.SYNCED, None)
    (activity,) = scenario.activities
    assert not activity.get("ActivityOrganisationId")


def test_message_id_of_two_different_mails_hides_neither(
    scenario: Scenario, box: SimMailbox
) -> None:
    one = Mail("Invoice 1", BO, KIM, message_id="<same@havnebyg.example>")
    two = Mail("Something else", BO, KIM, message_id="<same@havnebyg.example>")
    items = [scenario.drag(box, one), scenario.drag(box, two)]
    scenario.discover()
    assert {a["ActivityDescription"] for a in scenario.activities} == {
        "Invoice 1",
        "Something else",
    }
    assert all(box.read(i).categories == BOTH for i in items)


def test_unknown_label_parks_the_mail_until_webcrm_knows_it(open_scenario: OpenScenario) -> None:
    scenario = open_scenario(WEBCRM_ACTION_IN="Brand new")
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Label?", BO, KIM))
    scenario.discover()
    row = scenario.item(box, item)
    assert (row.state, row.reason) == (State.PARKED, Reason.UNKNOWN_LABEL)
    assert box.read(item).categories == PENDING

    labels = scenario.sandbox.crm.labels
    labels["ActivityAction"] = (*labels["ActivityAction"], "Brand new")
    scenario.wait(timedelta(minutes=6))
    assert box.read(item).categories == BOTH
    assert len(scenario.activities) == 1


def test_wrong_webcrm_token_parks_mails_until_it_is_corrected(open_scenario: OpenScenario) -> None:
    scenario = open_scenario(WEBCRM_TOKEN="99999999-9999-4999-8999-999999999999")
    box = scenario.add_mailbox()
    item = scenario.drag(box, Mail("Token?", BO, KIM))
    scenario.wait(timedelta(minutes=1))
    row = scenario.item(box, item)
    assert (row.state, row.reason) == (State.PARKED, Reason.WEBCRM_CLOSED)
    assert "WEBCRM_SYNC_WEBCRM_TOKEN" in (row.detail or "")

    scenario.add_contact(BO)
    scenario.sandbox.crm.add_token("99999999-9999-4999-8999-999999999999")
    for _ in range(3):
        scenario.wait(timedelta(minutes=15))
    assert box.read(item).categories == BOTH


def test_a_parked_mail_that_is_moved_in_again_is_retried_immediately(
    open_scenario: OpenScenario,
) -> None:
    scenario = open_scenario(WEBCRM_TOKEN="99999999-9999-4999-8999-999999999999")
    box = scenario.add_mailbox()
    stays = scenario.drag(box, Mail("Stays", BO, KIM))
    comes_back = scenario.drag(box, Mail("Comes back", BO, KIM))
    for _ in range(6):
        scenario.wait(timedelta(minutes=15))
    for folder in ("archive", f"inbox/{FOLDER}"):
        box.move(comes_back, folder)
        scenario.discover()
    row = scenario.item(box, comes_back)
    assert (row.state, row.reason, row.detail) == (State.FOUND, None, None)

    scenario.add_contact(BO)
    scenario.sandbox.crm.add_token("99999999-9999-4999-8999-999999999999")
    PaneUser(scenario, box).retry(stays)  # ends the wait for webCRM
    scenario.run_until_idle()
    assert [box.read(i).categories for i in (stays, comes_back)] == [BOTH, BOTH]
