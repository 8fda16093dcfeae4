"""What an answer of webCRM means: a success, or one of the errors of `core.errors`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.errors import (
    Gone,
    LoginRefused,
    Refused,
    SyncError,
    TooLarge,
    TryLater,
    Unclear,
)
from webcrm_sync.core.storable import to_storable_json
from webcrm_sync.net.retry_after import read_retry_after

#: What a header can carry.
_BEARER = re.compile(r"[\x21-\x7e]+")
_REFUSED_LOGIN = "webCRM did not take the application token in WEBCRM_SYNC_WEBCRM_TOKEN"
_ADDRESS = "WEBCRM_SYNC_WEBCRM_URL"
_NO_WEBCRM = f"There is no webCRM at the address in {_ADDRESS}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def classify_answer(answer: Answer, *, is_write: bool, now: datetime) -> SyncError | None:
    """The error that this answer is, None for a success.

    A 401 or 429 did nothing, whatever was asked; any other answer that may come from between us
    and webCRM (a redirect, 408, 5xx) leaves a write unclear. Only 401 and 429 are documented
    (webCRM's Swagger; api.webcrm.com).
    """
    status, words = answer.status, _words(answer)
    code = words.get("Type") or str(status)
    said = f"webCRM answered {status}" + (f": {words['Message']}" if "Message" in words else "")
    if 200 <= status < 300:
        return None
    if status == 401:
        return TryLater("webCRM did not accept our login", code=code)
    if status == 429:
        return TryLater(said, retry_at=_retry_at(answer, now), code=code)
    if status < 400:
        said = f"{said} and points elsewhere, which is not followed: check {_ADDRESS}"
    if status >= 500 or status == 408 or status < 400:
        if is_write:
            return Unclear(said, code=code)
        return TryLater(said, retry_at=_retry_at(answer, now), code=code)
    kinds = {404: Gone, 413: TooLarge}
    return kinds.get(status, Refused)(said, code=code)


def _words(answer: Answer) -> dict[str, str]:
    """The texts of an error's body."""
    found = parse_json(answer)
    if not isinstance(found, dict):
        return {}
    return {str(k): v[:300] for k, v in found.items() if isinstance(v, str) and v.strip()}


def _retry_at(answer: Answer, now: datetime) -> datetime | None:
    """When webCRM takes calls again: by its header, or else by its body."""
    value: object = answer.headers.get("retry-after")
    if value is None and isinstance(body := parse_json(answer), dict):
        value = body.get("RetryAfterSeconds")
    return read_retry_after(str(value), now)


def parse_json(answer: Answer) -> object:
    """The body read as JSON, its texts storable; None when it is none."""
    try:
        found: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    # What cannot be stored (NUL, half an emoji) can only stand in JSON as an escape.
    return to_storable_json(found) if b"\\u" in answer.body else found


def read_access_token(answer: Answer, *, now: datetime) -> str:
    """The bearer token that a login gave.

    A refused login may be a 4xx or a 200 with IsError, since webCRM's Swagger documents neither
    (TokenResponseDto): LoginRefused, naming the setting. Raises TryLater where webCRM is in
    trouble.
    """
    if answer.status not in {400, 401, 403}:
        error = classify_answer(answer, is_write=False, now=now)
        if error and (isinstance(error, Gone | Refused) or answer.status < 400):
            raise LoginRefused(_NO_WEBCRM, code=error.code)
        if error:
            raise error
        found = parse_json(answer)
        if not isinstance(found, dict):
            raise TryLater("webCRM's answer to the login cannot be read")
        token = found.get("AccessToken")
        if isinstance(token, str) and _BEARER.fullmatch(token) and not found.get("IsError"):
            return token
    words = _words(answer)
    why = words.get("ErrorDescription") or words.get("Error") or words.get("Message")
    told = f"{_REFUSED_LOGIN}: {why}" if why else _REFUSED_LOGIN
    raise LoginRefused(told, code=str(answer.status))
