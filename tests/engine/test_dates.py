"""Mails with impossible times: the Activity has a possible one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from support.scenario import BO, BOTH, FOLDER, KIM, OpenScenario, Scenario
from webcrm_sync.core.states import State
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

DAY = timedelta(days=1)


def year(number: int) -> datetime:
    return datetime(number, 1, 1, 12, tzinfo=UTC)


def filed_at(scenario: Scenario, box: SimMailbox, mail: Mail) -> datetime:
    """Sync the mail; the time of its Activity."""
    item = scenario.drag(box, mail)
    scenario.discover()
    assert box.read(item).categories == BOTH
    (activity,) = scenario.activities
    at = activity["ActivityDateTime"]
    assert isinstance(at, datetime)
    return at


@pytest.mark.parametrize(
    "sent",
    [
        year(1601),
        year(1753),
        year(1899),
        year(1970),
        year(1980),
        year(2000),
        year(2096),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2, 1, 1, tzinfo=UTC),
    ],
)
def test_an_impossible_sent_time_is_replaced_by_the_received_time(
    scenario: Scenario, box: SimMailbox, sent: datetime
) -> None:
    came = scenario.sandbox.clock.now().replace(microsecond=0)
    mail = Mail("Odd clock", BO, KIM, sent_at=sent, received_at=came)
    assert filed_at(scenario, box, mail) == came


@pytest.mark.parametrize("off", [2 * DAY, 31 * DAY, -31 * DAY, -365 * DAY])
def test_a_sent_time_far_from_the_received_time_is_replaced_by_it(
    scenario: Scenario, box: SimMailbox, off: timedelta
) -> None:
    came = scenario.sandbox.clock.now().replace(microsecond=0)
    mail = Mail("Odd clock", BO, KIM, sent_at=came + off, received_at=came)
    assert filed_at(scenario, box, mail) == came


@pytest.mark.parametrize("off", [timedelta(0), timedelta(hours=11), -5 * DAY, -20 * DAY])
def test_a_possible_sent_time_counts(scenario: Scenario, box: SimMailbox, off: timedelta) -> None:
    came = scenario.sandbox.clock.now().replace(microsecond=0)
    mail = Mail("Slow way", BO, KIM, sent_at=came + off, received_at=came)
    assert filed_at(scenario, box, mail) == came + off


@pytest.mark.parametrize("both", [year(1601), year(2096)])
def test_a_mail_without_a_possible_time_gets_the_time_it_was_found(
    scenario: Scenario, box: SimMailbox, both: datetime
) -> None:
    before = scenario.sandbox.clock.now() - timedelta(seconds=1)
    at = filed_at(scenario, box, Mail("No clock", BO, KIM, sent_at=both, received_at=both))
    assert before <= at <= scenario.sandbox.clock.now()


def test_an_old_mail_keeps_its_time(scenario: Scenario, box: SimMailbox) -> None:
    mail = Mail("Old", BO, KIM, sent_at=year(1994), received_at=year(1994))
    assert filed_at(scenario, box, mail) == year(1994)


def test_a_sent_mail_keeps_its_time(scenario: Scenario, box: SimMailbox) -> None:
    item = scenario.drag(box, Mail("Out", KIM, BO), place="sentitems")
    scenario.discover()
    (activity,) = scenario.activities
    assert activity["ActivityDateTime"] == box.read(item).sent_at


@pytest.mark.parametrize("sent", [year(1601), year(2096)])
def test_a_mail_synced_before_is_searched_whatever_its_sent_time(
    open_scenario: OpenScenario, sent: datetime
) -> None:
    scenario = open_scenario()
    scenario.add_contact(BO)
    box = scenario.sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    came = scenario.sandbox.clock.now()
    mail = Mail("Before", BO, KIM, sent_at=sent, received_at=came, categories=BOTH)
    item = box.put(mail, box.make_folder("inbox", FOLDER))
    scenario.watch()
    scenario.run_all_retries()
    assert scenario.item(box, item).state is State.SKIPPED
    assert scenario.sandbox.journal.count("webcrm", status=500) == 0
    assert scenario.activities == []
