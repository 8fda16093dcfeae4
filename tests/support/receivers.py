"""A mail server and a webhook receiver on this machine: those who are told about troubles."""

from __future__ import annotations

import base64
import hmac
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from webcrm_sync_sandbox.http_server import free_port

IT, BOSS = "it@nordwind.example", "boss@nordwind.example"
SECRET = "a secret of both sides"


@dataclass(slots=True)
class MailServer:
    """A mail server that takes what it gets. `answer`: what it says to each mail.

    `password`: the one that it asks for, None = none.
    """

    answer: str = "250 OK"
    password: str | None = None
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    receivers: list[list[str]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names it
        self, server: object, session: Session, envelope: Envelope, address: str, options: object
    ) -> str:
        if address in self.refused:
            return f"550 5.1.1 <{address}> is nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd names it
        self, server: object, session: Session, envelope: Envelope
    ) -> str:
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.receivers.append(envelope.rcpt_tos)
        return self.answer

    def authenticate(
        self, server: object, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        is_right = data.password.decode() == self.password
        return AuthResult(success=is_right, handled=False)

    @property
    def subjects(self) -> list[str]:
        """The subjects of the mails so far, without the product's name."""
        return [str(m["Subject"]).removeprefix("webCRM mail sync: ") for m in self.mails]


@contextmanager
def mail_server(
    *, trust: ssl.SSLContext | None = None, is_tls: bool = False, password: str | None = None
) -> Iterator[MailServer]:
    """Serve mail during the block. `trust`: offers STARTTLS, or TLS from the start (`is_tls`)."""
    server = MailServer(password=password)
    more: dict[str, Any] = {"ssl_context" if is_tls else "tls_context": trust}
    if password is not None:
        more |= {
            "authenticator": server.authenticate,
            "auth_required": trust is not None and not is_tls,  # else it warns
            "auth_require_tls": trust is not None and not is_tls,
        }
    server.port = free_port()
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **more)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@dataclass(slots=True)
class Webhook:
    """A receiver that believes only what is signed. `status`: what it answers."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    @property
    def moments(self) -> list[tuple[str, str | None]]:
        """Each message's type, and the kind of its trouble."""
        return [(body["type"], body["data"]["kind"]) for body in self.bodies]

    def take(self, headers: dict[str, str], content: bytes) -> None:
        """Check the signature as Standard Webhooks says, and keep the message."""
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + content
        expected = base64.b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        if self.status < 300:
            self.bodies.append(json.loads(content))
            self.ids.append(headers["webhook-id"])


@contextmanager
def webhook_receiver() -> Iterator[Webhook]:
    """Receive what is posted during the block."""
    webhook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            webhook.take({k.lower(): v for k, v in self.headers.items()}, content)
            self.send_response(webhook.status)
            for name, value in webhook.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    webhook.url = f"http://127.0.0.1:{server.server_port}/alerts?key=hush"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield webhook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
