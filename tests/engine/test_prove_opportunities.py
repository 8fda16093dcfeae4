"""`prove` compares the Opportunity of each filed mail with webCRM."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from support.opportunities import put_under
from support.reconciliation import ProvedMailbox
from webcrm_sync.engine.reconciliation.differences import Kind


@pytest.fixture
def crane(proved: ProvedMailbox) -> int:
    """The Opportunity of the first mail, which webCRM has had for two hours."""
    scenario = proved.scenario
    place = scenario.organisations["Havnebyg"]
    number = scenario.sandbox.crm.add_opportunity(place, "Crane", number="4711")
    scenario.poll_webcrm()
    put_under(scenario, proved.box, proved.synced[0], "Havnebyg", number)
    scenario.run_until_idle()
    scenario.wait(timedelta(hours=2))
    assert opportunity(proved) == number
    return number


def opportunity(proved: ProvedMailbox) -> int | None:
    """The Opportunity of the first mail's Activity in webCRM, None = none."""
    crm = proved.scenario.sandbox.crm
    return crm.tables["Activity"][proved.activity_id(0)].get("ActivityOpportunityId") or None


def recorded(proved: ProvedMailbox) -> int | None:
    """The Opportunity of the first mail in our rows."""
    with proved.scenario.context.begin() as tx:
        query = text("SELECT opportunity_id FROM filing WHERE activity_id = :activity")
        found: int | None = tx.connection.scalar(query, {"activity": proved.activity_id(0)})
    return found


def damage(proved: ProvedMailbox, opportunity_id: int) -> None:
    """Change the Activity's Opportunity behind webCRM's back: it notes no change."""
    table = proved.scenario.sandbox.crm.tables["Activity"]
    table[proved.activity_id(0)]["ActivityOpportunityId"] = opportunity_id


@pytest.mark.usefixtures("crane")
def test_an_opportunity_that_agrees_is_no_difference(proved: ProvedMailbox) -> None:
    assert proved.differences() == []


def test_a_lost_opportunity_is_set_again(proved: ProvedMailbox, crane: int) -> None:
    damage(proved, 0)
    proved.check_healed(Kind.OPPORTUNITY_LOST)
    assert opportunity(proved) == recorded(proved) == crane


def test_a_wrong_opportunity_is_set_right(proved: ProvedMailbox, crane: int) -> None:
    place = proved.scenario.organisations["Havnebyg"]
    damage(proved, proved.scenario.sandbox.crm.add_opportunity(place, "Pier"))
    proved.check_healed(Kind.OPPORTUNITY_LOST)
    assert opportunity(proved) == recorded(proved) == crane


def test_an_opportunity_that_our_rows_lost_is_taken_from_webcrm(
    proved: ProvedMailbox, crane: int
) -> None:
    proved.sql("UPDATE filing SET opportunity_id = NULL, opportunity_at = NULL")
    proved.check_healed(Kind.OPPORTUNITY)
    assert opportunity(proved) == recorded(proved) == crane


def test_a_wrong_opportunity_in_our_rows_that_is_foreign_is_never_set(
    proved: ProvedMailbox, crane: int
) -> None:
    crm = proved.scenario.sandbox.crm
    other = crm.add_opportunity(crm.add_organisation("Fjordlaks"), "Salmon")
    proved.sql(f"UPDATE filing SET opportunity_id = {other} WHERE opportunity_id IS NOT NULL")
    proved.check_healed(Kind.OPPORTUNITY_LOST)
    assert opportunity(proved) == recorded(proved) == crane


@pytest.mark.parametrize("is_none", [False, True])
@pytest.mark.usefixtures("crane")
def test_what_a_person_changed_in_webcrm_wins(proved: ProvedMailbox, is_none: bool) -> None:
    crm = proved.scenario.sandbox.crm
    pier = crm.add_opportunity(proved.scenario.organisations["Havnebyg"], "Pier")
    chosen = 0 if is_none else pier
    crm.edit_activity(proved.activity_id(0), ActivityOpportunityId=chosen)
    proved.scenario.wait(timedelta(hours=2))
    proved.check_healed(Kind.OPPORTUNITY)
    assert (opportunity(proved) or 0, recorded(proved) or 0) == (chosen, chosen)
    story = proved.scenario.timeline(proved.box.read(proved.synced[0]))
    assert story.lines[-1].sentence.startswith(
        "Opportunity changed in webCRM: " + ("–" if is_none else "Pier")
    )


@pytest.mark.usefixtures("crane")
def test_a_mail_that_a_person_moved_in_webcrm_with_its_opportunity(proved: ProvedMailbox) -> None:
    crm = proved.scenario.sandbox.crm
    place = crm.add_organisation("Fjordlaks")
    salmon = crm.add_opportunity(place, "Salmon")
    crm.edit_activity(
        proved.activity_id(0), ActivityOrganisationId=place, ActivityOpportunityId=salmon
    )
    proved.scenario.wait(timedelta(hours=2))
    proved.check_healed(Kind.MOVED)
    assert opportunity(proved) == recorded(proved) == salmon


def test_a_change_that_waits_is_no_difference(proved: ProvedMailbox, crane: int) -> None:
    put_under(proved.scenario, proved.box, proved.synced[0], "Havnebyg", None)
    assert proved.differences() == []
    assert opportunity(proved) is None
    assert crane
