"""What Microsoft Graph posts to us: handshakes, notifications, lifecycle events."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery.notifications import Receiver
from webcrm_sync.engine.push_urls import LIFECYCLE_PATH, NOTIFY_PATH, is_known
from webcrm_sync.web.access import Guard, guarded
from webcrm_sync.web.webhook_parser import parse_notifications

#: Graph's validation tokens are far shorter; nobody gets a long text reflected.
_LONGEST_TOKEN = 1024
#: A line of Graph's takes some 700 bytes, and a request holds a few dozen of them.
_LARGEST_BODY = 256_000


def create_blueprint(context: Context) -> Blueprint:
    """The addresses that subscriptions name, with a secret in them and without."""
    routes = Blueprint("hooks", __name__)
    receiver = Receiver(context)

    @routes.post(f"{NOTIFY_PATH}/<secret>")
    @routes.post(f"{LIFECYCLE_PATH}/<secret>")
    @guarded(Guard.CLIENT_STATE)
    def notified(secret: str) -> Response:
        if not is_known(context, secret):
            abort(404)
        return _handshake() or _taken(receiver)

    @routes.post(NOTIFY_PATH)
    @routes.post(LIFECYCLE_PATH)
    @guarded(Guard.CLIENT_STATE)
    def notified_as_before() -> Response:
        """Subscriptions of earlier versions post here until each of them is replaced."""
        if handshake := _handshake():
            return handshake
        if not receiver.is_old_address_in_use():
            abort(404)
        return _taken(receiver)

    return routes


def _taken(receiver: Receiver) -> Response:
    """202, whatever was posted: another answer makes Graph repeat it, and helps a stranger."""
    request.max_content_length = _LARGEST_BODY
    receiver.take(parse_notifications(request.get_data()))
    return Response(status=202)


def _handshake() -> Response | None:
    """The token as it came, decoded, as plain text and nothing else (Graph: webhook validation)."""
    token = request.args.get("validationToken")
    if token is None:
        return None
    if len(token) > _LONGEST_TOKEN:
        return Response(status=400)
    return Response(token, mimetype="text/plain")
