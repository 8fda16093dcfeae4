"""Chooses the time that an Activity shows, and keeps times within webCRM's range."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: A mail waits up to 5 days in a queue (RFC 5321 4.5.4.1) and up to 30 in quarantine (Microsoft
#: Defender: quarantine retention). It cannot be older than that when it arrives.
_MAX_TRANSIT = timedelta(days=30)
#: No mail arrives before it is sent, but clocks in a wrong time zone differ by up to 26 hours in
#: theory and 14 in practice. A larger difference means that the clock was never set.
_MAX_CLOCK_ERROR = timedelta(days=1)
#: There was no e-mail before. Clocks and formats without a time begin at 1601, 1899, 1904, 1970.
_EARLIEST_MAIL = datetime(1971, 1, 1, tzinfo=UTC)
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
#: SQL Server's `datetime` holds 1753 to 9999; one day at each end is left for time zones.
_EARLIEST = datetime(1753, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def mail_time(
    sent_at: datetime | None, received_at: datetime | None, found_at: datetime | None
) -> datetime:
    """The time of sending if it is plausible, else the time of arrival, else the time of discovery.

    The sender's clock sets the time of sending, and anybody can forge it. Exchange sets the time of
    arrival. `found_at`: None = unknown, then no time is too late.

    >>> day = datetime(2026, 3, 1, tzinfo=UTC)
    >>> mail_time(datetime(1601, 1, 1, tzinfo=UTC), day, found_at=day) == day
    True
    """
    latest = found_at + _MAX_CLOCK_ERROR if found_at else _LATEST
    sent, received = (
        at if at is not None and _EARLIEST_MAIL <= at <= latest else None
        for at in (sent_at, received_at)
    )
    if sent is None or received is None:
        return sent or received or found_at or _NO_TIME
    return sent if received - _MAX_TRANSIT <= sent <= received + _MAX_CLOCK_ERROR else received


def earliest_time(sent_at: datetime | None, received_at: datetime | None) -> datetime | None:
    """The earlier of both times. No Activity of the mail is older."""
    return min((at for at in (sent_at, received_at) if at is not None), default=None)


def clamp_for_webcrm(at: datetime) -> datetime:
    """The time, or the nearest one that webCRM can hold in every time zone."""
    return min(max(at, _EARLIEST), _LATEST)


def to_storable_time(at: datetime | None) -> datetime | None:
    """The time, None if it cannot be read back in every time zone."""
    return at if at is not None and at <= _LATEST else None
