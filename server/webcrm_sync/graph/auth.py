"""The application's token from Entra, by msal."""

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

import msal  # type: ignore[import-untyped]  # msal ships no types

from webcrm_sync.core.errors import LoginRefused, TryLater
from webcrm_sync.graph.credential import read_certificate
from webcrm_sync.graph.entra_http import EntraHttp
from webcrm_sync.settings import PREFIX, Settings

#: Entra's error numbers, each with what an administrator can do about it
#: (Microsoft Entra: AADSTS error codes).
_MESSAGES = {
    "7000215": "ENTRA_CLIENT_SECRET is not a secret of this application (its value, not its id).",
    "7000222": "ENTRA_CLIENT_SECRET has expired: create a new one in Entra.",
    "700027": "ENTRA_CLIENT_CERTIFICATE is not registered with this application in Entra.",
    "700016": "ENTRA_CLIENT_ID is not an application of this tenant, or has no consent.",
    "7000229": "ENTRA_CLIENT_ID has no enterprise application in this tenant: consent is missing.",
    "7000112": "ENTRA_CLIENT_ID is an application that is switched off in Entra.",
    "90002": "ENTRA_TENANT_ID is not a tenant of this cloud.",
    "900023": "ENTRA_TENANT_ID is neither a tenant id nor a domain.",
}
#: Tenant names that are for people; an application needs one tenant (MSAL:
#: acquire_token_for_client).
_MULTI_TENANTS = {"common", "organizations", "consumers"}


def get_origin(url: str) -> str:
    """Scheme, host and port of `url`.

    >>> get_origin("https://graph.microsoft.com/v1.0")
    'https://graph.microsoft.com'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def decode_claims(challenge: str) -> str | None:
    """The JSON object in a claims challenge, None if the text holds none.

    Its base64 may lack the padding, and may be URL-safe (Microsoft Entra: claims challenges).
    """
    padded = challenge + "=" * (-len(challenge) % 4)
    try:
        text = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode()
        return text if isinstance(json.loads(text), dict) else None
    except (binascii.Error, ValueError):
        return None


def read_roles(token: str) -> frozenset[str]:
    """The application permissions in a token; empty if it is unreadable or names none.

    Empty does not prove that there are none: Exchange's RBAC for Applications grants access without
    a `roles` claim.
    """
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    claims = json.loads(decode_claims(payload) or "{}")
    roles = claims.get("roles")
    return frozenset(str(role) for role in roles) if isinstance(roles, list) else frozenset()


def classify_refusal(answer: Mapping[str, Any]) -> TryLater:
    """The error for an answer of msal without a token. It names the setting to fix."""
    numbers = answer.get("error_codes")
    codes = [str(code) for code in numbers] if isinstance(numbers, list) else []
    codes += re.findall(r"AADSTS(\d+)", str(answer.get("error_description", "")))
    error, request_id = str(answer.get("error", "")), str(answer.get("correlation_id", ""))
    code = f"AADSTS{codes[0]}" if codes else error
    if error in {"temporarily_unavailable", "server_error"}:
        return TryLater("Entra is not available at the moment.", code=code, request_id=request_id)
    advice = next((_MESSAGES[c] for c in codes if c in _MESSAGES), None)
    message = PREFIX + advice if advice else f"Entra gives no token: {error} {code}".rstrip()
    return LoginRefused(message, code=code, request_id=request_id)


class AppLogin:
    """The application's token for Graph, which msal caches and renews. Thread-safe, synchronous."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._lock = Lock()
        self._app: msal.ConfidentialClientApplication | None = None
        self._http = EntraHttp(settings, now=now)
        self._host = str(urlsplit(settings.entra_authority).hostname)

    def fetch_token(self, claims: str | None = None) -> str:
        """A valid token. `claims`: Graph's challenge as JSON, for which Entra issues a new token.

        Raises LoginRefused, which names the setting to fix, and TryLater when Entra is away.
        """
        scope = f"{get_origin(self._settings.graph_url)}/.default"
        with self._lock:
            answer = self._call_msal(
                lambda app: app.acquire_token_for_client([scope], claims_challenge=claims)
            )
        if "access_token" not in answer:
            raise classify_refusal(answer)
        return str(answer["access_token"])

    def renew_token(self, claims: str | None = None) -> None:
        """Replaces the cached token, which Graph has rejected. `claims`: see `fetch_token`."""
        if claims is None:
            self.forget_token()
        else:
            self.fetch_token(claims)

    def forget_token(self) -> None:
        """Drops the cached token, so that the next one comes from Entra."""
        with self._lock:
            self._call_msal(lambda app: app.remove_tokens_for_client())

    def fetch_roles(self) -> frozenset[str]:
        """The application permissions in the token, see `read_roles`."""
        return read_roles(self.fetch_token())

    def close(self) -> None:
        """Closes the connections to Entra."""
        self._http.close()

    def _call_msal(self, call: Callable[[msal.ConfidentialClientApplication], Any]) -> Any:
        try:
            self._app = self._app or self._create_app()
            return call(self._app)
        except msal.exceptions.MsalServiceError as error:
            raise TryLater("Entra is not available at the moment.", code=str(error)) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # msal raises these for JSON of another shape, and caches it. A new app has no cache.
            self._app = None
            kind = type(error).__name__
            raise TryLater(f"The answer of {self._host} cannot be read.", code=kind) from None

    def _create_app(self) -> msal.ConfidentialClientApplication:
        tenant = self._settings.entra_tenant_id
        if tenant.casefold() in _MULTI_TENANTS:
            raise LoginRefused(f"{PREFIX}ENTRA_TENANT_ID must be one tenant's id.", code=tenant)
        is_microsoft = self._host in msal.authority.WELL_KNOWN_AUTHORITY_HOSTS
        credential = self._read_credential()
        try:
            return msal.ConfidentialClientApplication(
                self._settings.entra_client_id,
                client_credential=credential,
                authority=f"{self._settings.entra_authority}/{tenant}",
                instance_discovery=None if is_microsoft else False,
                http_client=self._http,
                client_capabilities=["CP1"],  # otherwise Graph sends no claims challenge
            )
        except ValueError:  # msal found no discovery document for this tenant
            raise LoginRefused(
                f"{PREFIX}ENTRA_TENANT_ID is not a tenant of {PREFIX}ENTRA_AUTHORITY"
                " (an address that starts with https://).",
                code="invalid_tenant",
            ) from None

    def _read_credential(self) -> str | dict[str, str]:
        if self._settings.entra_client_secret:
            return self._settings.entra_client_secret.get_secret_value()
        pem = read_certificate(Path(self._settings.entra_client_certificate or ""))
        return {"private_key": pem, "public_certificate": pem}
