"""A scripted Graph and a small Entra, for answers that the simulated ones never give."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
import trustme

from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.outlook import SentMail
from webcrm_sync.settings import Settings
from webcrm_sync_sandbox.http_server import Dropped, Server

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
MAIL = SentMail(
    message_id="<m1@crm.example>",
    subject="Offer",
    body="x",
    body_is_html=False,
    sender_name="",
    sender_address="sales@example.com",
    recipient_name="",
    recipient_address="buyer@customer.example",
    sent_at=NOW,
    categories=(),
    stamp="ms1-m-7",
)
EMPTY_PAGE: dict[str, Any] = {"value": [], "@odata.deltaLink": "x"}
TENANT = "11111111-2222-3333-4444-555555555555"
REASONS = {200: "OK", 201: "Created", 204: "No Content"}


@dataclass
class Answer:
    """One answer. `status` 0: the server closes the connection instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None


@dataclass
class Request:
    """One received request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def error_answer(status: int, code: str, **headers: str) -> Answer:
    """A failed answer in Graph's form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"error": {"code": code, "message": f"{code} for sales@example.com"}}
    return Answer(status, body, named)


class ScriptedServer:
    """A WSGI application that gives its answers in turn and repeats the last one."""

    def __init__(self) -> None:
        self.script: list[Answer] = [Answer(body={})]
        self.requests: list[Request] = []

    def will_answer(self, *answers: Answer) -> None:
        self.script = list(answers)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        headers = {
            name[5:].lower().replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        body = environ["wsgi.input"].read()
        request = Request(environ["REQUEST_METHOD"], environ["RAW_URI"], headers, body)
        self.requests.append(request)
        answer = self.answer(request)
        answer.before()
        if not answer.status:
            raise Dropped
        content = (
            answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        )
        kind = {} if answer.status == 204 else {"Content-Type": "application/json"}
        start_response(
            f"{answer.status} {REASONS.get(answer.status, 'Trouble')}",
            list((kind | answer.headers).items()),
        )
        return [content]

    def answer(self, request: Request) -> Answer:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class SmallEntra(ScriptedServer):
    """Issues numbered tokens, or gives `forced_answer` if it is set."""

    url = ""
    forced_answer: Answer | None = None
    tokens = 0

    def answer(self, request: Request) -> Answer:
        if self.forced_answer:
            return self.forced_answer
        if request.method == "GET":
            places = {"authorization": "authorize", "token": "token"}
            here = f"{self.url}/{TENANT}"
            return Answer(
                body={f"{k}_endpoint": f"{here}/{v}" for k, v in places.items()}
                | {"issuer": f"{here}/v2.0"}
            )
        self.tokens += 1
        claims = base64.urlsafe_b64encode(
            json.dumps({"roles": ["Mail.ReadWrite"], "n": self.tokens}).encode()
        )
        token = f"h{self.tokens}.{claims.decode().rstrip('=')}.s"
        return Answer(body={"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

    @property
    def last_form(self) -> dict[str, list[str]]:
        return parse_qs(self.requests[-1].body.decode())


@contextmanager
def serve_entra(folder: Path) -> Iterator[tuple[SmallEntra, Path]]:
    """A small Entra over TLS, and the file with its root certificate."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    bundle = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    entra = SmallEntra()
    with Server(entra, ssl_context=context) as server:
        entra.url = server.url
        yield entra, bundle


def create_settings(graph_url: str, entra_url: str, bundle: Path | None, **others: Any) -> Settings:
    """Settings with the addresses of a test's servers."""
    given: dict[str, Any] = {
        "_env_file": None,
        "graph_url": f"{graph_url}/v1.0",
        "entra_authority": entra_url,
        "entra_tenant_id": TENANT,
        "entra_client_id": "app",
        "entra_client_secret": "secret",
        "webcrm_token": "unused",
        "ca_bundle": bundle,
    }
    return Settings(**(given | others))


def raised_by(call: Any, *args: Any, **named: Any) -> SyncError:
    """The error that the call raises."""
    with pytest.raises(SyncError) as found:
        call(*args, **named)
    return found.value
