"""What goes along of a mail: a person or a setting leaves out text and attachments."""

from __future__ import annotations

import pytest

from support.left_out import (
    DRAWING,
    EARLIER,
    IN_FILES,
    NEW_PICTURE,
    OFFER,
    OLD_PICTURE,
    TEXT,
    along,
    found,
    memo,
    names,
    offer,
)
from support.pane_user import PaneUser, add_pane_user
from support.scenario import BO, BOTH, KIM, LIS, OpenScenario, Scenario
from webcrm_sync.core.along import Along, TextPart
from webcrm_sync.engine.pane.along_status import AlongText
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus
from webcrm_sync_sandbox.outlook.mail import AttachedItem, File, Link, Mail

UTE = "ute@nordwind.example"


@pytest.fixture
def kim(scenario: Scenario) -> PaneUser:
    """Kim at the pane; webCRM knows Bo."""
    scenario.add_contact(BO)
    return add_pane_user(scenario)


@pytest.mark.parametrize(
    ("chosen", "line", "kept", "left_out"),
    [
        (
            along(TextPart.NONE),
            "Left out by choice: the text, 2 attachments.",
            [],
            [TEXT, EARLIER, OFFER, DRAWING, NEW_PICTURE, OLD_PICTURE, *IN_FILES],
        ),
        (
            along(TextPart.NONE, all_files=True),
            "Left out by choice: the text.",
            [DRAWING, OFFER],
            [TEXT, EARLIER, NEW_PICTURE, OLD_PICTURE, IN_FILES[2], IN_FILES[3]],
        ),
        (
            along(TextPart.NEW, OFFER),
            "Left out by choice: earlier mails in the text, 1 attachment.",
            [OFFER, NEW_PICTURE],
            [EARLIER, DRAWING, OLD_PICTURE, IN_FILES[1], IN_FILES[3]],
        ),
        (
            along(TextPart.WHOLE, DRAWING),
            "Left out by choice: 1 attachment.",
            [DRAWING, NEW_PICTURE, OLD_PICTURE],
            [OFFER, IN_FILES[0]],
        ),
    ],
)
def test_nothing_that_was_left_out_is_stored_anywhere(
    scenario: Scenario,
    kim: PaneUser,
    chosen: Along,
    line: str,
    kept: list[str],
    left_out: list[str],
) -> None:
    mail = kim.box.deliver(offer())
    kim.sync(mail, along=chosen)
    scenario.run_until_idle()
    assert kim.box.read(mail).categories == BOTH
    assert line in memo(scenario).split("\n")
    assert (TEXT in memo(scenario)) is (chosen.text is not TextPart.NONE)
    assert names(scenario) == sorted(kept)
    assert found(scenario, left_out) == []


