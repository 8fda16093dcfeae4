"""Builds the Flask application."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from webcrm_sync.bootstrap.context import signing_keys
from webcrm_sync.engine.context import Context
from webcrm_sync.logs import correlated
from webcrm_sync.web import addin_pages, errors, headers, health, help_page, metrics, webhooks
from webcrm_sync.web.api import blueprint

logger = logging.getLogger(__name__)

#: The largest body of any request; a lane may allow less (`lanes`).
_MAX_BODY = 1_000_000
_INTERNAL_ERROR = "Something went wrong on the server. Try again in a moment."


def create_app(context: Context) -> Flask:
    """The application of one company."""
    app = Flask("webcrm_sync", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY
    app.url_map.merge_slashes = False  # no redirects: another path is another route
    headers.add_headers(app, context.settings)
    app.register_blueprint(health.create_blueprint(context))
    app.register_blueprint(metrics.create_blueprint(context))
    app.register_blueprint(webhooks.create_blueprint(context))
    app.register_blueprint(addin_pages.create_blueprint(context.settings))
    app.register_blueprint(help_page.create_blueprint())
    app.register_blueprint(blueprint.create_blueprint(context, signing_keys(context)))
    blueprint.allow_own_origin(app, context.settings.public_url)

    @app.errorhandler(Exception)
    def on_error(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return errors.http_error_response(error)
        logger.exception("request_failed")
        return errors.problem_response(errors.Problem(500, "try_later", _INTERNAL_ERROR))

    app.wsgi_app = _correlated(app.wsgi_app)  # type: ignore[assignment, method-assign]  # as Flask advises
    return app


def _correlated(application: WSGIApplication) -> WSGIApplication:
    """The application, with an id for each request that its answer, log lines and jobs carry."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with correlated() as correlation_id:

            def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
                return start_response(status, [*headers, ("X-Request-Id", correlation_id)], *more)

            return application(environ, start)

    return answer
