"""An Entra that points elsewhere, answers with too much, or with what is no answer."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.graph_wire.script import NOW, TENANT, Said, Scripted, SmallEntra, settings_for
from webcrm_sync.core.errors import LoginRefused, TryLater
from webcrm_sync.graph.auth import AppLogin
from webcrm_sync.graph.signing_keys import SigningKeys
from webcrm_sync.settings import Settings
from webcrm_sync_sandbox.http_server import Server


@pytest.fixture
def settings(entra: SmallEntra, small_entra: tuple[SmallEntra, Path]) -> Settings:
    return settings_for("http://127.0.0.1:9", entra.url, small_entra[1])


@pytest.fixture
def login(settings: Settings) -> Iterator[AppLogin]:
    made = AppLogin(settings, now=lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def foreign() -> Iterator[tuple[Scripted, str]]:
    scripted = Scripted()
    with Server(scripted) as server:
        yield scripted, server.url


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
@pytest.mark.parametrize("is_known", [False, True])
def test_a_redirect_carries_no_secret_on(
    login: AppLogin,
    settings: Settings,
    entra: SmallEntra,
    foreign: tuple[Scripted, str],
    status: int,
    is_known: bool,
) -> None:
    """Whether the discovery is redirected or, later, the token's own address; and the keys."""
    if is_known:
        login.token()
        login.forget()
    entra.refuses = Said(status, {}, {"Location": f"{foreign[1]}/x"})
    with pytest.raises(TryLater, match="WEBCRM_SYNC_ENTRA_AUTHORITY"):
        login.token()
    keys = SigningKeys(settings, now=lambda: NOW)
    with pytest.raises(TryLater):
        keys.find_key("k")
    assert foreign[0].asked == []


@pytest.mark.parametrize("place", ["{}/token", "https://{}.evil.example/token", "https://a:b@{}/t"])
def test_the_secret_goes_to_no_host_that_the_discovery_names(
    login: AppLogin, entra: SmallEntra, foreign: tuple[Scripted, str], place: str
) -> None:
    host = entra.url.removeprefix("https://")
    filled = place.format(foreign[1] if place.startswith("{}") else host)
    ends = {f"{kind}_endpoint": filled for kind in ("authorization", "token")}
    before = len(entra.asked)
    entra.refuses = Said(body={**ends, "issuer": f"{entra.url}/{TENANT}/v2.0"})
    with pytest.raises(LoginRefused, match="WEBCRM_SYNC_ENTRA_AUTHORITY"):
        login.token()
    assert foreign[0].asked == []
    assert all(one.method == "GET" for one in entra.asked[before:])


@pytest.mark.parametrize(
    "said",
    [
        Said(
            200,
            gzip.compress(b"{" + b" " * 2_000_000 + b"}", mtime=0),
            {"Content-Encoding": "gzip"},
        ),
        Said(200, b"{" + b" " * 2_000_000 + b"}"),
        Said(200, b"[" * 100_000),
        Said(200, b"[]"),
        Said(200, b"<html>"),
        Said(200, b""),
        Said(200, b'{"access_token": "\xff'),
        Said(200, {"access_token": 5, "expires_in": "soon"}),
        Said(200, {"access_token": "x", "expires_in": [1]}),
        Said(200, {"error": {"a": 1}, "error_codes": 7}),
        Said(400, b"<html>"),
        Said(404, b"nothing"),
    ],
    ids=lambda said: f"{said.status} {said.body!r:.20}",
)
def test_what_is_no_answer_is_asked_for_later(
    login: AppLogin, settings: Settings, entra: SmallEntra, said: Said
) -> None:
    login.token()
    login.forget()
    entra.refuses = said
    with pytest.raises(TryLater):
        login.token()
    fresh = AppLogin(settings, now=lambda: NOW)
    with pytest.raises(TryLater):
        fresh.token()
    fresh.close()
    entra.refuses = None
    assert login.token()
