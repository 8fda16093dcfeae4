"""A failed answer of Microsoft Graph -> one of `core.errors`. Pure."""

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

#: Compared without case: Graph's documentation and its answers differ (Microsoft Graph: errors).
_CURSOR_CODES = {"syncstatenotfound", "resyncrequired"}
#: The mailbox has no licence, is on-premises, inactive or not ready yet.
_NO_MAILBOX_CODES = {"mailboxnotenabledforrestapi", "resourcenotfound", "errorinvaliduser"}
_QUOTA_CODE = "errorquotaexceeded"


@dataclass(frozen=True, slots=True)
class Failure:
    """The facts in a failed answer. `retry_after`: the header as received, None = absent."""

    status: int
    code: str = ""
    message: str = ""
    retry_after: str | None = None
    request_id: str = ""


def read_failure(status: int, headers: Mapping[str, str], content: bytes | Any) -> Failure:
    """The facts in a failed answer. `content`: its bytes, or the JSON that a batch carries.

    Header names and `innerError` have several spellings (Microsoft Graph: errors).
    """
    error = _get_object(_parse_json(content), "error")
    inner = _get_object(error, "innerError") or _get_object(error, "innererror")
    by_name = {name.casefold(): str(value) for name, value in headers.items()}
    request_id = by_name.get("request-id") or inner.get("request-id") or inner.get("requestId")
    return Failure(
        status=status,
        code=str(error.get("code") or ""),
        message=str(error.get("message") or ""),
        retry_after=by_name.get("retry-after"),
        request_id=str(request_id or ""),
    )


def _parse_json(content: bytes | Any) -> Any:
    try:
        return json.loads(content) if isinstance(content, bytes) else content
    except ValueError:  # a page of a gateway
        return None


def _get_object(parent: Any, name: str) -> dict[str, Any]:
    child = parent.get(name) if isinstance(parent, dict) else None
    return child if isinstance(child, dict) else {}


def strip_addresses(text: str) -> str:
    """`text` without its e-mail addresses, in one line of at most 200 characters.

    >>> strip_addresses("The user 'ann@example.com' is invalid.")
    "The user '…' is invalid."
    """
    return re.sub(r"[^\s'\"<>(),;:]+@[^\s'\"<>(),;:]+", "…", " ".join(text.split()))[:200]


def classify_failure(
    failure: Failure, *, now: datetime, is_idempotent: bool, in_mailbox: bool = True
) -> SyncError:
    """The error that a failed answer means for the caller.

    `is_idempotent`: a second request does no harm. Otherwise a 5xx is Unclear, since a POST may
    have worked (Microsoft Graph: throttling). `in_mailbox`: the request is about a mailbox's
    content.
    """
    text = f"{failure.status} {failure.code}: {strip_addresses(failure.message)}".rstrip(": ")
    details = {"code": failure.code, "request_id": failure.request_id}
    kind = _temporary_error(failure, is_idempotent) or _permanent_error(failure, in_mailbox)
    if kind is TryLater:
        return TryLater(text, retry_at=read_retry_after(failure.retry_after, now), **details)
    return kind(text, **details)


def _temporary_error(failure: Failure, is_idempotent: bool) -> type[SyncError] | None:
    """Graph did not try a 429 or a batch's 424; after a 408 or 5xx the outcome is unknown."""
    if failure.status in {424, 429} or _is_mailbox_full(failure):
        return TryLater
    if failure.status == 408 or failure.status >= 500:
        return TryLater if is_idempotent else Unclear
    return None


def _is_mailbox_full(failure: Failure) -> bool:
    # The code has two meanings. For a mailbox without free named properties the message is "Cannot
    # get ID from name." (GitHub: microsoftgraph/microsoft-graph-docs#12168); waiting does not help.
    is_quota = failure.code.casefold() == _QUOTA_CODE
    return is_quota and "id from name" not in failure.message.casefold()


def _permanent_error(failure: Failure, in_mailbox: bool) -> type[SyncError]:
    code, status = failure.code.casefold(), failure.status
    if code == _QUOTA_CODE:
        return Refused
    if status == 410 or (code in _CURSOR_CODES and status in {400, 404}):
        return CursorExpired
    if status == 412 or code == "errorirresolvableconflict":
        return Conflict
    if status in {401, 403} or (status == 404 and in_mailbox and code in _NO_MAILBOX_CODES):
        return AccessLost
    return Gone if status == 404 else Refused
