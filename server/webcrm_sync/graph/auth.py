"""The application's own token from Entra, by msal."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import msal  # type: ignore[import-untyped]  # it ships no types
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from webcrm_sync.core.errors import LoginRefused, TryLater
from webcrm_sync.graph.entra_http import EntraHttp
from webcrm_sync.settings import PREFIX, Settings

#: What Entra's error numbers mean for the one who sets this up
#: (Microsoft Entra: AADSTS error codes).
_SENTENCES = {
    "7000215": "ENTRA_CLIENT_SECRET is not a secret of this application (its value, not its id).",
    "7000222": "ENTRA_CLIENT_SECRET has expired: make a new one in Entra.",
    "700027": "ENTRA_CLIENT_CERTIFICATE is not registered with this application in Entra.",
    "700016": "ENTRA_CLIENT_ID is not an application of this tenant, or has no consent.",
    "7000112": "ENTRA_CLIENT_ID is an application that is switched off in Entra.",
    "90002": "ENTRA_TENANT_ID is not a tenant of this cloud.",
    "900023": "ENTRA_TENANT_ID is neither a tenant id nor a domain.",
}
#: For people who sign in; an application has its tenant (MSAL: acquire_token_for_client).
_NO_TENANTS = {"common", "organizations", "consumers"}


def origin(url: str) -> str:
    """Scheme, host and port of `url`.

    >>> origin("https://graph.microsoft.com/v1.0")
    'https://graph.microsoft.com'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def decode_claims(challenge: str) -> str | None:
    """The JSON in the base64 of a claims challenge, None when it is no such thing.

    Microsoft Entra: claims challenges; base64 may come without its padding and URL-safe.
    """
    padded = challenge + "=" * (-len(challenge) % 4)
    try:
        text = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode()
        return text if isinstance(json.loads(text), dict) else None
    except (binascii.Error, ValueError):
        return None


def read_roles(token: str) -> frozenset[str]:
    """The application permissions in a token; empty where it cannot be read or names none.

    Exchange's RBAC for Applications grants without a `roles` claim: empty proves nothing.
    """
    middle = token.split(".")[1] if token.count(".") == 2 else ""
    claims = json.loads(decode_claims(middle) or "{}")
    roles = claims.get("roles")
    return frozenset(str(role) for role in roles) if isinstance(roles, list) else frozenset()


def classify_refusal(answer: Mapping[str, Any]) -> TryLater:
    """What msal's answer without a token means, with the setting to mend."""
    given = answer.get("error_codes")
    codes = [str(code) for code in given] if isinstance(given, list) else []
    codes += re.findall(r"AADSTS(\d+)", str(answer.get("error_description", "")))
    error, trace = str(answer.get("error", "")), str(answer.get("correlation_id", ""))
    code = f"AADSTS{codes[0]}" if codes else error
    if error in {"temporarily_unavailable", "server_error"}:
        return TryLater("Entra is not available at the moment.", code=code, request_id=trace)
    known = next((_SENTENCES[c] for c in codes if c in _SENTENCES), None)
    sentence = PREFIX + known if known else f"Entra gives no token: {error} {code}".rstrip()
    return LoginRefused(sentence, code=code, request_id=trace)


class AppLogin:
    """The application's token for Graph; msal caches and renews it. Thread-safe, blocking."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._lock = Lock()
        self._app: msal.ConfidentialClientApplication | None = None
        self._http = EntraHttp(settings, now=now)
        self._host = str(urlsplit(settings.entra_authority).hostname)

    def token(self, claims: str | None = None) -> str:
        """A token that is good now; `claims`: Graph's challenge in JSON, asks Entra anew.

        Raises LoginRefused with the setting to mend, TryLater when Entra cannot be asked.
        """
        scope = f"{origin(self._settings.graph_url)}/.default"
        with self._lock:
            answer = self._ask(
                lambda app: app.acquire_token_for_client([scope], claims_challenge=claims)
            )
        if "access_token" not in answer:
            raise classify_refusal(answer)
        return str(answer["access_token"])

    def forget(self) -> None:
        """Drops the cached token: the next one comes from Entra."""
        with self._lock:
            self._ask(lambda app: app.remove_tokens_for_client())

    def roles(self) -> frozenset[str]:
        """The application permissions in our token, see `roles_of`."""
        return read_roles(self.token())

    def close(self) -> None:
        """Closes the connections to Entra."""
        self._http.close()

    def _ask(self, question: Callable[[msal.ConfidentialClientApplication], Any]) -> Any:
        try:
            self._app = self._app or self._open()
            return question(self._app)
        except msal.exceptions.MsalServiceError as error:
            raise TryLater("Entra is not available at the moment.", code=str(error)) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # What msal stumbles over in JSON of another shape, and keeps: a new one has not met it.
            self._app = None
            kind = type(error).__name__
            raise TryLater(f"The answer of {self._host} cannot be read.", code=kind) from None

    def _open(self) -> msal.ConfidentialClientApplication:
        tenant = self._settings.entra_tenant_id
        if tenant.casefold() in _NO_TENANTS:
            raise LoginRefused(f"{PREFIX}ENTRA_TENANT_ID must be one tenant's id.", code=tenant)
        is_microsoft = self._host in msal.authority.WELL_KNOWN_AUTHORITY_HOSTS
        credential = self._credential()
        try:
            return msal.ConfidentialClientApplication(
                self._settings.entra_client_id,
                client_credential=credential,
                authority=f"{self._settings.entra_authority}/{tenant}",
                instance_discovery=None if is_microsoft else False,
                http_client=self._http,
                client_capabilities=["CP1"],  # else Graph sends no claims challenge
            )
        except ValueError:  # msal: the discovery document of this tenant is not there
            raise LoginRefused(
                f"{PREFIX}ENTRA_TENANT_ID is not a tenant of {PREFIX}ENTRA_AUTHORITY"
                " (an address that starts with https://).",
                code="invalid_tenant",
            ) from None

    def _credential(self) -> str | dict[str, str]:
        if self._settings.entra_client_secret:
            return self._settings.entra_client_secret.get_secret_value()
        try:
            pem = Path(self._settings.entra_client_certificate or "").read_bytes()
            load_pem_private_key(pem, None)
            load_pem_x509_certificate(pem)
        except (OSError, ValueError, TypeError):  # TypeError: the key has a password
            raise LoginRefused(
                f"{PREFIX}ENTRA_CLIENT_CERTIFICATE must be a PEM file that holds the private key,"
                " without a password, and the certificate.",
                code="invalid_certificate",
            ) from None
        return {"private_key": pem.decode(), "public_certificate": pem.decode()}
