"""Simulated Entra ID: discovery, keys and tokens, over TLS with its own certificate authority."""

from __future__ import annotations

import json
import secrets
import ssl
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import jwt
from cryptography import x509

from webcrm_sync_sandbox import keys
from webcrm_sync_sandbox.client_assertion import InvalidAssertion, check_assertion

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIEnvironment

    from webcrm_sync_sandbox.clock import Clock

Json = dict[str, Any]
ROLES = ("Mail.ReadWrite", "MailboxSettings.ReadWrite", "User.Read.All", "GroupMember.Read.All")
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ON_BEHALF_OF = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class EntraError(Exception):
    """Entra refuses the request with one of its AADSTS numbers."""

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.number = number


@dataclass(slots=True)
class App:
    """A registered application. `consented` is False while no user has consented to it."""

    client_id: str
    secret: str
    roles: tuple[str, ...] = ROLES
    scopes: tuple[str, ...] = ("Mail.ReadWrite", "MailboxSettings.ReadWrite", "User.Read")
    certificates: list[x509.Certificate] = field(default_factory=list)
    consented: bool = True


class Entra:
    """The authority of one tenant, as a WSGI application for a TLS server with `ssl_context`.

    Set `url` to that server's address. `ca_pem` is written into `folder`.
    Tokens expire after `lifetime` of real time, by which msal caches them, not of sandbox time.
    """

    def __init__(self, clock: Clock, *, folder: Path, tenant_id: str | None = None) -> None:
        self.tenant_id = tenant_id or str(uuid.uuid4())
        self.url = ""
        self.lifetime = timedelta(seconds=3599)
        self.apps: dict[str, App] = {}
        self._clock = clock
        self._key, self._key_id = keys.signing_key()
        self._known: dict[str, Json] = {}
        self._lock = threading.Lock()
        self.authority = keys.certificate_authority()
        self.ca_pem = folder / "sandbox-ca.pem"
        self.authority.cert_pem.write_to_path(str(self.ca_pem))
        self.ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("localhost", "127.0.0.1").configure_cert(self.ssl_context)

    # -- what an administrator does ------------------------------------------------------------

    def add_app(self, *, client_id: str | None = None, secret: str | None = None) -> App:
        """Register an application with every permission that the product requests."""
        app = App(client_id or str(uuid.uuid4()), secret or secrets.token_urlsafe(24))
        self.apps[app.client_id] = app
        return app

    def add_certificate(self, app: App, pem: bytes) -> None:
        """Accept this certificate as proof of the application."""
        app.certificates.append(x509.load_pem_x509_certificate(pem))

    def revoke_tokens(self) -> None:
        """Invalidate every token issued so far."""
        with self._lock:
            self._known.clear()

    def issue_user_token(
        self,
        user_id: str,
        audience: str,
        scopes: tuple[str, ...],
        *,
        name: str = "",
        nonce: str = "",
    ) -> str:
        """A token of a signed-in person for an application (`audience` is its client id) or API.

        `nonce`: a value that the application sent and expects in the token.
        """
        is_api = "://" in audience
        claims = {
            "aud": audience,
            "iss": self._issuer(is_api=is_api),
            "oid": user_id,
            "sub": user_id,
            "scp": " ".join(scopes),
            "name": name,
            "preferred_username": name,
            "azp": audience,
            "appid": audience,
            "ver": "1.0" if is_api else "2.0",
        }
        return self._sign(claims | ({"nonce": nonce} if nonce else {}))

    # -- what a resource asks ------------------------------------------------------------------

    def claims(self, token: str, *, audience: str) -> Json | None:
        """The claims of a token of this authority; None unless it is valid for that audience."""
        with self._lock:
            claims = self._known.get(token)
        is_valid = claims and claims["aud"] == audience and claims["exp"] > time.time()
        return claims if is_valid else None

    # -- over HTTP -----------------------------------------------------------------------------

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer one HTTP request."""
        try:
            status, body = 200, self._answer(environ)
        except EntraError as error:
            status, body = error.status, _error(error, self._clock)
        content = json.dumps(body).encode()
        headers = [
            ("Content-Type", "application/json; charset=utf-8"),
            ("Cache-Control", "no-store, no-cache"),
        ]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [content]

    def _answer(self, environ: WSGIEnvironment) -> Json:
        tenant, _, rest = environ["PATH_INFO"].strip("/").partition("/")
        base = f"https://{environ['HTTP_HOST']}"
        self.url = self.url or base
        if rest == "discovery/v2.0/keys":
            return self._keys()
        if tenant not in (self.tenant_id, "common", "organizations"):
            raise EntraError(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if rest == "v2.0/.well-known/openid-configuration":
            return self._discovery(base, tenant)
        if rest == "oauth2/v2.0/token" and environ["REQUEST_METHOD"] == "POST":
            length = int(environ.get("CONTENT_LENGTH") or 0)
            fields = parse_qs(environ["wsgi.input"].read(length).decode())
            return self._token({name: values[-1] for name, values in fields.items()})
        environ["sandbox.unknown"] = True
        raise EntraError(404, "invalid_request", 900023, "There is nothing here.")

    def _discovery(self, base: str, tenant: str) -> Json:
        root = f"{base}/{tenant}"
        return {
            "issuer": f"{base}/{self.tenant_id}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        }

    def _keys(self) -> Json:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self._key_id, "use": "sig", "alg": "RS256"}]}

    def _token(self, fields: Json) -> Json:
        app = self.apps.get(fields.get("client_id", ""))
        if not app:
            raise EntraError(
                400,
                "unauthorized_client",
                700016,
                "Application with this identifier was not found in the directory.",
            )
        self._check_client(app, fields)
        grants: dict[str, Callable[[App, Json], Json]] = {
            "client_credentials": self._for_app,
            _ON_BEHALF_OF: self._on_behalf_of,
        }
        grant = grants.get(fields.get("grant_type", ""))
        if not grant:
            raise EntraError(400, "unsupported_grant_type", 70003, "The grant is not supported.")
        claims = grant(app, fields)
        lifetime = int(self.lifetime.total_seconds())
        return {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": self._sign(claims),
        }

    def _check_client(self, app: App, fields: Json) -> None:
        if "client_assertion" in fields:
            _check_assertion(app, fields, audience=f"{self.url}/{self.tenant_id}/oauth2/v2.0/token")
        elif not secrets.compare_digest(fields.get("client_secret", ""), app.secret):
            raise EntraError(401, "invalid_client", 7000215, "Invalid client secret provided.")

    def _for_app(self, app: App, fields: Json) -> Json:
        scope = fields.get("scope", "").removesuffix(" offline_access")
        if not scope.endswith("/.default") or " " in scope:
            raise EntraError(400, "invalid_scope", 1002012, "The scope must end in /.default.")
        claims: Json = {
            "aud": scope.removesuffix("/.default"),
            "iss": self._issuer(is_api=True),
            "appid": app.client_id,
            "oid": str(uuid.uuid5(uuid.NAMESPACE_OID, app.client_id)),
            "idtyp": "app",
            "ver": "1.0",
        }
        return claims | ({"roles": list(app.roles)} if app.roles else {})

    def _on_behalf_of(self, app: App, fields: Json) -> Json:
        user = self.claims(fields.get("assertion", ""), audience=app.client_id)
        if not user or fields.get("requested_token_use") != "on_behalf_of":
            raise EntraError(400, "invalid_grant", 50013, "Assertion failed signature validation.")
        if not app.consented:
            raise EntraError(
                400, "invalid_grant", 65001, "The user or administrator has not consented."
            )
        wanted = [s for s in fields.get("scope", "").split() if "://" in s]
        if not wanted:
            raise EntraError(400, "invalid_scope", 70011, "The scope is not valid.")
        return {
            "aud": wanted[0].rpartition("/")[0],
            "iss": self._issuer(is_api=True),
            "appid": app.client_id,
            "oid": user["oid"],
            "scp": " ".join(app.scopes),
            "ver": "1.0",
        }

    def _issuer(self, *, is_api: bool) -> str:
        if is_api:
            return f"https://sts.windows.net/{self.tenant_id}/"
        return f"{self.url}/{self.tenant_id}/v2.0"

    def _sign(self, claims: Json) -> str:
        now = int(time.time())
        whole = claims | {
            "tid": self.tenant_id,
            "iat": now,
            "nbf": now,
            "exp": now + int(self.lifetime.total_seconds()),
            "uti": secrets.token_urlsafe(12),
        }
        token = jwt.encode(whole, self._key, algorithm="RS256", headers={"kid": self._key_id})
        with self._lock:
            self._known[token] = whole
        return token


def _check_assertion(app: App, fields: Json, *, audience: str) -> None:
    if fields.get("client_assertion_type") != _ASSERTION:
        raise EntraError(401, "invalid_client", 700021, "The kind of assertion is not known.")
    given = fields["client_assertion"]
    try:
        check_assertion(given, app.certificates, client_id=app.client_id, audience=audience)
    except InvalidAssertion as error:
        raise EntraError(401, "invalid_client", 700027, str(error)) from error


def _error(error: EntraError, clock: Clock) -> Json:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    moment = clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
    text = f"AADSTS{error.number}: {error} Trace ID: {trace} Correlation ID: {correlation}"
    return {
        "error": error.error,
        "error_description": f"{text} Timestamp: {moment}",
        "error_codes": [error.number],
        "timestamp": moment,
        "trace_id": trace,
        "correlation_id": correlation,
    }
