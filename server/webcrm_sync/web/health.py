"""Says to monitors and proxies whether the process lives, and whether the service can work."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from flask import Blueprint, Response, jsonify

from webcrm_sync.engine.context import Context
from webcrm_sync.engine.operations.installation import SERVICE, installation_ids
from webcrm_sync.engine.operations.probe import Probe
from webcrm_sync.engine.operations.readiness import UNREADABLE, read_readiness
from webcrm_sync.web.access import Guard, guarded

_DEADLINE_S = 3.0


def create_blueprint(context: Context) -> Blueprint:
    """The routes `GET /livez` (and its older name `/healthz`) and `GET /readyz`.

    The first also says which installation answers.
    """
    installation = installation_ids(context)[0]
    routes = Blueprint("health", __name__)
    readiness = Probe(partial(read_readiness, context), deadline_s=_DEADLINE_S)

    @routes.get("/healthz")
    @routes.get("/livez")
    @guarded(Guard.OPEN)
    def livez() -> dict[str, str]:
        return {"status": "ok", "service": SERVICE, "installation": installation}

    @routes.get("/readyz")
    @guarded(Guard.OPEN)
    def readyz() -> Response:
        found = readiness.read() or UNREADABLE
        response = jsonify(
            status="ready" if found.is_ready else "not ready",
            checks=[asdict(check) for check in found.checks],
        )
        response.status_code = 200 if found.is_ready else 503
        return response

    return routes
