"""Decides what a search after an unclear write means, and when to search again.

A service whose answer was lost may still have written the record. The product sends the record
again only after two searches without a result, the second one after the search lag
(WEBCRM_SETTLE_SECONDS).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

#: The first search comes early, since it mostly finds the record.
FIRST_SEARCH = timedelta(seconds=2)
#: The shortest time between the second search and the next one.
_MIN_SEARCH_GAP = timedelta(seconds=5)
#: How long after its intent a record may be sent if no search lag is configured.
_MIN_SEND_WINDOW = timedelta(seconds=5)


class VerifyDecision(Enum):
    """The meaning of a search that found nothing."""

    SEARCH_AGAIN = "search again"
    NOT_THERE = "not there"


def decide_after_search(
    *, intent_at: datetime, searches: int, now: datetime, settle: timedelta
) -> VerifyDecision:
    """The decision after `searches` searches without a result, the latest included.

    NOT_THERE requires two searches, the latest of them after the search lag.
    """
    is_settled = now >= intent_at + settle
    is_certain = searches >= 2 and is_settled
    return VerifyDecision.NOT_THERE if is_certain else VerifyDecision.SEARCH_AGAIN


def next_search_at(*, intent_at: datetime, now: datetime, settle: timedelta) -> datetime:
    """The time of the next search: after the lag, and not immediately."""
    return max(intent_at + settle, now + min(settle, _MIN_SEARCH_GAP))


def latest_send_at(intent_at: datetime, *, settle: timedelta) -> datetime:
    """The time until which the owner of an intent may send it.

    A worker that takes over from a seemingly dead one searches twice and then sends. If the first
    worker wakes up after this time, it must leave the sending to the other one.
    """
    return intent_at + max(settle / 2, _MIN_SEND_WINDOW)
