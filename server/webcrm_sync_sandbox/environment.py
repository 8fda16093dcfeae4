"""The three simulated services together, and the settings that point at them."""

from __future__ import annotations

import secrets
import ssl
import tempfile
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from webcrm_sync.settings import PREFIX, Settings
from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.entra import Entra
from webcrm_sync_sandbox.faults import Faults
from webcrm_sync_sandbox.graph.app import Graph, error_body
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.journal import Journal
from webcrm_sync_sandbox.outlook import Outlook
from webcrm_sync_sandbox.sign_in import SignIn
from webcrm_sync_sandbox.webcrm import WebCrmSystem, webcrm_app
from webcrm_sync_sandbox.webcrm import refusal as webcrm_refusal


class Sandbox:
    """Microsoft 365 and webCRM on this machine, over real HTTP. Use as a context manager.

    People act in `outlook` and `crm`. `faults` and `graph.behaviour` make the services misbehave,
    `journal` records their calls, `clock` is their time, `sign_in` serves Entra's pages. `trust`:
    the certificates that Graph trusts when it pushes.
    """

    def __init__(
        self, *, seed: int = 0, keep_bodies: bool = True, trust: ssl.SSLContext | None = None
    ) -> None:
        self.clock = Clock()
        self.journal = Journal(self.clock, keep_bodies=keep_bodies)
        self.faults = Faults(seed)
        self.outlook = Outlook(self.clock)
        self.crm = WebCrmSystem(self.clock)
        self._scratch = tempfile.TemporaryDirectory(prefix="webcrm-sync-sandbox-")
        self.entra = Entra(self.clock, folder=Path(self._scratch.name))
        self.sign_in = SignIn(self.entra, self.outlook)
        self.graph = Graph(self.outlook, self.clock, tokens=self.entra, seed=seed, trust=trust)
        self._client_secret = secrets.token_urlsafe(24)
        self._webcrm_token = str(uuid.uuid4())
        self._app = self.entra.add_app(secret=self._client_secret)
        self.crm.add_token(self._webcrm_token)
        watch, over = self.journal.watch, self.faults.over
        self._entra = Server(
            watch("entra", over("entra", self.sign_in.wrap(self.entra))),
            ssl_context=self.entra.ssl_context,
        )
        self._graph = Server(watch("graph", over("graph", self.graph, body=error_body)))
        crm_app = webcrm_app(self.crm).wsgi_app
        self._webcrm = Server(watch("webcrm", over("webcrm", crm_app, body=webcrm_refusal)))

    def __enter__(self) -> Self:
        for server in (self._entra, self._graph, self._webcrm):
            server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.graph.close()
        servers = (self._entra, self._graph, self._webcrm)
        with ThreadPoolExecutor(
            len(servers)
        ) as side_by_side:  # each stop waits for its server to poll
            list(side_by_side.map(Server.stop, servers))
        self._scratch.cleanup()

    def save_state(self) -> Callable[[], None]:
        """A function that restores time, mailboxes and webCRM's records as of now, without mails.

        Cheaper than another sandbox. The product's database is not restored.
        """
        moment = self.clock.now()
        kept = [box.save_state() for box in self.outlook.mailboxes]
        kept.append(self.graph.save_state())
        kept += [table.save_state() for table in self.crm.tables.values()]

        def restore() -> None:
            for one in kept:
                one()
            self.clock.advance(moment - self.clock.now())

        return restore

    def environment(self, **more: str) -> dict[str, str]:
        """The environment variables that let the product use this sandbox."""
        named = {
            "ENTRA_AUTHORITY": self._entra.url,
            "ENTRA_TENANT_ID": self.entra.tenant_id,
            "ENTRA_CLIENT_ID": self._app.client_id,
            "ENTRA_CLIENT_SECRET": self._client_secret,
            "GRAPH_URL": f"{self._graph.url}/v1.0",
            "CA_BUNDLE": str(self.entra.ca_pem),
            "WEBCRM_URL": self._webcrm.url,
            "WEBCRM_TOKEN": self._webcrm_token,
            "SECRET_KEY": "a key for the sandbox alone",
            **more,
        }
        return {PREFIX + name: value for name, value in named.items()}

    def settings(self, **more: str) -> Settings:
        """The product's settings for this sandbox."""
        return self.settings_of(self.environment(**more))

    @staticmethod
    def settings_of(environment: dict[str, str]) -> Settings:
        """The settings that these environment variables give."""
        named = {name.removeprefix(PREFIX).lower(): v for name, v in environment.items()}
        return Settings.model_validate(named)
