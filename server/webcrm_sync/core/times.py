"""Which of its times a mail's Activity shows, and which times webCRM can hold. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: A mail waits up to 5 days in a queue (RFC 5321 4.5.4.1) and up to 30 in a quarantine before it
#: is released (Microsoft Defender: quarantine retention). So it can be that much older than its
#: arrival, and no more.
_LONGEST_WAY = timedelta(days=30)
#: Nothing is sent after it arrived. Clocks in a wrong time zone are up to 26 hours ahead in
#: theory, 14 in practice; what is further off was never set.
_CLOCKS_APART = timedelta(days=1)
#: There was no mail before. Clocks and formats that lost the time begin at 1601, 1899, 1904, 1970.
_FIRST_MAIL = datetime(1971, 1, 1, tzinfo=UTC)
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
#: SQL Server's `datetime` holds 1753 to 9999; a day is left for its zone at either end.
_EARLIEST = datetime(1753, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def mail_time(
    sent_at: datetime | None, received_at: datetime | None, found_at: datetime | None
) -> datetime:
    """When the mail was sent, as far as that can be; else when it arrived, else when we found it.

    The sender's clock says when it was sent, and anybody can write it; Exchange's says when it
    arrived. `found_at` None: not known, and nothing is compared with it.

    >>> day = datetime(2026, 3, 1, tzinfo=UTC)
    >>> mail_time(datetime(1601, 1, 1, tzinfo=UTC), day, found_at=day) == day
    True
    """
    latest = found_at + _CLOCKS_APART if found_at else _LATEST
    sent, received = (
        at if at is not None and _FIRST_MAIL <= at <= latest else None
        for at in (sent_at, received_at)
    )
    if sent is None or received is None:
        return sent or received or found_at or _NO_TIME
    return sent if received - _LONGEST_WAY <= sent <= received + _CLOCKS_APART else received


def earliest_time(sent_at: datetime | None, received_at: datetime | None) -> datetime | None:
    """Nothing was made of the mail before this, whichever of its times is wrong."""
    return min((at for at in (sent_at, received_at) if at is not None), default=None)


def clamp_for_webcrm(at: datetime) -> datetime:
    """The moment, or the nearest one that webCRM can hold in every time zone."""
    return min(max(at, _EARLIEST), _LATEST)


def to_storable_time(at: datetime | None) -> datetime | None:
    """The moment, None for one that cannot be read back in every time zone."""
    return at if at is not None and at <= _LATEST else None
