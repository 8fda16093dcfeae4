"""Serves the operations of the API: checks the caller, reads the request, writes the answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, request
from flask_cors import CORS
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

from webcrm_sync.core import phrases
from webcrm_sync.core.errors import SyncError
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, find_user
from webcrm_sync.web import errors
from webcrm_sync.web.access import Guard, guarded
from webcrm_sync.web.api import endpoints, openapi
from webcrm_sync.web.api.person_limit import PersonLimiter
from webcrm_sync.web.api.routes import Caller, DeferredAnswer, Operation, SignedInCaller
from webcrm_sync.web.api.watch import ChangeWatch
from webcrm_sync.web.errors import Problem
from webcrm_sync.web.serving.deferred import ANSWER_LATER
from webcrm_sync.web.tokens import FindKey, SignedIn, TokenReader, TokenRefused

logger = logging.getLogger(__name__)


def create_blueprint(context: Context, find_key: FindKey) -> Blueprint:
    """Every operation of the API, and its OpenAPI document."""
    routes = Blueprint("api", __name__, url_prefix=endpoints.BASE)
    watch = ChangeWatch(context)
    # Two limits, so that a check that costs one query does not wait for a request that asks Graph.
    limiters = {caller: PersonLimiter() for caller in Caller}
    tokens = TokenReader(context.settings, find_key)
    for operation in endpoints.operations.declared:
        routes.add_url_rule(
            operation.path.replace("{address}", "<path:address>"),
            endpoint=operation.name,
            view_func=_view(context, tokens, operation, limiters[operation.caller], watch),
            methods=[operation.method],
        )
    document = openapi.build_document(endpoints.operations.declared, base=endpoints.BASE)

    @routes.get("/openapi.json")
    @guarded(Guard.OPEN)
    def openapi_document() -> dict[str, object]:
        return document

    @routes.errorhandler(Problem)
    def on_problem(error: Problem) -> Response:
        return errors.problem_response(error)

    @routes.errorhandler(SyncError)
    def on_sync_error(error: SyncError) -> Response:
        return errors.problem_response(errors.to_problem(error, context.now()))

    @routes.errorhandler(HTTPException)
    def on_http_error(error: HTTPException) -> Response:
        return errors.http_error_response(error)

    return routes


def allow_own_origin(app: Flask, public_url: str) -> None:
    """Let only the service's own pages read the API's answers."""
    public = urlsplit(public_url)
    origin = f"{public.scheme}://{public.netloc}"
    CORS(
        app,
        resources={rf"{endpoints.BASE}/.*": {"origins": [origin]}},
        allow_headers=["Authorization", "Content-Type"],
        supports_credentials=False,
        max_age=600,
    )


def _view(
    context: Context,
    tokens: TokenReader,
    operation: Operation,
    limiter: PersonLimiter,
    watch: ChangeWatch,
) -> Callable[..., Response]:
    is_for_owner = operation.caller is Caller.MAILBOX_OWNER

    @guarded(Guard.PERSON)
    def view(**path: str) -> Response:
        person = _read_person(tokens)
        with limiter.slot(person.user_id):
            caller = (
                _find_owner(context, person)
                if is_for_owner
                else SignedInCaller(person.user_id, watch)
            )
            body = _read_request(operation, path)
            answer = context.retry_conflicts(lambda: operation.view(context, caller, body))
        if answer is None:
            return Response(status=204)
        if isinstance(answer, DeferredAnswer):
            answer = _defer(answer)
        return Response(_to_json(answer), mimetype="application/json")

    return view


def _defer(answer: DeferredAnswer) -> BaseModel:
    """The answer of this moment. Has the server replace it later, if the server can."""
    answer_later = request.environ.get(ANSWER_LATER)
    if answer_later:
        answer_later(lambda finish: answer.begin(lambda final: finish(_to_json(final))))
    return answer.now


def _to_json(answer: BaseModel) -> bytes:
    return answer.model_dump_json(by_alias=True).encode()


def _read_person(tokens: TokenReader) -> SignedIn:
    """The person whose token the request carries. Raises Problem 401."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise Problem(401, "signed_out", "Sign in to go on.")
    try:
        return tokens.read(token.strip())
    except TokenRefused as error:
        logger.info("token_refused", extra={"why": str(error)})
        raise Problem(401, "signed_out", "Sign in again to go on.") from None


def _find_owner(context: Context, person: SignedIn) -> CurrentUser:
    """The person with the watched mailbox. Raises Problem 403."""
    user = find_user(context, person.user_id, name=person.name)
    if user is None:
        raise Problem(403, "no_mailbox", person.address)
    return user


def _read_request(operation: Operation, path: dict[str, str]) -> BaseModel | None:
    """The validated JSON body of a POST, else path or query. Raises Problem 400."""
    if operation.request is None:
        return None
    try:
        if operation.method == "POST":
            return operation.request.model_validate_json(request.get_data(), strict=True)
        return operation.request.model_validate(path or request.args.to_dict())
    except ValidationError as error:
        raise _invalid(error) from None


def _invalid(error: ValidationError) -> Problem:
    """Where the request is wrong and the first place in words, without the wrong values."""
    lines = error.errors(include_input=False, include_url=False)[:5]
    places = [".".join(map(str, line["loc"])) for line in lines]
    detail = "; ".join(f"{p or 'body'}: {e['type']}" for p, e in zip(places, lines, strict=True))
    limit = lines[0].get("ctx", {}).get("max_length")
    phrase = phrases.CHECK_FIELD.spoken() if limit is None else phrases.TOO_LONG.spoken(limit=limit)
    return Problem(400, "invalid", detail, field=places[0] or None, phrase=phrase)
