"""The application's token, from a small Entra over TLS, by the real msal."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from contract.graph_wire.scripted_servers import Answer, SmallEntra, create_settings
from webcrm_sync.core.errors import LoginRefused, TryLater
from webcrm_sync.graph.auth import AppLogin, classify_refusal, decode_claims, get_origin, read_roles
from webcrm_sync.net.retry_after import LONGEST_WAIT

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
GRAPH = "http://127.0.0.1:9"
CERTIFICATE_ONLY = trustme.CA().cert_pem.bytes().decode()


@pytest.fixture
def bundle(entra_and_bundle: tuple[SmallEntra, Path]) -> Path:
    return entra_and_bundle[1]


@pytest.fixture
def login(entra: SmallEntra, bundle: Path) -> Iterator[AppLogin]:
    login = AppLogin(create_settings(GRAPH, entra.url, bundle), now=lambda: NOW)
    yield login
    login.close()


def entra_refuses(number: int, status: int = 400) -> Answer:
    body = {
        "error": "invalid_client",
        "error_description": f"AADSTS{number}: words for sales@example.com",
        "error_codes": [number],
        "correlation_id": "c-1",
    }
    return Answer(status, body)


def token_part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert isinstance(found, dict)
    return found


def test_one_token_serves_every_thread_until_it_is_forgotten(
    login: AppLogin, entra: SmallEntra
) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: login.fetch_token(), range(20)))
    assert len(tokens) == 1
    assert entra.last_form["scope"] == [f"{GRAPH}/.default"]
    login.forget_token()
    assert login.fetch_token() not in tokens


def test_a_claims_challenge_requests_a_new_token(login: AppLogin) -> None:
    first = login.fetch_token()
    second = login.fetch_token('{"access_token":{"nbf":{"value":"1"}}}')
    assert first != second
    assert login.fetch_token() == second


def test_the_tokens_roles_are_read(login: AppLogin) -> None:
    assert login.fetch_roles() == {"Mail.ReadWrite"}


@pytest.mark.parametrize(
    "token", ["", "opaque", "a.b.c", "a.W10.c", "a.e30.c", "a.eyJyb2xlcyI6MX0.c"]
)
def test_an_unreadable_token_has_no_roles(token: str) -> None:
    assert read_roles(token) == frozenset()


@pytest.mark.parametrize(
    ("number", "setting"),
    [
        (7000215, "ENTRA_CLIENT_SECRET"),
        (7000222, "ENTRA_CLIENT_SECRET"),
        (700016, "ENTRA_CLIENT_ID"),
        (700027, "ENTRA_CLIENT_CERTIFICATE"),
        (90002, "ENTRA_TENANT_ID"),
    ],
)
def test_a_refusal_names_the_setting_to_fix(
    login: AppLogin, entra: SmallEntra, number: int, setting: str
) -> None:
    login.fetch_token()
    login.forget_token()
    entra.forced_answer = entra_refuses(number, 401)
    with pytest.raises(LoginRefused, match=f"WEBCRM_SYNC_{setting}") as found:
        login.fetch_token()
    assert (found.value.code, found.value.request_id) == (f"AADSTS{number}", "c-1")
    assert "@" not in str(found.value)


def test_a_missing_tenant_is_named(login: AppLogin, entra: SmallEntra) -> None:
    entra.forced_answer = entra_refuses(90002)
    with pytest.raises(LoginRefused, match="WEBCRM_SYNC_ENTRA_TENANT_ID"):
        login.fetch_token()


def test_an_application_signs_in_to_one_tenant_only(entra: SmallEntra, bundle: Path) -> None:
    settings = create_settings(GRAPH, entra.url, bundle, entra_tenant_id="Common")
    login = AppLogin(settings, now=lambda: NOW)
    with pytest.raises(LoginRefused, match="WEBCRM_SYNC_ENTRA_TENANT_ID"):
        login.fetch_token()
    login.close()


def test_an_unknown_refusal_keeps_its_code() -> None:
    error = classify_refusal({"error": "invalid_request", "error_description": "AADSTS999: x"})
    assert (type(error), error.code) == (LoginRefused, "AADSTS999")
    assert type(classify_refusal({"error": "temporarily_unavailable"})) is TryLater


def test_a_busy_entra_is_tried_later_and_then_issues_a_token(
    login: AppLogin, entra: SmallEntra
) -> None:
    for status in (429, 500, 503):
        entra.forced_answer = Answer(status, {}, {"Retry-After": "7"})
        with pytest.raises(TryLater) as found:
            login.fetch_token()
        assert found.value.retry_at == NOW + timedelta(seconds=7)
    entra.forced_answer = Answer(429, {}, {"Retry-After": "9999999"})
    with pytest.raises(TryLater) as found:
        login.fetch_token()
    assert found.value.retry_at == NOW + LONGEST_WAIT
    entra.forced_answer = Answer(0)
    with pytest.raises(TryLater):
        login.fetch_token()
    entra.forced_answer = None
    assert login.fetch_token()
    login.forget_token()
    entra.forced_answer = Answer(503, {})
    with pytest.raises(TryLater):
        login.fetch_token()
    entra.forced_answer = None
    assert login.fetch_token()


def test_an_untrusted_entra_does_not_receive_the_secret(entra: SmallEntra) -> None:
    before = len(entra.requests)
    login = AppLogin(create_settings(GRAPH, entra.url, None), now=lambda: NOW)
    with pytest.raises(TryLater, match="WEBCRM_SYNC_CA_BUNDLE"):
        login.fetch_token()
    login.close()
    assert len(entra.requests) == before


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_our_ca_bundle_overrides_the_environments(
    login: AppLogin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "not-there.pem"))
    assert login.fetch_token()


def test_a_certificate_signs_in_with_sha_256(
    entra: SmallEntra, bundle: Path, tmp_path: Path
) -> None:
    certificate = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert(
        "app.example", key_type=trustme.KeyType.RSA
    )
    pem = tmp_path / "app.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(pem))
    settings = create_settings(
        GRAPH, entra.url, bundle, entra_client_secret=None, entra_client_certificate=pem
    )
    login = AppLogin(settings, now=lambda: NOW)
    assert login.fetch_token()
    login.close()
    assert "client_secret" not in entra.last_form
    head = token_part(entra.last_form["client_assertion"][0], 0)
    assert head["alg"] == "PS256"
    assert "x5t#S256" in head
    assert len(head["x5c"]) >= 1


@pytest.mark.parametrize(
    "content",
    ["", CERTIFICATE_ONLY, "-----BEGIN PRIVATE KEY-----\nx", "\xff"],
)
def test_a_certificate_file_without_its_key_is_named(
    entra: SmallEntra, bundle: Path, tmp_path: Path, content: str
) -> None:
    pem = tmp_path / "app.pem"
    pem.write_text(content, "latin-1")
    settings = create_settings(
        GRAPH, entra.url, bundle, entra_client_secret=None, entra_client_certificate=pem
    )
    login = AppLogin(settings, now=lambda: NOW)
    with pytest.raises(LoginRefused, match="WEBCRM_SYNC_ENTRA_CLIENT_CERTIFICATE"):
        login.fetch_token()
    login.close()


def test_claims_are_decoded_in_each_form_of_base64() -> None:
    text = '{"a":"???>>>"}'
    plain, safe = base64.b64encode(text.encode()), base64.urlsafe_b64encode(text.encode())
    for form in (plain, safe, plain.rstrip(b"="), safe.rstrip(b"=")):
        assert decode_claims(form.decode()) == text
    for no_claims in ("", "{}", "!!", "W10="):
        assert decode_claims(no_claims) is None


def test_the_scope_names_the_configured_host() -> None:
    assert get_origin("https://graph.microsoft.us/v1.0") == "https://graph.microsoft.us"
    assert get_origin("http://127.0.0.1:8123/v1.0") == "http://127.0.0.1:8123"
