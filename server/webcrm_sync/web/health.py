"""Says whether the web process is up."""

from __future__ import annotations

from flask import Blueprint

from webcrm_sync.web.access import Guard, guarded


def create_blueprint() -> Blueprint:
    """The route `GET /healthz`."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    @guarded(Guard.OPEN)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return routes
