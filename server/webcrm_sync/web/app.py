"""The Flask application: views that only translate."""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from webcrm_sync.bootstrap import signing_keys
from webcrm_sync.engine.parts import Parts
from webcrm_sync.web import api, door, errors, health, hooks, pane

logger = logging.getLogger(__name__)

#: A notification is a few hundred bytes; nobody needs to send us more than this.
_MAX_BODY = 1_000_000
_SORRY = "Something went wrong on the server. Try again in a moment."


def create_app(parts: Parts) -> Flask:
    """The application over these parts."""
    app = Flask("webcrm_sync", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY
    app.register_blueprint(health.blueprint())
    app.register_blueprint(hooks.blueprint(parts))
    app.register_blueprint(pane.blueprint(parts.settings))
    app.register_blueprint(door.blueprint(parts, signing_keys(parts)))
    door.allow_own_origin(app, parts.settings.public_url)

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> HTTPException | Response | tuple[dict[str, str], int]:
        is_api = request.path.startswith(f"{api.BASE}/")
        if isinstance(error, HTTPException):
            return errors.answer(errors.problem_of_http(error)) if is_api else error
        logger.exception("request_failed")
        if is_api:
            return errors.answer(errors.Problem(500, "try_later", _SORRY))
        return {"title": _SORRY}, 500

    return app
