"""What was left out stays out: after a rebuild, a proof, a deletion, under another place."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

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
from support.scenario import BO, FOLDER, KIM, LIS, Scenario
from webcrm_sync.core.along import Along, TextPart
from webcrm_sync.core.mailbox_lease import TAKE_OVER_WAIT
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.pane.along_status import AlongText
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.recover import find_users, rebuild
from webcrm_sync.store import companies

LEFT_OUT = [EARLIER, DRAWING, OLD_PICTURE, IN_FILES[1], IN_FILES[3]]
CHOICES = [along(TextPart.NEW, OFFER), along(TextPart.NONE)]


@pytest.fixture
def kim(scenario: Scenario) -> PaneUser:
    """Kim at the pane; webCRM knows Bo."""
    scenario.add_contact(BO)
    return add_pane_user(scenario)


def filed(kim: PaneUser, chosen: Along) -> str:
    """A mail that was filed with this choice two hours ago; its Graph id."""
    mail = kim.box.deliver(offer())
    kim.sync(mail, along=chosen)
    kim.scenario.run_until_idle()
    kim.scenario.wait(timedelta(hours=2))
    return mail


def lose_database(kim: PaneUser) -> PaneUser:
    """Kim at the pane of an installation with an empty database."""
    before = kim.scenario
    with before.context.begin() as tx:
        tx.connection.execute(text("TRUNCATE company RESTART IDENTITY CASCADE"))
        company_id = companies.ensure_company(tx, before.context.tenant_id)
    context = replace(before.context, company_id=company_id)
    return PaneUser(Scenario(before.sandbox, context, before.organisations), kim.box)


def words(chosen: Along) -> list[str]:
    """The words that this choice leaves out."""
    everything = [TEXT, OFFER, NEW_PICTURE] if chosen.text is TextPart.NONE else []
    return [*LEFT_OUT, *everything]


@pytest.mark.parametrize("chosen", CHOICES)
def test_a_rebuild_brings_the_choice_back(scenario: Scenario, kim: PaneUser, chosen: Along) -> None:
    mail = filed(kim, chosen)
    before = (memo(scenario), names(scenario))
    again = lose_database(kim)
    for step in rebuild(
        again.scenario.context, find_users(again.scenario.context, [KIM]), take_over=True
    ):
        assert step
        assert found(again.scenario, words(chosen)) == []
    again.scenario.run_until_idle()
    again.scenario.sandbox.clock.advance(TAKE_OVER_WAIT)
    again.scenario.run_until_idle()
    assert (memo(scenario), names(scenario)) == before
    shown = again.status(mail).along
    assert shown is not None
    assert shown.text is (AlongText.NONE if chosen.text is TextPart.NONE else AlongText.NEW)

    scenario.add_contact(LIS, "Skovby")
    again.scenario.poll_webcrm()
    again.choose(mail, scenario.organisations["Skovby"])
    again.scenario.run_until_idle()
    again.undo(mail)
    again.scenario.run_until_idle()
    again.sync(mail)
    again.scenario.run_until_idle()
    assert found(again.scenario, words(chosen)) == []

    again.sync(mail, along=along(TextPart.WHOLE, all_files=True))
    again.scenario.run_until_idle()
    assert names(scenario) == [DRAWING, OFFER, NEW_PICTURE, OLD_PICTURE]


@pytest.mark.parametrize("chosen", CHOICES)
def test_a_mailbox_that_is_added_again_stores_nothing_of_it(kim: PaneUser, chosen: Along) -> None:
    filed(kim, chosen)
    again = lose_database(kim)
    context = again.scenario.context
    admin.add(context, admin.inspect(context, KIM), take_over=True)
    again.scenario.run_until_idle()
    assert found(again.scenario, words(chosen)) == []
    again.scenario.wait(TAKE_OVER_WAIT)
    assert found(again.scenario, words(chosen)) == []
    again.scenario.poll_webcrm()
    again.scenario.discover()
    assert found(again.scenario, words(chosen)) == []
    assert len(again.scenario.activities) == 1


@pytest.mark.parametrize("chosen", CHOICES)
def test_a_deleted_activity_comes_back_as_it_was_chosen(
    scenario: Scenario, kim: PaneUser, chosen: Along
) -> None:
    mail = filed(kim, chosen)
    table = scenario.sandbox.crm.tables["Activity"]
    for activity in scenario.activities:
        table.delete(activity["ActivityId"])
    *_, last = prove.prove_webcrm(scenario.context)
    assert last.differences
    scenario.discover()
    kim.sync_anyway(mail)
    scenario.run_until_idle()
    assert len(scenario.activities) == 1
    assert found(scenario, words(chosen)) == []


@pytest.mark.parametrize("chosen", CHOICES)
def test_another_place_and_another_copy_obey_the_choice(
    scenario: Scenario, kim: PaneUser, chosen: Along
) -> None:
    mail = filed(kim, chosen)
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    kim.box.move(mail, "inbox")
    scenario.discover()
    kim.box.move(mail, f"inbox/{FOLDER}")
    scenario.discover()
    kim.sync(mail, scenario.organisations["Skovby"])
    scenario.run_until_idle()
    assert found(scenario, words(chosen)) == []


def test_a_proof_adopts_a_lost_filing_with_its_choice(scenario: Scenario, kim: PaneUser) -> None:
    mail = filed(kim, CHOICES[0])
    with scenario.context.begin() as tx:
        tx.connection.execute(text("DELETE FROM filing"))
        tx.connection.execute(text("UPDATE email SET along = NULL"))
    *_, last = prove.prove_webcrm(scenario.context)
    assert last.differences
    scenario.discover()
    assert len(scenario.activities) == 1
    shown = kim.status(mail).along
    assert shown is not None
    assert shown.text is AlongText.NEW
    assert found(scenario, LEFT_OUT) == []
