"""How the simulated webCRM reads requests and refuses them."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from webcrm_sync_sandbox.journal import UNKNOWN
from webcrm_sync_sandbox.webcrm.access import NotAllowed, NotLoggedIn, Throttled
from webcrm_sync_sandbox.webcrm.system import WebCrmSystem

_DEFAULT_SIZE = 50
_LARGEST_SIZE = 1000
_LARGEST_PAGE = 1_000_000


class Bad(Exception):
    """The request is answered with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def refusal(status: int) -> bytes:
    """The JSON body of webCRM's refusals, for `Faults.over`."""
    kinds = {429: "TooManyRequestsException", 503: "ServiceUnavailableException"}
    said = {"Message": "The request was refused.", "Type": kinds.get(status, "Exception")}
    return json.dumps(said).encode()


def answer_errors(app: Flask, system: WebCrmSystem) -> None:
    """Register the handlers that answer every refusal as webCRM does."""

    def not_allowed(_error: NotAllowed) -> Response:
        said = {"Message": "Access denied.", "Type": "UnauthorizedAccessException"}
        return json_answer(said, system.read_only_refusal)

    app.register_error_handler(NotAllowed, not_allowed)
    app.register_error_handler(Bad, _bad)
    app.register_error_handler(NotLoggedIn, _not_logged_in)
    app.register_error_handler(Throttled, _throttled)
    app.register_error_handler(404, _unknown)
    app.register_error_handler(405, _unknown)


def _bad(error: Bad) -> Response:
    return json_answer({"Message": str(error), "Type": "BadRequestException"}, error.status)


def _not_logged_in(_error: NotLoggedIn) -> Response:
    return Response(status=401)


def _throttled(error: Throttled) -> Response:
    said = {
        "RetryAfterSeconds": error.retry_after_s,
        "Message": "The request was throttled. The limit of 250 requests per minute is reached",
        "Type": "TooManyRequestsException",
    }
    answer = json_answer(said, 429)
    answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _unknown(_error: HTTPException) -> Response:
    request.environ[UNKNOWN] = True
    return json_answer({"Message": "webCRM is not known to have this.", "Type": "NotFound"}, 404)


def paging() -> tuple[int, int]:
    """Page and Size of the request."""
    asked = {name.casefold(): value for name, value in request.args.items()}
    try:
        page, size = int(asked.get("page", 1)), int(asked.get("size", _DEFAULT_SIZE))
    except ValueError as error:
        raise Bad(400, "Page and Size must be numbers") from error
    if not (1 <= page <= _LARGEST_PAGE and 1 <= size <= _LARGEST_SIZE):
        raise Bad(400, "Page must be 1 to 1000000, Size 1 to 1000")
    return page, size


def body() -> Any:
    """The request's JSON."""
    if not request.is_json:
        raise Bad(415, "application/json is required")
    try:
        return json.loads(request.get_data())
    except ValueError as error:
        raise Bad(400, "The body is no JSON") from error


def json_answer(value: object, status: int = 200) -> Response:
    """The value as JSON."""
    return Response(json.dumps(value), status=status, mimetype="application/json")
