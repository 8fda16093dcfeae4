"""What Microsoft Graph posts to us: handshakes, notifications, lifecycle events."""

from __future__ import annotations

from flask import Blueprint, Response, request

from webcrm_sync.engine import hints
from webcrm_sync.engine.keep import LIFECYCLE_PATH, NOTIFY_PATH
from webcrm_sync.engine.parts import Parts
from webcrm_sync.web.auth import Guard, guarded
from webcrm_sync.web.wire import notifications

#: Graph's validation tokens are far shorter; nobody gets a long text reflected.
_LONGEST_TOKEN = 1024


def blueprint(parts: Parts) -> Blueprint:
    """The two addresses that subscriptions name; both answer alike."""
    routes = Blueprint("hooks", __name__)

    @routes.post(NOTIFY_PATH)
    @routes.post(LIFECYCLE_PATH)
    @guarded(Guard.CLIENT_STATE)
    def notified() -> Response:
        token = request.args.get("validationToken")
        if token is not None:
            return _handshake(token)
        hints.take(parts, notifications(request.get_data()))
        return Response(status=202)

    return routes


def _handshake(token: str) -> Response:
    """The token as it came, decoded, as plain text and nothing else (Graph: webhook validation)."""
    if len(token) > _LONGEST_TOKEN:
        return Response(status=400)
    return Response(token, mimetype="text/plain")
