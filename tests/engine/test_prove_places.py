"""`prove` and `rebuild` know the places that people added, moved and took away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.pane_user import PaneUser
from support.reconciliation import ProvedMailbox
from support.scenario import BOTH
from webcrm_sync.core.places import AddPlace, RemovePlace
from webcrm_sync.engine.reconciliation.differences import Kind

WITHDRAWN = "[withdrawn] Mail 0"


@pytest.fixture
def edited(proved: ProvedMailbox) -> ProvedMailbox:
    """The first mail was moved from Havnebyg to Mill and Else, place by place, hours ago."""
    scenario = proved.scenario
    for name in ("Mill", "Else"):
        scenario.organisations[name] = scenario.sandbox.crm.add_organisation(name)
    scenario.poll_webcrm()
    kim, mail = PaneUser(scenario, proved.box), proved.synced[0]
    for name in ("Mill", "Else"):
        kim.edit(mail, AddPlace(scenario.organisations[name]))
    scenario.run_until_idle()
    kim.edit(mail, RemovePlace(scenario.organisations["Havnebyg"]))
    scenario.run_until_idle()
    scenario.wait(timedelta(hours=3))
    return proved


def places(proved: ProvedMailbox) -> list[str]:
    """The names of the first mail's places, as the pane shows them."""
    shown = PaneUser(proved.scenario, proved.box).status(proved.synced[0])
    return sorted(target.organisation for target in shown.targets)


def subjects(proved: ProvedMailbox, name: str) -> list[str]:
    """The subjects of the first mail's Activities at this Organisation."""
    under = proved.scenario.activities_under(name)
    return [a["ActivityDescription"] for a in under if "Mail 0" in a["ActivityDescription"]]


def test_places_that_people_edited_are_no_difference(edited: ProvedMailbox) -> None:
    assert edited.differences() == []
    assert places(edited) == ["Else", "Mill"]


def test_a_place_that_was_taken_away_is_not_recorded_again(edited: ProvedMailbox) -> None:
    """The rows come from a backup of before."""
    edited.sql("UPDATE filing SET is_withdrawn = false, is_replaced = false WHERE is_withdrawn")
    edited.check_healed(Kind.TAKEN_AWAY)
    assert places(edited) == ["Else", "Mill"]
    assert subjects(edited, "Havnebyg") == [WITHDRAWN]


def test_a_row_of_a_place_that_was_taken_away_returns_as_such(edited: ProvedMailbox) -> None:
    edited.sql("DELETE FROM filing WHERE is_withdrawn")
    edited.check_healed(Kind.LOST_FILING)
    assert places(edited) == ["Else", "Mill"]
    kim, mail = PaneUser(edited.scenario, edited.box), edited.synced[0]
    kim.undo(mail)
    edited.scenario.discover()
    kim.sync(mail)
    edited.scenario.discover()
    assert places(edited) == ["Else", "Mill"]
    assert subjects(edited, "Havnebyg") == [WITHDRAWN]


def test_a_lost_row_of_an_added_place_returns(edited: ProvedMailbox) -> None:
    mill = edited.scenario.organisations["Mill"]
    edited.sql("DELETE FROM filing WHERE organisation_id = :mill", mill=mill)
    edited.check_healed(Kind.LOST_FILING)
    assert places(edited) == ["Else", "Mill"]


def test_a_withdrawal_that_was_lost_is_written_again(proved: ProvedMailbox) -> None:
    scenario, mail = proved.scenario, proved.synced[0]
    mill = scenario.organisations["Mill"] = scenario.sandbox.crm.add_organisation("Mill")
    scenario.poll_webcrm()
    kim = PaneUser(scenario, proved.box)
    kim.edit(mail, AddPlace(mill))
    scenario.run_until_idle()
    scenario.sandbox.faults.unavailable("webcrm")
    kim.edit(mail, RemovePlace(scenario.organisations["Havnebyg"]))
    proved.sql("DELETE FROM wish")
    scenario.sandbox.faults.clear()
    scenario.wait(timedelta(hours=3))
    assert subjects(proved, "Havnebyg") == ["Mail 0"]
    proved.check_healed(Kind.NOT_EMPTIED)
    assert subjects(proved, "Havnebyg") == [WITHDRAWN]
    assert places(proved) == ["Mill"]


def test_what_a_person_writes_into_a_withdrawn_activity_stays(edited: ProvedMailbox) -> None:
    crm = edited.scenario.sandbox.crm
    (activity,) = edited.scenario.activities_under("Havnebyg")[:0] or [
        a for a in edited.scenario.activities if a["ActivityDescription"] == WITHDRAWN
    ]
    words = {"ActivityDescription": "Call Bo", "ActivityMemo": "About the offer"}
    crm.edit_activity(activity["ActivityId"], **words)
    edited.scenario.wait(timedelta(hours=3))
    assert edited.differences() == []
    assert crm.tables["Activity"][activity["ActivityId"]]["ActivityMemo"] == "About the offer"


def test_an_emptied_activity_of_a_mail_in_the_folder_is_filled_again(
    proved: ProvedMailbox,
) -> None:
    crm, activity_id = proved.scenario.sandbox.crm, proved.activity_id(0)
    crm.edit_activity(activity_id, ActivityDescription=WITHDRAWN, ActivityMemo="")
    proved.check_healed(Kind.EMPTIED)
    assert crm.tables["Activity"][activity_id]["ActivityDescription"] == "Mail 0"
    assert crm.tables["Activity"][activity_id]["ActivityMemo"]
    assert proved.box.read(proved.synced[0]).categories == BOTH


def test_a_sender_who_writes_that_a_mail_is_withdrawn_withdraws_nothing(
    proved: ProvedMailbox,
) -> None:
    activity_id = proved.activity_id(0)
    proved.scenario.sandbox.crm.edit_activity(activity_id, ActivityDescription=WITHDRAWN)
    assert proved.differences() == []
    assert places(proved) == ["Havnebyg"]
