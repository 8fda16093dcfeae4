"""People choose what goes along while the mail is on its way, or cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.interleave import worker
from support.left_out import (
    DRAWING,
    EARLIER,
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
from support.planting import ErrorPlanter, MailTraces
from support.scenario import BO, BOTH, FOLDER, Scenario
from webcrm_sync.core.along import Along, TextPart
from webcrm_sync.engine.pane.along_status import AlongText

EVERYTHING = [TEXT, EARLIER, OFFER, DRAWING, NEW_PICTURE, OLD_PICTURE]
MORE = along(TextPart.WHOLE, all_files=True)


@pytest.fixture
def kim(scenario: Scenario) -> PaneUser:
    """Kim at the pane; webCRM knows Bo."""
    scenario.add_contact(BO)
    return add_pane_user(scenario)


def press(kim: PaneUser, mail: str, chosen: Along) -> None:
    """Press Sync with this choice."""
    kim.sync(mail, along=chosen)


def test_a_draft_that_was_composed_before_a_choice_is_not_sent(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = scenario.drag(kim.box, offer())
    during = worker(
        scenario,
        "graph",
        "list_attachments",
        after=lambda: press(kim, mail, along(TextPart.NONE)),
    )
    during.discover()
    scenario.run_all_retries()
    assert kim.box.read(mail).categories == BOTH
    assert found(scenario, EVERYTHING) == []


@pytest.mark.parametrize("chosen", [along(TextPart.NONE), along(TextPart.WHOLE, OFFER)])
def test_what_a_person_asks_for_while_the_mail_is_sent_follows_it(
    scenario: Scenario, kim: PaneUser, chosen: Along
) -> None:
    mail = kim.box.deliver(offer())
    kim.sync(mail, along=chosen)
    during = worker(scenario, "webcrm", "write_activities", before=lambda: press(kim, mail, MORE))
    during.run_until_idle()
    scenario.run_all_retries()
    assert len(names(scenario)) == 4
    assert EARLIER in memo(scenario)
    assert "Left out" not in memo(scenario)


def test_a_choice_survives_until_an_odd_mail_can_be_read(scenario: Scenario, kim: PaneUser) -> None:
    scenario.is_guarded = True
    mail = kim.box.deliver(offer())
    kim.box.move(mail, f"inbox/{FOLDER}")
    place = "engine.discovery.arrivals:email_row"
    with ErrorPlanter(MailTraces(("Offer",), frozenset()), place).watching():
        scenario.discover()
    kim.sync(mail, along=along(TextPart.NONE))
    scenario.context = replace(scenario.context, version="next")
    scenario.wait(timedelta(hours=1))
    scenario.run_all_retries()
    assert kim.box.read(mail).categories == BOTH
    assert found(scenario, EVERYTHING) == []


def test_attachments_that_are_listed_late_are_counted_in_the_activity(
    scenario: Scenario, kim: PaneUser
) -> None:
    mail = kim.box.deliver(offer())
    kim.sync(mail, along=along(TextPart.NONE))
    scenario.sandbox.faults.deny(
        service="graph", when=lambda _, path: path.endswith("/attachments"), limit=1
    )
    scenario.run_all_retries()
    assert kim.box.read(mail).categories == BOTH
    assert "Left out by choice: the text, 2 attachments." in memo(scenario)
    assert found(scenario, EVERYTHING) == []


def test_the_pane_shows_a_choice_as_soon_as_it_is_made(scenario: Scenario, kim: PaneUser) -> None:
    mail = kim.box.deliver(offer())

    def shown() -> tuple[AlongText, tuple[str, ...] | None]:
        view = kim.status(mail).along
        assert view is not None
        return view.text, view.wanted_files

    kim.sync(mail, along=along(TextPart.NONE, OFFER))
    assert shown() == (AlongText.NONE, (OFFER,))
    scenario.run_until_idle()
    kim.undo(mail)
    assert shown() == (AlongText.NONE, (OFFER,))
    kim.sync(mail, along=along(TextPart.NEW, all_files=True))
    assert shown() == (AlongText.NEW, None)


def test_a_colleague_sees_what_is_in_webcrm_whatever_she_chooses(
    scenario: Scenario, kim: PaneUser
) -> None:
    ute = add_pane_user(scenario, "ute@nordwind.example", "Ute Nordwind")
    mail = offer(message_id="<one@havnebyg.example>")
    kim.sync(kim.box.deliver(mail))
    hers = ute.box.deliver(mail)
    scenario.run_until_idle()
    shown = ute.sync(hers, along=along(TextPart.NONE)).along
    assert shown is not None
    assert (shown.text, shown.wanted_files) == (AlongText.WHOLE, None)
