"""Mails with times that cannot be: the Activity has the time that can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from support.scenario import BO, BOTH, FOLDER, KIM, OpenPlay, Play
from webcrm_sync.core.states import State
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

DAY = timedelta(days=1)


def year(number: int) -> datetime:
    return datetime(number, 1, 1, 12, tzinfo=UTC)


def filed_at(play: Play, box: SimMailbox, mail: Mail) -> datetime:
    """The time of the Activity that the mail becomes."""
    item = play.drag(box, mail)
    play.look()
    assert box.read(item).categories == BOTH
    (activity,) = play.activities
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
def test_a_time_sent_that_cannot_be_gives_way_to_the_time_received(
    play: Play, box: SimMailbox, sent: datetime
) -> None:
    came = play.stage.clock.now().replace(microsecond=0)
    mail = Mail("Odd clock", BO, KIM, sent_at=sent, received_at=came)
    assert filed_at(play, box, mail) == came


@pytest.mark.parametrize("off", [2 * DAY, 31 * DAY, -31 * DAY, -365 * DAY])
def test_a_time_sent_far_from_the_time_received_gives_way_to_it(
    play: Play, box: SimMailbox, off: timedelta
) -> None:
    came = play.stage.clock.now().replace(microsecond=0)
    mail = Mail("Odd clock", BO, KIM, sent_at=came + off, received_at=came)
    assert filed_at(play, box, mail) == came


@pytest.mark.parametrize("off", [timedelta(0), timedelta(hours=11), -5 * DAY, -20 * DAY])
def test_a_time_sent_that_can_be_counts(play: Play, box: SimMailbox, off: timedelta) -> None:
    came = play.stage.clock.now().replace(microsecond=0)
    mail = Mail("Slow way", BO, KIM, sent_at=came + off, received_at=came)
    assert filed_at(play, box, mail) == came + off


@pytest.mark.parametrize("both", [year(1601), year(2096)])
def test_where_no_time_can_be_the_mail_counts_as_written_when_it_was_found(
    play: Play, box: SimMailbox, both: datetime
) -> None:
    before = play.stage.clock.now() - timedelta(seconds=1)
    at = filed_at(play, box, Mail("No clock", BO, KIM, sent_at=both, received_at=both))
    assert before <= at <= play.stage.clock.now()


def test_an_old_mail_keeps_its_time(play: Play, box: SimMailbox) -> None:
    mail = Mail("Old", BO, KIM, sent_at=year(1994), received_at=year(1994))
    assert filed_at(play, box, mail) == year(1994)


def test_a_sent_mail_keeps_its_time(play: Play, box: SimMailbox) -> None:
    item = play.drag(box, Mail("Out", KIM, BO), place="sentitems")
    play.look()
    (activity,) = play.activities
    assert activity["ActivityDateTime"] == box.read(item).sent_at


@pytest.mark.parametrize("sent", [year(1601), year(2096)])
def test_a_mail_synced_before_is_looked_for_whatever_its_clock_said(
    open_play: OpenPlay, sent: datetime
) -> None:
    play = open_play()
    play.contact(BO)
    box = play.stage.outlook.add_mailbox(KIM, "Kim Nordwind")
    came = play.stage.clock.now()
    mail = Mail("Before", BO, KIM, sent_at=sent, received_at=came, categories=BOTH)
    item = box.put(mail, box.make_folder("inbox", FOLDER))
    play.watch()
    play.settle()
    assert play.item(box, item).state is State.SKIPPED
    assert play.stage.journal.count("webcrm", status=500) == 0
    assert play.activities == []
