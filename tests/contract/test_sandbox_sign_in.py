"""The sign-in window of the simulated Entra: a code gives tokens once, to its own page."""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import jwt
import pytest

from webcrm_sync.settings import PREFIX
from webcrm_sync_sandbox.environment import Sandbox

ORIGIN = "https://pane.example"
REDIRECT = f"{ORIGIN}/addin/taskpane.html"
KIM = "kim@nordwind.example"
VERIFIER = "a verifier that only the page knows, forty-three characters long"


@dataclass(frozen=True, slots=True)
class Page:
    """A page without a secret, and the browser it is shown in."""

    http: httpx.Client
    client_id: str

    def asks(self, **changes: str) -> httpx.Response:
        """Open the window."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
        wanted = {
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
            "state": "kept",
            "nonce": "once",
            "login_hint": KIM,
        }
        return self.http.get("/oauth2/v2.0/authorize", params=wanted | changes)

    def redeems(self, code: str, **changes: str) -> httpx.Response:
        """Ask for the tokens."""
        given = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "scope": f"api://{self.client_id}/access_as_user openid",
            "code": code,
            "code_verifier": VERIFIER,
        }
        return self.http.post("/oauth2/v2.0/token", data=given | changes)


@pytest.fixture
def page() -> Iterator[Page]:
    with Sandbox() as sandbox:
        sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
        sandbox.sign_in.redirects.add(REDIRECT)
        client_id = sandbox.environment()[f"{PREFIX}ENTRA_CLIENT_ID"]
        trusted = ssl.create_default_context(cafile=str(sandbox.entra.ca_pem))
        base = f"{sandbox.environment()[f'{PREFIX}ENTRA_AUTHORITY']}/{sandbox.entra.tenant_id}"
        headers = {"Origin": ORIGIN}
        with httpx.Client(base_url=base, verify=trusted, headers=headers) as http:
            yield Page(http, client_id)


def _code(answer: httpx.Response) -> str:
    found = re.search(r"#code=([\w-]+)&amp;state=kept", answer.text)
    assert found
    return found[1]


def test_a_code_gives_tokens_once_and_only_with_its_verifier(page: Page) -> None:
    code = _code(page.asks())
    answer = page.redeems(code)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    tokens = answer.json()
    told = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (told["aud"], told["scp"]) == (page.client_id, "access_as_user")
    told = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert (told["nonce"], told["preferred_username"]) == ("once", KIM)
    assert page.redeems(code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("wrong", ["code_verifier", "client_id", "redirect_uri"])
def test_a_code_gives_nothing_to_anybody_else(page: Page, wrong: str) -> None:
    answer = page.redeems(_code(page.asks()), **{wrong: "another"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_sign_in_window_redirects_only_to_registered_addresses(page: Page) -> None:
    answer = page.asks(redirect_uri="https://elsewhere.example/")
    assert (answer.status_code, "AADSTS50011" in answer.text) == (400, True)


def test_answers_are_readable_by_the_registered_origin_alone(page: Page) -> None:
    answer = page.http.get(
        "/v2.0/.well-known/openid-configuration", headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
