"""How calls leave for webCRM: what they may cost, and what a missing answer means."""

from __future__ import annotations

from dataclasses import replace

import httpx

from webcrm_sync.core.errors import SyncError, TryLater, Unclear
from webcrm_sync.net.bounds import AnswerTooLarge, Bounds

#: A page holds a thousand records; an Activity's memo may be long. Five million records are more
#: than a system of webCRM's customers holds.
BOUNDS = Bounds(seconds=120, size=64 * 1024 * 1024, pages=5000)
#: A slow line still takes this much of a request in a second.
_SLOWEST = 64 * 1024
#: Nothing was sent yet when one of these is raised.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)


def with_time_for(length: int, bounds: Bounds) -> Bounds:
    """What a call may cost whose request has this many bytes."""
    return replace(bounds, seconds=bounds.seconds + length / _SLOWEST)


def lost(error: httpx.HTTPError, *, is_write: bool) -> SyncError:
    """What a missing answer means: only a write that may have been sent is unclear."""
    code = type(error).__name__
    if isinstance(error, _NOT_SENT):
        return TryLater("webCRM cannot be reached", code=code)
    lost = "The connection to webCRM broke before it answered"
    if isinstance(error, AnswerTooLarge):
        lost = f"webCRM's answer {error}"
    elif isinstance(error, httpx.TimeoutException):
        lost = "webCRM did not answer in time"
    return Unclear(lost, code=code) if is_write else TryLater(lost, code=code)
