"""Private mails: the pane asks, a rule's mail waits for a person, a dragged one is filed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.left_out import found
from support.pane_user import PaneUser, add_pane_user
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, PENDING, Scenario
from webcrm_sync.core.along import Along, TextPart
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.pane import sender_rules
from webcrm_sync.engine.pane.along_status import Sensitivity
from webcrm_sync.engine.pane.mail_status_rules import Action, DisplayStatus
from webcrm_sync_sandbox.outlook.mail import Mail

PRIVATE = (("Sensitivity", "Private"),)
CONFIDENTIAL = (("Sensitivity", "Company-Confidential"),)


@pytest.fixture
def kim(scenario: Scenario) -> PaneUser:
    """Kim at the pane; webCRM knows Bo, and a rule moves Bo's mails."""
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    sender_rules.add_sender(scenario.context, kim.user, BO)
    return kim


def by_rule(kim: PaneUser, **more: object) -> str:
    """A private mail that the rule moves; its Graph id."""
    values: dict[str, object] = {"body": "<p>Marmelade</p>", "headers": PRIVATE, **more}
    item = kim.box.deliver(Mail("Secret", BO, KIM, **values))  # type: ignore[arg-type] # fields
    kim.scenario.discover()
    assert kim.box.read(item).folder == FOLDER
    return item


def undelivered(kim: PaneUser, headers: tuple[tuple[str, str], ...] = PRIVATE) -> str:
    """A private mail of somebody without a rule, in the inbox; its Graph id."""
    kim.scenario.add_contact(LIS, "Skovby")
    kim.scenario.poll_webcrm()
    return kim.box.deliver(Mail("Secret", LIS, KIM, headers=headers))


@pytest.mark.parametrize(
    ("headers", "mark"),
    [(PRIVATE, Sensitivity.PRIVATE), (CONFIDENTIAL, Sensitivity.CONFIDENTIAL)],
)
def test_the_pane_asks_before_a_private_mail_is_synced(
    scenario: Scenario, kim: PaneUser, headers: tuple[tuple[str, str], ...], mark: Sensitivity
) -> None:
    mail = undelivered(kim, headers)
    assert kim.status(mail).sensitivity is mark
    with pytest.raises(Refused) as refusal:
        kim.sync(mail)
    assert refusal.value.code == "PrivateMail"
    with pytest.raises(Refused):
        kim.choose(mail, scenario.organisations["Skovby"])
    scenario.discover()
    assert kim.box.read(mail).folder != FOLDER
    assert scenario.activities == []

    kim.sync(mail, even_if_private=True)
    scenario.discover()
    assert kim.box.read(mail).categories == BOTH
    assert kim.status(mail).sensitivity is mark


def test_a_personal_mail_is_synced_like_any_other(scenario: Scenario, kim: PaneUser) -> None:
    mail = undelivered(kim, (("Sensitivity", "Personal"),))
    kim.sync(mail)
    scenario.discover()
    assert kim.box.read(mail).categories == BOTH


def test_a_private_mail_that_a_person_dragged_is_filed(scenario: Scenario, kim: PaneUser) -> None:
    mail = undelivered(kim)
    kim.box.move(mail, f"inbox/{FOLDER}")
    scenario.discover()
    assert kim.box.read(mail).categories == BOTH
    assert len(scenario.activities) == 1


def test_a_private_mail_that_a_rule_moved_waits_for_a_person(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = by_rule(kim)
    shown = kim.status(mail)
    assert (shown.status, shown.reason) == (DisplayStatus.PARKED, Reason.PRIVATE)
    assert {Action.SYNC, Action.UNDO} <= set(shown.actions)
    assert kim.box.read(mail).categories == PENDING
    assert found(scenario, ["Marmelade"]) == []
    with pytest.raises(Refused):
        kim.sync(mail)
    kim.retry(mail)
    scenario.wait(timedelta(hours=2))
    assert scenario.activities == []
    assert "marked private" in "\n".join(kim.timeline(kim.ref(mail)))

    kim.sync(mail, even_if_private=True)
    scenario.discover()
    assert kim.box.read(mail).categories == BOTH
    assert "Marmelade" in scenario.activities[0]["ActivityMemo"]


def test_a_held_mail_is_synced_with_a_choice_and_under_another_organisation(
    scenario: Scenario, kim: PaneUser
) -> None:
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    mail = by_rule(kim)
    none = Along.chosen(TextPart.NONE, None)
    kim.sync(mail, scenario.organisations["Skovby"], along=none, even_if_private=True)
    scenario.discover()
    assert len(scenario.activities_under("Skovby")) == 1
    assert scenario.activities_under("Havnebyg") == []
    assert found(scenario, ["Marmelade"]) == []


def test_a_held_mail_can_be_taken_out_of_the_folder(scenario: Scenario, kim: PaneUser) -> None:
    mail = by_rule(kim)
    shown = kim.undo(mail)
    assert shown.status is DisplayStatus.NEW
    scenario.discover()
    view = kim.box.read(mail)
    assert (view.folder, view.categories) == ("Inbox", ())
    assert scenario.activities == []


def test_a_held_mail_that_a_person_moves_out_and_in_again_is_filed(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = by_rule(kim)
    kim.box.move(mail, "inbox")
    scenario.discover()
    kim.box.move(mail, f"inbox/{FOLDER}")
    scenario.discover()
    assert kim.box.read(mail).categories == BOTH


def test_another_persons_copy_decides_for_the_mail(scenario: Scenario, kim: PaneUser) -> None:
    ute = add_pane_user(scenario, "ute@nordwind.example", "Ute Nordwind")
    same = {"message_id": "<one@havnebyg.example>"}
    mine = by_rule(kim, **same)
    hers = ute.box.deliver(
        Mail("Secret", BO, KIM, body="<p>Marmelade</p>", headers=PRIVATE, **same)  # type: ignore[arg-type] # fields
    )
    ute.box.move(hers, f"inbox/{FOLDER}")
    scenario.discover()
    assert ute.box.read(hers).categories == BOTH
    assert kim.box.read(mine).categories == BOTH
    assert len(scenario.activities) == 1


def test_an_unknown_senders_private_mail_waits_for_a_person_too(
    scenario: Scenario, kim: PaneUser
) -> None:
    sender_rules.add_sender(scenario.context, kim.user, LIS)
    mail = kim.box.deliver(Mail("Secret", LIS, KIM, headers=PRIVATE))
    scenario.discover()
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    assert kim.status(mail).reason is Reason.PRIVATE
    assert scenario.activities == []
