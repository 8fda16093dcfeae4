"""Every response of every route has the security and cache headers."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr, ValidationError
from werkzeug.test import TestResponse

from support.heartbeats import all_alive
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.context import Context
from webcrm_sync.settings import Settings
from webcrm_sync.web import headers

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
#: Values of the parameters in the paths of routes.
FILLINGS = ["taskpane", "icon-16.png", "ann@kunde.example", "../../settings.py", "%00", "a/b"]
UNKNOWN = [
    *("/", "/nowhere", "/addin", "/addin/", "/addin/nowhere.html", "/addin/assets/"),
    *("/api", "/api/v1", "/api/v1/nowhere", "/graph", "/graph/notify/", "//healthz", "/healthz/"),
    *("/favicon.ico", "/robots.txt", "/.env", "/%2e%2e/etc/passwd", "/é", "/\0"),
]


def settings(**more: object) -> Settings:
    return Settings.model_validate(
        {
            "entra_tenant_id": "8D0AB3EA-1111-4222-8333-444455556666",
            "entra_client_id": "c1",
            "webcrm_token": SecretStr("hush"),
            **more,
        }
    )


@pytest.fixture
def receiver(context: Context) -> str:
    """The path of Graph's notifications."""
    return urlsplit(push_urls.notify_url(context)).path


def answers(client: FlaskClient, *known: str) -> Iterator[tuple[str, TestResponse]]:
    """The responses of every route, of the `known` paths and of unknown ones to every method."""
    adapter = client.application.url_map.bind("localhost")
    paths = {*UNKNOWN, *known}
    for rule in client.application.url_map.iter_rules():
        for filling in FILLINGS if rule.arguments else [""]:
            arguments = dict.fromkeys(rule.arguments, filling)
            method = next(iter(rule.methods or ()))
            try:
                paths.add(adapter.build(rule.endpoint, arguments, method=method))
            except Exception:
                continue
    for path in sorted(paths):
        for method in METHODS:
            yield f"{method} {path}", client.open(path, method=method, buffered=True)


def find_faults(name: str, answer: TestResponse) -> Iterator[str]:
    """The headers that this response lacks or should not have."""
    found = answer.headers
    if found.get("X-Content-Type-Options") != "nosniff":
        yield f"{name}: X-Content-Type-Options"
    if found.get("Referrer-Policy") != "no-referrer":
        yield f"{name}: Referrer-Policy"
    if "camera=()" not in found.get("Permissions-Policy", ""):
        yield f"{name}: Permissions-Policy"
    policies = found.getlist("Content-Security-Policy")
    if len(policies) != 1 or "default-src 'none'" not in policies[0]:
        yield f"{name}: Content-Security-Policy"
    is_cached = answer.status_code < 400 and ("/addin/assets/" in name or " /help" in name)
    is_cached |= "/addin/icons/" in name
    if not is_cached and found.get("Cache-Control") != "no-store":
        yield f"{name}: Cache-Control"
    if answer.status_code >= 400 and answer.mimetype != "application/problem+json":
        yield f"{name}: {answer.status_code} as {answer.mimetype}"
    yield from (f"{name}: {bad}" for bad in ("Server", "Set-Cookie", "Location") if bad in found)


def test_every_route_answers_every_method_with_all_headers(
    context: Context, client: FlaskClient, receiver: str
) -> None:
    all_alive(context)  # so that the service is ready
    found = list(answers(client, receiver, f"{receiver}?validationToken=x"))
    assert len(found) > 400
    assert {answer.status_code for _, answer in found} >= {200, 202, 401, 404, 405}
    assert max(answer.status_code for _, answer in found) < 500
    assert [line for name, answer in found for line in find_faults(name, answer)] == []
    assert all("max-age" not in a.headers.get("Strict-Transport-Security", "") for _, a in found)


def test_a_refused_method_says_which_are_allowed(client: FlaskClient) -> None:
    answer = client.get("/graph/notify")
    assert (answer.status_code, answer.json and answer.json["status"]) == (405, 405)
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_a_body_that_is_too_large_is_refused_with_a_problem(
    client: FlaskClient, receiver: str
) -> None:
    answer = client.post(receiver, data=b"x" * 1_000_001)
    assert list(find_faults("POST", answer)) == []
    assert (answer.status_code, answer.json and answer.json["status"]) == (413, 413)


@pytest.mark.parametrize("path", ["/bug", "/api/v1/bug", "/graph/bug", "/addin/bug"])
def test_a_bug_is_answered_with_all_headers_and_reveals_nothing(
    client: FlaskClient, path: str
) -> None:
    def fails() -> str:
        raise ValueError("bo@havnebyg.example")

    client.application.add_url_rule(path, view_func=fails)
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert list(find_faults("GET", answer)) == []
    assert "havnebyg" not in answer.text


def header_of(public_url: str) -> str | None:
    app = Flask("webcrm_sync", static_folder=None)
    headers.add_headers(app, settings(public_url=public_url))
    return app.test_client().get("/").headers.get("Strict-Transport-Security")


def test_a_browser_that_used_https_stays_with_it() -> None:
    assert header_of("https://sync.example.com") == "max-age=31536000"
    assert header_of("HTTPS://sync.example.com/") == "max-age=31536000"
    assert header_of("http://localhost:8000") is None


def test_a_page_allows_exact_foreign_urls_but_no_whole_host() -> None:
    policy = headers.page_policy(settings(), "n")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    del rules[
        "frame-ancestors"
    ]  # a page that frames the add-in is no address that the add-in loads
    foreign = {source for rule in rules.values() for source in rule.split() if "://" in source}
    assert foreign == {
        "https://appsforoffice.microsoft.com/lib/1/hosted/",
        "https://ajax.aspnetcdn.com/ajax/3.5/MicrosoftAjax.js",
        "https://login.microsoftonline.com/8d0ab3ea-1111-4222-8333-444455556666/",
        "https://browser.events.data.microsoft.com/OneCollector/1.0/",
        "https://telemetryservice.firstpartyapps.oaspapps.com/telemetryservice/telemetryproxy.html",
    }
    assert "unsafe" not in rules["script-src"]


@pytest.mark.parametrize(
    "tenant",
    ["a; script-src *", "a'b", "a b", "a,b", "../common", ".", "..", "", "a/b", "a?b", "a#b"],
)
def test_a_tenant_that_is_not_a_plain_path_segment_is_refused(tenant: str) -> None:
    with pytest.raises(ValidationError, match="entra_tenant_id"):
        settings(entra_tenant_id=tenant)
