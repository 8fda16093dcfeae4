"""An Entra that redirects, or whose answers are too large or malformed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.graph_wire.scripted_servers import (
    NOW,
    TENANT,
    Answer,
    ScriptedServer,
    SmallEntra,
    create_settings,
)
from webcrm_sync.core.errors import LoginRefused, TryLater
from webcrm_sync.graph.auth import AppLogin
from webcrm_sync.graph.signing_keys import SigningKeys
from webcrm_sync.settings import Settings
from webcrm_sync_sandbox.http_server import Server


@pytest.fixture
def settings(entra: SmallEntra, entra_and_bundle: tuple[SmallEntra, Path]) -> Settings:
    return create_settings("http://127.0.0.1:9", entra.url, entra_and_bundle[1])


@pytest.fixture
def login(settings: Settings) -> Iterator[AppLogin]:
    login = AppLogin(settings, now=lambda: NOW)
    yield login
    login.close()


@pytest.fixture
def foreign() -> Iterator[tuple[ScriptedServer, str]]:
    scripted = ScriptedServer()
    with Server(scripted) as server:
        yield scripted, server.url


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
@pytest.mark.parametrize("is_known", [False, True])
def test_the_client_secret_does_not_follow_a_redirect(
    login: AppLogin,
    settings: Settings,
    entra: SmallEntra,
    foreign: tuple[ScriptedServer, str],
    status: int,
    is_known: bool,
) -> None:
    """Entra redirects the discovery, or later the token's address, and the keys."""
    if is_known:
        login.fetch_token()
        login.forget_token()
    entra.forced_answer = Answer(status, {}, {"Location": f"{foreign[1]}/x"})
    with pytest.raises(TryLater, match="WEBCRM_SYNC_ENTRA_AUTHORITY"):
        login.fetch_token()
    keys = SigningKeys(settings, now=lambda: NOW)
    with pytest.raises(TryLater):
        keys.find_key("k")
    assert foreign[0].requests == []


@pytest.mark.parametrize("place", ["{}/token", "https://{}.evil.example/token", "https://a:b@{}/t"])
def test_the_secret_is_not_sent_to_another_host_named_by_the_discovery(
    login: AppLogin, entra: SmallEntra, foreign: tuple[ScriptedServer, str], place: str
) -> None:
    host = entra.url.removeprefix("https://")
    filled = place.format(foreign[1] if place.startswith("{}") else host)
    ends = {f"{kind}_endpoint": filled for kind in ("authorization", "token")}
    before = len(entra.requests)
    entra.forced_answer = Answer(body={**ends, "issuer": f"{entra.url}/{TENANT}/v2.0"})
    with pytest.raises(LoginRefused, match="WEBCRM_SYNC_ENTRA_AUTHORITY"):
        login.fetch_token()
    assert foreign[0].requests == []
    assert all(one.method == "GET" for one in entra.requests[before:])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(
            200,
            gzip.compress(b"{" + b" " * 2_000_000 + b"}", mtime=0),
            {"Content-Encoding": "gzip"},
        ),
        Answer(200, b"{" + b" " * 2_000_000 + b"}"),
        Answer(200, b"[" * 100_000),
        Answer(200, b"[]"),
        Answer(200, b"<html>"),
        Answer(200, b""),
        Answer(200, b'{"access_token": "\xff'),
        Answer(200, {"access_token": 5, "expires_in": "soon"}),
        Answer(200, {"access_token": "x", "expires_in": [1]}),
        Answer(200, {"error": {"a": 1}, "error_codes": 7}),
        Answer(400, b"<html>"),
        Answer(404, b"nothing"),
    ],
    ids=lambda answer: f"{answer.status} {answer.body!r:.20}",
)
def test_an_unusable_answer_is_tried_later(
    login: AppLogin, settings: Settings, entra: SmallEntra, answer: Answer
) -> None:
    login.fetch_token()
    login.forget_token()
    entra.forced_answer = answer
    with pytest.raises(TryLater):
        login.fetch_token()
    fresh = AppLogin(settings, now=lambda: NOW)
    with pytest.raises(TryLater):
        fresh.fetch_token()
    fresh.close()
    entra.forced_answer = None
    assert login.fetch_token()
