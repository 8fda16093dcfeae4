"""Receives what Microsoft Graph posts: validation requests, notifications, lifecycle events."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery.notifications import NotificationReceiver
from webcrm_sync.engine.push_urls import LIFECYCLE_PATH, NOTIFY_PATH, is_url_secret
from webcrm_sync.net.tally import TALLY
from webcrm_sync.web.access import Guard, guarded
from webcrm_sync.web.webhook_parser import parse_notifications

#: Graph's validation tokens are far shorter. The limit stops others from having long texts echoed.
_MAX_TOKEN_LENGTH = 1024
#: A notification takes some 700 bytes, and a request holds a few dozen of them.
_MAX_BODY = 256_000


def create_blueprint(context: Context) -> Blueprint:
    """The routes that subscriptions post to, with a secret in the path and without."""
    routes = Blueprint("hooks", __name__)
    receiver = NotificationReceiver(context)

    @routes.post(f"{NOTIFY_PATH}/<secret>")
    @routes.post(f"{LIFECYCLE_PATH}/<secret>")
    @guarded(Guard.CLIENT_STATE)
    def receive(secret: str) -> Response:
        if not is_url_secret(context, secret):
            abort(404)
        return _validation_answer() or _accept(receiver)

    @routes.post(NOTIFY_PATH)
    @routes.post(LIFECYCLE_PATH)
    @guarded(Guard.CLIENT_STATE)
    def receive_without_secret() -> Response:
        """Serve subscriptions of earlier versions until the product has replaced them."""
        if answer := _validation_answer():
            return answer
        if not receiver.is_old_address_in_use():
            abort(404)
        return _accept(receiver)

    @routes.after_request
    def count(response: Response) -> Response:
        TALLY.count("notifications", str(response.status_code))
        return response

    return routes


def _accept(receiver: NotificationReceiver) -> Response:
    """Accept the notifications and answer 202 in every case.

    Another answer would make Graph repeat them, and show a stranger which ones are genuine.
    """
    request.max_content_length = _MAX_BODY
    receiver.accept(parse_notifications(request.get_data()))
    return Response(status=202)


def _validation_answer() -> Response | None:
    """The token of a validation request, decoded, as plain text (Graph: webhook validation)."""
    token = request.args.get("validationToken")
    if token is None:
        return None
    if len(token) > _MAX_TOKEN_LENGTH:
        return Response(status=400)
    return Response(token, mimetype="text/plain")
