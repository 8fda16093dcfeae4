"""The Flask application: views that only translate."""

from __future__ import annotations

import logging

from flask import Flask
from werkzeug.exceptions import HTTPException

from webcrm_sync.engine.parts import Parts
from webcrm_sync.web import health, hooks

logger = logging.getLogger(__name__)

#: A notification is a few hundred bytes; nobody needs to send us more than this.
_MAX_BODY = 1_000_000


def create_app(parts: Parts) -> Flask:
    """The application over these parts."""
    app = Flask("webcrm_sync", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY
    app.register_blueprint(health.blueprint())
    app.register_blueprint(hooks.blueprint(parts))

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> HTTPException | tuple[dict[str, str], int]:
        if isinstance(error, HTTPException):
            return error
        logger.exception("request_failed")
        return {"title": "Something went wrong on the server. Try again in a moment."}, 500

    return app
