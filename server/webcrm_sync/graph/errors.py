"""A failed answer of Microsoft Graph, told as one of `core.errors`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webcrm_sync.core.errors import (
    AccessLost,
    Conflict,
    CursorExpired,
    Gone,
    Refused,
    SyncError,
    TryLater,
    Unclear,
)
from webcrm_sync.net.retry_after import read_retry_after

#: Codes are compared without case: pages and wire disagree on it (Microsoft Graph: errors).
_CURSOR_CODES = {"syncstatenotfound", "resyncrequired"}
#: A mailbox without licence, on-premises, inactive or not ready yet.
_NO_MAILBOX_CODES = {"mailboxnotenabledforrestapi", "resourcenotfound", "errorinvaliduser"}
_QUOTA = "errorquotaexceeded"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed answer. `retry_after` is the header as it came, None = absent."""

    status: int
    code: str = ""
    message: str = ""
    retry_after: str | None = None
    request_id: str = ""


def read_failure(status: int, headers: Mapping[str, str], content: bytes | Any) -> Failure:
    """The facts in a failed answer. `content`: its bytes, or its JSON as a batch carries it.

    Header names and `innerError` come in several spellings (Microsoft Graph: errors).
    """
    error = _part(_parsed(content), "error")
    inner = _part(error, "innerError") or _part(error, "innererror")
    named = {name.casefold(): str(value) for name, value in headers.items()}
    trace = named.get("request-id") or inner.get("request-id") or inner.get("requestId") or ""
    return Failure(
        status=status,
        code=str(error.get("code") or ""),
        message=str(error.get("message") or ""),
        retry_after=named.get("retry-after"),
        request_id=str(trace),
    )


def _parsed(content: bytes | Any) -> Any:
    try:
        return json.loads(content) if isinstance(content, bytes) else content
    except ValueError:  # a gateway's page
        return None


def _part(whole: Any, name: str) -> dict[str, Any]:
    part = whole.get(name) if isinstance(whole, dict) else None
    return part if isinstance(part, dict) else {}


def strip_addresses(text: str) -> str:
    """`text` with every e-mail address taken out, in one line of at most 200 characters.

    >>> without_addresses("The user 'ann@example.com' is invalid.")
    "The user '…' is invalid."
    """
    return re.sub(r"[^\s'\"<>(),;:]+@[^\s'\"<>(),;:]+", "…", " ".join(text.split()))[:200]


def classify_failure(
    failure: Failure, *, now: datetime, is_repeatable: bool, in_mailbox: bool = True
) -> SyncError:
    """What a failed answer means for the caller.

    `is_repeatable`: sending it twice does no harm; else a 5xx is Unclear, since a POST may have
    worked (Microsoft Graph: throttling). `in_mailbox`: asked about a mailbox's content.
    """
    text = f"{failure.status} {failure.code}: {strip_addresses(failure.message)}".rstrip(": ")
    facts = {"code": failure.code, "request_id": failure.request_id}
    kind = _passing(failure, is_repeatable) or _lasting(failure, in_mailbox)
    if kind is TryLater:
        return TryLater(text, retry_at=read_retry_after(failure.retry_after, now), **facts)
    return kind(text, **facts)


def _passing(failure: Failure, is_repeatable: bool) -> type[SyncError] | None:
    """429 and the 424 of a batch were not tried at all; a 5xx (or 408) nobody knows."""
    if failure.status in {424, 429} or _mailbox_is_full(failure):
        return TryLater
    if failure.status == 408 or failure.status >= 500:
        return TryLater if is_repeatable else Unclear
    return None


def _mailbox_is_full(failure: Failure) -> bool:
    # One code, two meanings: a mailbox out of named properties says "Cannot get ID from name."
    # (GitHub: microsoftgraph/microsoft-graph-docs#12168); waiting does not cure that one.
    is_quota = failure.code.casefold() == _QUOTA
    return is_quota and "id from name" not in failure.message.casefold()


def _lasting(failure: Failure, in_mailbox: bool) -> type[SyncError]:
    code, status = failure.code.casefold(), failure.status
    if code == _QUOTA:
        return Refused
    if status == 410 or (code in _CURSOR_CODES and status in {400, 404}):
        return CursorExpired
    if status == 412 or code == "errorirresolvableconflict":
        return Conflict
    if status in {401, 403} or (status == 404 and in_mailbox and code in _NO_MAILBOX_CODES):
        return AccessLost
    return Gone if status == 404 else Refused
