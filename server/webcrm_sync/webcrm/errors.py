"""A failed or missing answer of webCRM -> one of `core.errors`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx

from webcrm_sync.core import phrases
from webcrm_sync.core.errors import (
    Forbidden,
    Gone,
    LoginRefused,
    Refused,
    SyncError,
    TooLarge,
    TryLater,
    Unclear,
)
from webcrm_sync.core.storable import to_storable_json
from webcrm_sync.net.bounds import AnswerTooLarge
from webcrm_sync.net.errors import NOT_TRUSTED, classify_connection_error
from webcrm_sync.net.retry_after import read_retry_after

#: The code of a call that webCRM refuses although the login was accepted.
UNAUTHORIZED = "401"
#: The characters that a header can carry.
_BEARER = re.compile(r"[\x21-\x7e]+")
_LOGIN_REFUSED = "webCRM did not accept the application token in WEBCRM_SYNC_WEBCRM_TOKEN"
_URL_SETTING = "WEBCRM_SYNC_WEBCRM_URL"
_NOT_WEBCRM = f"There is no webCRM at the address in {_URL_SETTING}"
#: The errors that httpx raises before it sends anything.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. `headers`: their names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def classify_answer(answer: Answer, *, is_write: bool, now: datetime) -> SyncError | None:
    """The error for `answer`, None for a success.

    A 401 or 429 means that nothing was done. Other answers (a redirect, 408, 5xx) may come from a
    host on the way to webCRM, so they leave a write unclear. webCRM documents only 401 and
    429 (webCRM's Swagger; api.webcrm.com).
    """
    status, texts = answer.status, _error_texts(answer)
    code = texts.get("Type") or str(status)
    message = phrases.ANSWERED.fill(status=status)
    if "Message" in texts:
        message = phrases.ANSWERED_TEXT.fill(status=status, text=texts["Message"])
    if 200 <= status < 300:
        return None
    if status == 401:
        return TryLater("webCRM did not accept our login", code=UNAUTHORIZED)
    if status == 429:
        return TryLater(message, retry_at=_read_retry_at(answer, now), code=code)
    if status < 400:
        message = f"{message} and points elsewhere, which is not followed: check {_URL_SETTING}"
    if status >= 500 or status == 408 or status < 400:
        if is_write:
            return Unclear(message, code=code)
        return TryLater(message, retry_at=_read_retry_at(answer, now), code=code)
    kinds = {403: Forbidden, 404: Gone, 413: TooLarge}
    return kinds.get(status, Refused)(message, code=code)


def classify_lost_answer(error: httpx.RequestError, *, is_write: bool) -> SyncError:
    """The error for a missing answer. Unclear only for a write that may have been sent."""
    code = type(error).__name__
    if isinstance(error, _NOT_SENT):
        reason = classify_connection_error(error.request.url.host, error)
        if reason.code == NOT_TRUSTED:
            return reason
        return TryLater("webCRM cannot be reached", code=code)
    message = "The connection to webCRM broke before it answered"
    if isinstance(error, AnswerTooLarge):
        message = f"webCRM's answer {error}"
    elif isinstance(error, httpx.TimeoutException):
        message = "webCRM did not answer in time"
    return Unclear(message, code=code) if is_write else TryLater(message, code=code)


def is_forbidden(error: SyncError) -> bool:
    """True if the token lacks the right to a call, although webCRM accepts its login.

    webCRM documents a 401 alone (webCRM's Swagger), so it may say this by 401 or by 403.
    """
    is_login = isinstance(error, LoginRefused)
    return isinstance(error, Forbidden) or (error.code == UNAUTHORIZED and not is_login)


def read_access_token(answer: Answer, *, now: datetime) -> str:
    """The bearer token in the answer to a login.

    Raises LoginRefused, which names the setting, for a refused login: a 4xx, or a 200 with IsError,
    since webCRM's Swagger documents neither (TokenResponseDto). Raises TryLater if webCRM is not
    available.
    """
    if answer.status not in {400, 401, 403}:
        error = classify_answer(answer, is_write=False, now=now)
        if error and (isinstance(error, Gone | Refused) or answer.status < 400):
            raise LoginRefused(_NOT_WEBCRM, code=error.code)
        if error:
            raise error
        body = parse_json(answer)
        if not isinstance(body, dict):
            raise TryLater("webCRM's answer to the login cannot be read")
        token = body.get("AccessToken")
        if isinstance(token, str) and _BEARER.fullmatch(token) and not body.get("IsError"):
            return token
    texts = _error_texts(answer)
    reason = texts.get("ErrorDescription") or texts.get("Error") or texts.get("Message")
    message = f"{_LOGIN_REFUSED}: {reason}" if reason else _LOGIN_REFUSED
    raise LoginRefused(message, code=str(answer.status))


def parse_json(answer: Answer) -> object:
    """The body as JSON, with storable texts; None if it is not JSON."""
    try:
        body: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    # Only an escape can put characters into JSON that cannot be stored (NUL, half an emoji).
    return to_storable_json(body) if b"\\u" in answer.body else body


def _error_texts(answer: Answer) -> dict[str, str]:
    """The texts in an error's body, by name."""
    body = parse_json(answer)
    if not isinstance(body, dict):
        return {}
    return {str(k): v[:300] for k, v in body.items() if isinstance(v, str) and v.strip()}


def _read_retry_at(answer: Answer, now: datetime) -> datetime | None:
    """When webCRM takes calls again: by its header, or else by its body."""
    value: object = answer.headers.get("retry-after")
    if value is None and isinstance(body := parse_json(answer), dict):
        value = body.get("RetryAfterSeconds")
    return read_retry_after(str(value), now)
