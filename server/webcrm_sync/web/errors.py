"""Turns errors into answers of the type application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from flask import Response
from werkzeug.exceptions import HTTPException

from webcrm_sync.core.errors import Gone, InvalidField, Refused, SyncError, TryLater
from webcrm_sync.core.phrases import SpokenPhrase, find_phrase

#: When the pane asks again if the error does not say when.
_RETRY_AFTER_S = 5
_TITLES = {
    "signed_out": "Not signed in",
    "no_mailbox": "This mailbox is not connected to webCRM yet",
    "not_found": "Not found",
    "invalid": "The request cannot be read",
    "conflict": "That is not possible now",
    "LastPlace": "This is the only place of the mail",
    "PrivateMail": "This mail is private",
    "try_later": "Not possible at this moment",
}
#: What the product says instead of the framework's own sentence.
_SENTENCES = {
    400: "The request cannot be read.",
    401: "Sign in to go on.",
    404: "There is nothing at this address.",
    405: "This address does not take this method: see the header Allow.",
    413: "The body of the request is too large.",
    415: "The body of the request has another type than this address takes.",
    503: "Not possible now. Try again in a moment.",
}
#: Refusals of the engine that the pane tells apart.
_REFUSALS = frozenset({"LastPlace", "PrivateMail"})
_CODES = {400: "invalid", 401: "signed_out", 403: "no_mailbox", 404: "not_found", 409: "conflict"}


@dataclass(slots=True, eq=False)
class Problem(Exception):
    """An error as the add-in receives it. The pane decides by its `code`.

    `field`: the part of the request that is refused, such as `contact.name`. `phrase`: why, if
    `detail` does not say it.
    """

    status: int
    code: str
    detail: str = ""
    retry_after_s: int | None = None
    field: str | None = None
    phrase: SpokenPhrase | None = None


def to_problem(error: SyncError, now: datetime) -> Problem:
    """The problem that an error of the engine is for the add-in."""
    if isinstance(error, Gone):
        return Problem(404, "not_found", str(error))
    if isinstance(error, InvalidField):
        return Problem(409, "conflict", str(error), field=error.field)
    if isinstance(error, Refused):
        code = error.code if error.code in _REFUSALS else "conflict"
        return Problem(409, code, str(error))
    retry_at = error.retry_at if isinstance(error, TryLater) else None
    wait_s = ceil((retry_at - now).total_seconds()) if retry_at else _RETRY_AFTER_S
    return Problem(503, "try_later", str(error), retry_after_s=max(1, wait_s))


def http_error_response(error: HTTPException) -> Response:
    """The answer to a request that Flask refuses: an unknown route, a body that is too large.

    Keeps the headers that HTTP requires, such as the methods that a route allows, and a sentence
    that the product has given itself.
    """
    status = error.code or 500
    code = _CODES.get(status, "try_later" if status >= 500 else "invalid")
    detail = error.description or ""
    if detail == type(error).description:
        detail = _SENTENCES.get(status, "")
    response = problem_response(Problem(status, code, detail))
    for name, value in error.get_headers():
        response.headers.setdefault(name, value)
    return response


def problem_response(problem: Problem) -> Response:
    """The problem as an HTTP response."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": _TITLES[problem.code],
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
    }
    response = Response(status=problem.status, mimetype="application/problem+json")
    if problem.retry_after_s is not None:
        body["retryAfter"] = problem.retry_after_s
        response.headers["Retry-After"] = str(problem.retry_after_s)
    if problem.field is not None:
        body["field"] = problem.field
    if phrase := problem.phrase or find_phrase(problem.detail):
        body["phrase"] = {"key": phrase.key, "values": dict(phrase.values)}
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    response.set_data(json.dumps(body))
    return response
