"""Sign-in in a browser window, in front of the simulated Entra.

The authorization code flow of a page without a secret: the code is worthless without the verifier
that the page keeps (PKCE). Source: Microsoft identity platform, "auth code flow".
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from werkzeug import Request, Response

from webcrm_sync_sandbox.entra import Entra
from webcrm_sync_sandbox.outlook import Outlook

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_PAGE = (
    "<!doctype html><html lang='en'><title>Sign in</title><h1>Sign in</h1><p>As {who}.</p>"
    "<p><a href='{yes}'>Continue</a> <a href='{no}'>Cancel</a></p>"
)


@dataclass(frozen=True, slots=True)
class _AuthorizationRequest:
    """The authorization request of a page that opened the window."""

    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    login: str


class SignIn:
    """The part of Entra that a browser uses, as WSGI in front of the rest.

    `redirects`: the redirect URIs that an administrator registered for a single-page application.
    Only pages of their origins may read an answer.
    """

    def __init__(self, entra: Entra, outlook: Outlook) -> None:
        self.redirects: set[str] = set()
        self._entra = entra
        self._outlook = outlook
        self._codes: dict[str, _AuthorizationRequest] = {}
        self._lock = threading.Lock()

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        """The Entra application with the sign-in pages in front of it."""

        def with_pages(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            request = Request(environ)
            environ["wsgi.input"] = BytesIO(request.get_data())  # for the next reader
            answer = self._answer(request, app)
            if request.headers.get("Origin") in {_origin(one) for one in self.redirects}:
                answer.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
                answer.headers["Access-Control-Allow-Headers"] = "*"
            return answer(environ, start_response)

        return with_pages

    def _answer(self, request: Request, app: WSGIApplication) -> Response:
        pages: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "oauth2/v2.0/authorize"): self._page,
            ("POST", "oauth2/v2.0/token"): self._tokens,
        }
        page = pages.get((request.method, request.path.strip("/").partition("/")[2]))
        is_code = request.method == "GET" or "code" in request.form
        if request.method == "OPTIONS":
            return Response(status=204)
        return page(request) if page and is_code else Response.from_app(app, request.environ)

    def _page(self, request: Request) -> Response:
        """The page that asks who signs in, and offers to cancel."""
        wanted = request.args
        if wanted["redirect_uri"] not in self.redirects:
            return Response("AADSTS50011: The redirect URI is not registered.", status=400)
        if (wanted["response_type"], wanted["code_challenge_method"]) != ("code", "S256"):
            return Response("AADSTS900144: The request is not one of a page.", status=400)
        authorization = _AuthorizationRequest(
            wanted["client_id"],
            wanted["redirect_uri"],
            wanted["code_challenge"],
            wanted["nonce"],
            wanted.get("login_hint", ""),
        )
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._codes[code] = authorization
        back = {"state": wanted["state"]}
        yes = f"{authorization.redirect_uri}#{urlencode({'code': code, **back})}"
        no = f"{authorization.redirect_uri}#{urlencode({'error': 'access_denied', **back})}"
        page = _PAGE.format(who=escape(authorization.login), yes=escape(yes), no=escape(no))
        return Response(page, mimetype="text/html")

    def _tokens(self, request: Request) -> Response:
        """The tokens for a code; each code works once, and only with its verifier."""
        given = request.form
        with self._lock:
            authorization = self._codes.pop(given["code"], None)
        proof = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        if (
            authorization is None
            or _base64url(proof) != authorization.challenge
            or (given["client_id"], given["redirect_uri"])
            != (authorization.client_id, authorization.redirect_uri)
        ):
            return _json({"error": "invalid_grant", "error_codes": [70008]}, status=400)
        return _json(self._issue_tokens(authorization, given["scope"]))

    def _issue_tokens(self, authorization: _AuthorizationRequest, scope: str) -> dict[str, Any]:
        box = self._outlook.mailbox(authorization.login)
        wanted = [one.rpartition("/")[2] for one in scope.split() if "://" in one]
        who = json.dumps({"uid": box.user_id, "utid": self._entra.tenant_id}).encode()

        def issue(*scopes: str, nonce: str = "") -> str:
            return self._entra.issue_user_token(
                box.user_id, authorization.client_id, scopes, name=box.address, nonce=nonce
            )

        return {
            "token_type": "Bearer",
            "scope": scope,
            "expires_in": int(self._entra.lifetime.total_seconds()),
            "access_token": issue(*wanted),
            "id_token": issue(nonce=authorization.nonce),
            "client_info": _base64url(who),
        }


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _json(body: dict[str, Any], *, status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, mimetype="application/json")
