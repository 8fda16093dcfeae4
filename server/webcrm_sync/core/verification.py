"""Is it there? What a search after an unclear answer means, and when to search again. Pure.

A service that broke off may have written what was sent. Nothing is sent again before two searches
have not found it, the second one later than the search's lag (WEBCRM_SETTLE_SECONDS).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

#: The first search comes soon: mostly it finds the thing at once.
FIRST_SEARCH = timedelta(seconds=2)
#: The shortest time between the second search and the next one.
_BETWEEN_SEARCHES = timedelta(seconds=5)
#: How long after its intent a thing may be sent where no search lag is configured.
_SEND_WITHIN = timedelta(seconds=5)


class VerifyDecision(Enum):
    """What a search that found nothing means."""

    SEARCH_AGAIN = "search again"
    NOT_THERE = "not there"


def decide_after_search(
    *, intent_at: datetime, searches: int, now: datetime, settle: timedelta
) -> VerifyDecision:
    """The decision after `searches` searches without a find, the latest included.

    NOT_THERE takes two searches, the latest of them past the search's lag.
    """
    is_settled = now >= intent_at + settle
    is_certain = searches >= 2 and is_settled
    return VerifyDecision.NOT_THERE if is_certain else VerifyDecision.SEARCH_AGAIN


def next_search_at(*, intent_at: datetime, now: datetime, settle: timedelta) -> datetime:
    """When to search again: past the lag, and not immediately."""
    return max(intent_at + settle, now + min(settle, _BETWEEN_SEARCHES))


def latest_send_at(intent_at: datetime, *, settle: timedelta) -> datetime:
    """The moment after which the owner of an intent must not send any more.

    Another worker that takes over from one that seems dead searches twice and then sends. A
    worker that wakes up after that leaves the sending to it.
    """
    return intent_at + max(settle / 2, _SEND_WITHIN)
