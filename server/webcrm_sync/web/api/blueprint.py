"""The door of the API: who is let in, how a request is read, how an answer is written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, request
from flask_cors import CORS
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

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


def create_blueprint(context: Context, key_of: FindKey) -> Blueprint:
    """Every operation of the API and its OpenAPI document."""
    routes = Blueprint("api", __name__, url_prefix=endpoints.BASE)
    watch = ChangeWatch(context)
    # Apart, so that a look that costs one query does not wait for what asks Graph.
    turns = {by: PersonLimiter() for by in Caller}
    tokens = TokenReader(context.settings, key_of)
    for operation in endpoints.operations.declared:
        routes.add_url_rule(
            operation.path.replace("{address}", "<path:address>"),
            endpoint=operation.name,
            view_func=_view(context, tokens, operation, turns[operation.by], watch),
            methods=[operation.method],
        )
    document = openapi.build_document(endpoints.operations.declared, base=endpoints.BASE)

    @routes.get("/openapi.json")
    @guarded(Guard.OPEN)
    def described() -> dict[str, object]:
        return document

    @routes.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        return errors.problem_response(error)

    @routes.errorhandler(SyncError)
    def trouble(error: SyncError) -> Response:
        return errors.problem_response(errors.to_problem(error, context.now()))

    @routes.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        return errors.http_error_response(error)

    return routes


def allow_own_origin(app: Flask, public_url: str) -> None:
    """The API is for the pages of this very service; no other origin may read its answers."""
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
    turns: PersonLimiter,
    watch: ChangeWatch,
) -> Callable[..., Response]:
    @guarded(Guard.PERSON)
    def view(**path: str) -> Response:
        person = _person(tokens)
        with turns.of(person.user_id):
            is_visitor = operation.by is Caller.VISITOR
            who = SignedInCaller(person.user_id, watch) if is_visitor else _asker(context, person)
            asked = _asked(operation, path)
            answer = context.repeated(lambda: operation.view(context, who, asked))
        if answer is None:
            return Response(status=204)
        now = _now(answer) if isinstance(answer, DeferredAnswer) else answer
        return Response(_written(now), mimetype="application/json")

    return view


def _now(later: DeferredAnswer) -> BaseModel:
    """What is answered now, where the server cannot answer later."""
    answer_later = request.environ.get(ANSWER_LATER)
    if answer_later:
        answer_later(lambda finish: later.begin(lambda answer: finish(_written(answer))))
    return later.now


def _written(answer: BaseModel) -> bytes:
    return answer.model_dump_json(by_alias=True).encode()


def _person(tokens: TokenReader) -> SignedIn:
    """Who asks, by the token alone. Raises Problem 401."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise Problem(401, "signed_out", "Sign in to go on.")
    try:
        return tokens.read(token.strip())
    except TokenRefused as error:
        logger.info("token_refused", extra={"why": str(error)})
        raise Problem(401, "signed_out", "Sign in again to go on.") from None


def _asker(context: Context, person: SignedIn) -> CurrentUser:
    """The person with the own mailbox. Raises Problem 403."""
    asker = find_user(context, person.user_id, name=person.name)
    if asker is None:
        raise Problem(403, "no_mailbox", person.address)
    return asker


def _asked(operation: Operation, path: dict[str, str]) -> BaseModel | None:
    """What was asked: the JSON body, else path and query. Raises Problem 400."""
    if operation.asks is None:
        return None
    try:
        if operation.method == "POST":
            return operation.asks.model_validate_json(request.get_data(), strict=True)
        return operation.asks.model_validate(path or request.args.to_dict())
    except ValidationError as error:
        raise Problem(400, "invalid", _places(error)) from None


def _places(error: ValidationError) -> str:
    """Where the request is wrong, never what stood there."""
    lines = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['type']}" for e in lines[:5])
