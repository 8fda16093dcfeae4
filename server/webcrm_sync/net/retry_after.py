"""Reads Retry-After (RFC 9110, 10.2.3) for Graph, Entra and webCRM. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: The longest accepted wait. The services' limits count requests over at most 10 minutes
#: (Microsoft Graph: throttling limits, Outlook; webCRM: a minute), and an hour leaves room for
#: maintenance. A longer value is probably wrong, such as milliseconds in place of seconds, and
#: would stop all filing. If it is right, the cap costs one refused call an hour.
LONGEST_WAIT = timedelta(hours=1)
_SECONDS = re.compile(r"[0-9]+(?:[.,][0-9]+)?")


def read_retry_after(value: str | None, now: datetime) -> datetime | None:
    """The moment from which the service accepts calls again, None if `value` does not say.

    `value`: seconds or an HTTP date. Seconds may have decimals (Microsoft Graph: throttling, its
    own sample). The moment is between `now` and `now` + LONGEST_WAIT.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        seconds = float(text.replace(",", "."))
        return now + timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at, now), now + LONGEST_WAIT).astimezone(UTC)
