"""The time of a mail, and the times that webCRM can hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.times import (
    clamp_for_webcrm,
    earliest_time,
    mail_time,
    to_storable_time,
)
from webcrm_sync.webcrm.requests import format_time

CAME = datetime(2026, 3, 1, 12, tzinfo=UTC)
FOUND = CAME + timedelta(days=3)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
moments = st.datetimes(timezones=st.just(UTC))
ZONES = [
    UTC,
    timezone(14 * HOUR),
    timezone(-12 * HOUR),
    ZoneInfo("Europe/Copenhagen"),
    ZoneInfo("America/New_York"),
]


def year(number: int) -> datetime:
    return datetime(number, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "sent",
    [
        CAME,
        CAME - timedelta(seconds=2),
        CAME + timedelta(minutes=2),  # a clock that is ahead
        CAME - 5 * HOUR,
        CAME - DAY,
        CAME - 5 * DAY,  # it waited in a queue
        CAME - 14 * DAY,
        CAME - 30 * DAY,  # it was let out of the quarantine
        CAME + 2 * HOUR,  # a clock without summer time
        CAME + 14 * HOUR,  # a clock in another zone
        CAME + DAY,
    ],
)
def test_a_sent_time_is_believed_within_a_possible_delivery_time(sent: datetime) -> None:
    assert mail_time(sent, CAME, FOUND) == sent


@pytest.mark.parametrize(
    "sent",
    [
        year(1601),
        year(1753),
        datetime(1899, 12, 30, tzinfo=UTC),
        year(1904),
        year(1970),
        datetime(1970, 1, 1, 1, tzinfo=UTC),
        year(1971),
        year(1980),
        year(2000),
        CAME - timedelta(days=365),
        CAME - 31 * DAY,
        CAME + DAY + timedelta(seconds=1),
        CAME + 2 * DAY,
        CAME + timedelta(days=31),
        CAME + timedelta(days=365),
        year(2038),
        year(2096),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2, 1, 1, tzinfo=UTC),
        None,
    ],
)
def test_a_sent_time_far_from_the_arrival_is_replaced_by_it(sent: datetime | None) -> None:
    assert mail_time(sent, CAME, FOUND) == CAME


@pytest.mark.parametrize(
    ("sent", "came", "right"),
    [
        (CAME, None, CAME),
        (CAME, year(1601), CAME),
        (CAME, year(2096), CAME),
        (year(1601), None, FOUND),
        (year(1601), year(1601), FOUND),
        (year(2096), None, FOUND),
        (year(2096), year(2096), FOUND),
        (year(1970), year(2096), FOUND),
        (None, year(1970), FOUND),
        (None, None, FOUND),
        (year(1994), year(1994), year(1994)),  # an old mail, filed today
        (year(2007) - DAY, year(2007), year(2007) - DAY),
        (FOUND + HOUR, None, FOUND + HOUR),
        (FOUND + 2 * DAY, None, FOUND),
        (FOUND + DAY, None, FOUND + DAY),
        (year(1971), None, year(1971)),
        (year(1971) - timedelta(seconds=1), None, FOUND),
    ],
)
def test_without_a_credible_arrival_a_true_time_is_used(
    sent: datetime | None, came: datetime | None, right: datetime
) -> None:
    assert mail_time(sent, came, FOUND) == right


def test_a_mail_without_any_time_shows_1970() -> None:
    assert mail_time(None, None, None) == year(1970)


@given(moments | st.none(), moments | st.none(), moments)
def test_one_of_the_three_times_is_used(
    sent: datetime | None, came: datetime | None, found: datetime
) -> None:
    if found < datetime(9999, 12, 30, tzinfo=UTC):
        said = mail_time(sent, came, found)
        assert said in (sent, came, found)
        assert said <= found + DAY


@pytest.mark.parametrize(
    ("sent", "came", "right"),
    [
        (None, None, None),
        (CAME, None, CAME),
        (None, CAME, CAME),
        (year(2096), CAME, CAME),
        (year(1601), CAME, year(1601)),
    ],
)
def test_no_record_of_a_mail_is_older_than_its_earliest_time(
    sent: datetime | None, came: datetime | None, right: datetime | None
) -> None:
    assert earliest_time(sent, came) == right


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(ZONES))
def test_a_time_that_webcrm_cannot_hold_is_never_sent(
    at: datetime, zone: timezone | ZoneInfo
) -> None:
    text = format_time(at, zone)
    said = datetime.fromisoformat(text.replace("Z", "+00:00"))
    for read in (said.replace(tzinfo=UTC), said.astimezone(UTC)):
        assert year(1753) <= read <= datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    if datetime(1754, 1, 1, tzinfo=UTC) <= at <= datetime(9999, 12, 1, tzinfo=UTC):
        assert abs(said - at) < timedelta(seconds=60)  # old zones have seconds


@pytest.mark.parametrize("offset", [-14, -1, 0, 1, 14])
def test_extreme_times_are_clamped(offset: int) -> None:
    zone = timezone(offset * HOUR)
    first, last = (datetime(y, m, d, tzinfo=UTC) for y, m, d in ((1, 1, 1), (9999, 12, 31)))
    assert format_time(first, zone)[:5] == "1753-"
    assert format_time(last, zone)[:8] == "9999-12-"


def test_a_time_that_the_database_cannot_return_is_not_stored() -> None:
    assert to_storable_time(None) is None
    assert to_storable_time(CAME) == CAME
    assert to_storable_time(year(1601)) == year(1601)
    assert to_storable_time(datetime(9999, 12, 31, 12, tzinfo=UTC)) is None


def test_one_day_is_left_for_time_zones_at_each_end_of_what_webcrm_holds() -> None:
    first, last = (datetime(*day, tzinfo=UTC) for day in ((1753, 1, 2), (9999, 12, 30)))
    assert clamp_for_webcrm(year(1)) == first
    assert clamp_for_webcrm(last + DAY) == last
    assert to_storable_time(last) == last
    assert to_storable_time(last + timedelta(seconds=1)) is None
