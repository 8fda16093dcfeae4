"""The figures for Prometheus, behind the token of the settings."""

from __future__ import annotations

import hmac
from functools import partial

from flask import Blueprint, Response, abort, request

from webcrm_sync.engine.context import Context
from webcrm_sync.engine.operations.metrics import render
from webcrm_sync.engine.operations.probe import Probe
from webcrm_sync.engine.operations.readiness import AWAY
from webcrm_sync.settings import PREFIX
from webcrm_sync.web.access import Guard, guarded

#: Prometheus gives up after ten seconds by default.
_DEADLINE_S = 9.0
_TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


def create_blueprint(context: Context) -> Blueprint:
    """The route `GET /metrics`; 404 without METRICS_TOKEN, 401 without that token."""
    routes = Blueprint("metrics", __name__)
    figures = Probe(partial(render, context), deadline_s=_DEADLINE_S)
    token = context.settings.metrics_token

    @routes.get("/metrics")
    @guarded(Guard.MONITOR)
    def metrics() -> Response:
        if token is None:
            abort(404, f"Set {PREFIX}METRICS_TOKEN to have the figures here.")
        given = request.headers.get("Authorization", "").encode(errors="replace")
        expected = f"Bearer {token.get_secret_value()}".encode()
        if not hmac.compare_digest(given, expected):
            abort(401, f"Send {PREFIX}METRICS_TOKEN as `Authorization: Bearer TOKEN`.")
        found = figures.read()
        if found is None:
            abort(503, f"The figures could not be read within {_DEADLINE_S:.0f} s. {AWAY}")
        return Response(found, content_type=_TEXT_FORMAT)

    return routes