def test_the_choice_follows_the_discovery_in_the_history_of_a_mail(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = kim.box.deliver(offer())
    kim.sync(mail, along=along(TextPart.NONE))
    scenario.run_until_idle()
    pressed, found_in, chosen = kim.timeline(kim.ref(mail))[:3]
    assert pressed == "Synced with the button by Kim Nordwind."
    assert found_in.startswith("Found in")
    assert chosen == "What goes along of the mail was chosen by Kim Nordwind."


def test_everything_goes_along_without_a_choice(scenario: Scenario, kim: PaneUser) -> None:
    mail = kim.box.deliver(offer())
    kim.sync(mail)
    scenario.run_until_idle()
    assert "Left out" not in memo(scenario)
    assert TEXT in memo(scenario)
    assert EARLIER in memo(scenario)
    assert names(scenario) == [DRAWING, OFFER, NEW_PICTURE, OLD_PICTURE]
    shown = kim.status(mail).along
    assert shown is not None
    assert (shown.text, shown.can_change) == (AlongText.WHOLE, False)
    assert shown.files is not None
    assert {f.name for f in shown.files if f.is_taken} == set(names(scenario))


def test_a_link_an_attached_mail_and_a_shared_name_obey_the_choice(
    scenario: Scenario, kim: PaneUser
) -> None:
    files = (
        File("twice.pdf", b"first-one"),
        Link("cloud-guava.docx", "https://drive.example/x"),
        File("twice.pdf", b"second-one"),
        AttachedItem("mail-papaya", b"Subject: papaya\r\n\r\nwords"),
    )
    mail = kim.box.deliver(offer(attachments=files))
    kim.sync(mail, along=along(TextPart.WHOLE, "twice.pdf"))
    scenario.run_until_idle()
    assert names(scenario) == ["twice (2).pdf", "twice.pdf"]
    assert "2 attachments" in memo(scenario)
    assert found(scenario, ["guava", "papaya"]) == []


def test_a_signed_mail_does_not_bring_the_left_out_text_as_a_file(
    scenario: Scenario, kim: PaneUser
) -> None:
    whole = File("smime.p7m", b"whole-mail-with-Marmelade", "multipart/signed")
    mail = kim.box.deliver(offer(attachments=(whole,)))
    kim.sync(mail, along=along(TextPart.NONE, all_files=True))
    scenario.run_until_idle()
    assert scenario.documents == []
    assert found(scenario, ["whole-mail-with", TEXT]) == []


def test_the_new_text_of_a_forward_is_what_its_sender_wrote(
    scenario: Scenario, kim: PaneUser
) -> None:
    body = f"<p>FYI</p><p>---------- Forwarded message ---------<br>From: Eva</p><p>{EARLIER}</p>"
    mail = kim.box.deliver(Mail("Fwd: Offer", BO, KIM, body=body))
    kim.sync(mail, along=along(TextPart.NEW, all_files=True))
    scenario.run_until_idle()
    assert "FYI" in memo(scenario)
    assert found(scenario, [EARLIER]) == []


def test_a_mail_with_nothing_new_is_filed_without_its_earlier_mails(
    scenario: Scenario, kim: PaneUser
) -> None:
    body = f"<div id='divRplyFwdMsg'><b>From:</b> Eva</div><p>{EARLIER}</p>"
    mail = kim.box.deliver(Mail("Re: Offer", BO, KIM, body=body))
    kim.sync(mail, along=along(TextPart.NEW, all_files=True))
    scenario.run_until_idle()
    assert "Left out by choice: earlier mails in the text." in memo(scenario)
    assert found(scenario, [EARLIER]) == []


def test_the_first_filings_choice_stays_and_a_later_copy_adds_nothing(
    scenario: Scenario, kim: PaneUser
) -> None:
    ute = add_pane_user(scenario, UTE, "Ute Nordwind")
    shared = offer(message_id="<one@havnebyg.example>")
    mine, hers = kim.box.deliver(shared), ute.box.deliver(shared)
    kim.sync(mine, along=along(TextPart.NONE))
    scenario.run_until_idle()
    ute.sync(hers, along=along(TextPart.WHOLE, all_files=True))
    scenario.run_until_idle()
    assert ute.box.read(hers).categories == BOTH
    assert scenario.documents == []
    assert found(scenario, [TEXT, EARLIER, OFFER, DRAWING]) == []


def test_more_goes_along_when_somebody_asks_for_it_and_never_less(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = kim.box.deliver(offer())
    kim.sync(mail, along=along(TextPart.NONE))
    scenario.run_until_idle()
    shown = kim.status(mail).along
    assert shown is not None
    assert (shown.text, shown.can_change) == (AlongText.NONE, True)
    assert [f.name for f in shown.files or ()] == ["", "", "", ""]

    assert kim.sync(mail, along=along(TextPart.NEW, OFFER)).status is DisplayStatus.ON_ITS_WAY
    scenario.run_until_idle()
    assert TEXT in memo(scenario)
    assert names(scenario) == [OFFER, NEW_PICTURE]
    assert found(scenario, [EARLIER, DRAWING, OLD_PICTURE]) == []

    kim.sync(mail, along=along(TextPart.NONE))
    scenario.run_until_idle()
    assert TEXT in memo(scenario)

    kim.sync(mail, along=along(TextPart.WHOLE, all_files=True))
    scenario.run_until_idle()
    assert EARLIER in memo(scenario)
    assert "Left out" not in memo(scenario)
    assert names(scenario) == [DRAWING, OFFER, NEW_PICTURE, OLD_PICTURE]
    assert len(scenario.activities) == 1
    assert (
        kim.timeline(kim.ref(mail)).count("What goes along of the mail was chosen by Kim Nordwind.")
        == 3
    )


def test_after_undo_a_mail_is_synced_again_with_another_choice(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = kim.box.deliver(offer())
    kim.sync(mail)
    scenario.run_until_idle()
    kim.undo(mail)
    scenario.run_until_idle()
    kim.sync(mail, along=along(TextPart.NEW, DRAWING))
    scenario.run_until_idle()
    assert names(scenario) == [DRAWING, NEW_PICTURE]
    assert len(scenario.activities) == 1
    assert found(scenario, [EARLIER, OFFER, OLD_PICTURE]) == []


def test_a_choice_made_before_undo_reached_webcrm_takes_documents_back(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = kim.box.deliver(offer())
    kim.sync(mail)
    scenario.run_until_idle()
    kim.undo(mail)
    kim.sync(mail, along=along(TextPart.NONE))
    scenario.run_until_idle()
    assert scenario.documents == []
    assert found(scenario, [TEXT, EARLIER, OFFER, DRAWING, NEW_PICTURE, OLD_PICTURE]) == []


def test_an_undone_mail_that_is_moved_in_again_keeps_its_choice(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = kim.box.deliver(offer())
    kim.sync(mail, along=along(TextPart.NONE))
    scenario.run_until_idle()
    kim.undo(mail)
    scenario.run_until_idle()
    kim.sync(mail)
    scenario.run_until_idle()
    assert kim.box.read(mail).categories == BOTH
    assert found(scenario, [TEXT, EARLIER, OFFER, DRAWING]) == []


def test_a_waiting_mail_forgets_what_a_person_leaves_out_of_it(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = kim.box.deliver(offer(sender=LIS))
    kim.sync(mail)
    scenario.run_until_idle()
    assert kim.status(mail).status is DisplayStatus.WAITING
    kim.sync(mail, along=along(TextPart.NEW, OFFER))
    assert found(scenario, [EARLIER, DRAWING, OLD_PICTURE]) == []
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    assert names(scenario) == [OFFER, NEW_PICTURE]
    assert found(scenario, [EARLIER, DRAWING, OLD_PICTURE]) == []


@pytest.mark.parametrize(
    ("settings", "line", "kept", "left_out"),
    [
        ({"MAIL_TEXT": "new"}, "", [DRAWING, OFFER, NEW_PICTURE], [EARLIER, OLD_PICTURE]),
        (
            {"QUOTED_HISTORY": "NEW_TEXT_ONLY", "MAIL_ATTACHMENTS": "none"},
            "Left out by choice: 2 attachments.",
            [NEW_PICTURE],
            [EARLIER, OLD_PICTURE, OFFER, DRAWING],
        ),
        (
            {"MAIL_TEXT": "none", "MAIL_ATTACHMENTS": "none"},
            "Left out by choice: the text, 2 attachments.",
            [],
            [TEXT, EARLIER, OFFER, DRAWING, NEW_PICTURE, OLD_PICTURE],
        ),
    ],
)
def test_the_settings_decide_for_a_mail_that_is_dragged(
    open_scenario: OpenScenario,
    settings: dict[str, str],
    line: str,
    kept: list[str],
    left_out: list[str],
) -> None:
    scenario = open_scenario(**settings)
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    mail = scenario.drag(box, offer())
    scenario.discover()
    assert found(scenario, left_out) == []
    scenario.poll_webcrm()
    assert box.read(mail).categories == BOTH
    assert names(scenario) == sorted(kept)
    assert line in memo(scenario)
    assert found(scenario, left_out) == []


def test_a_person_lets_more_go_along_than_the_settings_say(open_scenario: OpenScenario) -> None:
    scenario = open_scenario(MAIL_TEXT="none", MAIL_ATTACHMENTS="none")
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(offer())
    kim.sync(mail, along=along(TextPart.WHOLE, all_files=True))
    scenario.run_until_idle()
    assert EARLIER in memo(scenario)
    assert len(names(scenario)) == 4
