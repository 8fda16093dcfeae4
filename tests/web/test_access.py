"""Every route declares who may call it."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient

from webcrm_sync.engine import push_urls
from webcrm_sync.engine.context import Context
from webcrm_sync.web.access import Guard, guard_of


def undeclared(app: Flask) -> list[str]:
    """The routes whose views declare no guard."""
    views = ((rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules())
    return [str(rule) for rule, view in views if guard_of(view) is None]


def test_every_route_declares_its_guard(client: FlaskClient) -> None:
    assert len(list(client.application.url_map.iter_rules())) >= 3
    assert undeclared(client.application) == []


def test_a_route_without_a_guard_is_found() -> None:
    app = Flask("careless", static_folder=None)

    @app.get("/secrets")
    def secrets() -> str:
        return "all of them"

    assert undeclared(app) == ["/secrets"]


def test_only_routes_that_reveal_nothing_are_open_to_anybody(client: FlaskClient) -> None:
    app = client.application
    open_to_all = {
        str(rule)
        for rule in app.url_map.iter_rules()
        if guard_of(app.view_functions[rule.endpoint]) is Guard.OPEN
    }
    assert open_to_all == {
        "/healthz",
        "/livez",
        "/readyz",
        "/addin/<any(taskpane, commands):name>.html",
        "/addin/assets/<path:name>",
        "/addin/icons/<name>",
        "/help",
        "/help/<name>.png",
        "/api/v1/openapi.json",
    }


def test_a_serving_process_is_healthy(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    told = answer.get_json()
    assert told.pop("installation")
    assert told == {"status": "ok", "service": "webcrm-sync"}


def test_unknown_paths_are_not_found_and_large_bodies_are_refused(
    client: FlaskClient, context: Context
) -> None:
    path = urlsplit(push_urls.notify_url(context)).path
    assert client.get("/nowhere").status_code == 404
    assert client.get("/graph/notify").status_code == 405
    assert client.post(path, data=b"x" * 256_001).status_code == 413
