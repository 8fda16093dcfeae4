"""Clients that must get answers while others misbehave: a monitor, Graph, a pane."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import Any

import httpx

from support.processes import RunningService
from support.scenario import KIM
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.engine import push_urls

#: Reading the system's roots would take most of the time of a call.
_NO_ROOTS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True, slots=True)
class Bystanders:
    """A monitor, Microsoft Graph and an open pane, as clients of one web process."""

    calls: dict[str, tuple[str, str, dict[str, Any]]]

    @classmethod
    def start(cls, service: RunningService) -> Bystanders:
        """The clients of a service; adds a mailbox, so the web process must start afterwards."""
        sandbox = service.sandbox
        box = sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
        service.watch(KIM)
        client_id = service.environment["WEBCRM_SYNC_ENTRA_CLIENT_ID"]
        token = sandbox.entra.issue_user_token(
            box.user_id, client_id, ("access_as_user",), name=KIM
        )
        with open_context(sandbox.settings_of(service.environment)) as context:
            notify = push_urls.notify_url(context)
        line = {"subscriptionId": "s", "clientState": "c"}
        pane = f"{service.public_url}/api/v1/connection"
        return cls(
            {
                "health": ("GET", f"{service.public_url}/healthz", {}),
                "receiver": ("POST", notify, {"json": {"value": [line]}}),
                "pane": ("GET", pane, {"headers": {"Authorization": f"Bearer {token}"}}),
            }
        )

    def response_times(self) -> dict[str, float]:
        """The response time of each client over a new connection, in seconds.

        The shorter one of two: a busy machine delays one call, a blocked server each.
        """
        return {name: min(self._ask(name), self._ask(name)) for name in self.calls}

    def _ask(self, name: str) -> float:
        method, url, more = self.calls[name]
        began = time.monotonic()
        httpx.request(method, url, timeout=60, verify=_NO_ROOTS, **more).raise_for_status()
        return time.monotonic() - began
