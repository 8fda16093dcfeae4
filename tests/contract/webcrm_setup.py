"""A simulated webCRM over HTTP, and a plain client that is logged in."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

import httpx

from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.journal import Journal
from webcrm_sync_sandbox.webcrm import WebCrmSystem

#: Creating a TLS context takes 50 ms, and no test here uses TLS.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TOKEN = "5a6f5f0e-0000-4000-8000-000000000002"


@dataclass
class WebCrmSetup:
    """A webCRM, and a plain HTTP client that is logged in."""

    clock: Clock
    system: WebCrmSystem
    journal: Journal
    http: httpx.Client
    persons: list[int] = field(default_factory=list)

    def login(self, code: str = TOKEN) -> httpx.Response:
        return self.http.post("/Auth/ApiLogin", data={"authCode": code})

    def query(self, script: str, **paging: int) -> httpx.Response:
        return self.http.get("/Queries", params={"script": script, **paging})

    def ids(self, where: str) -> list[int]:
        answer = self.query(f"SELECT PersonId FROM Person {where}")
        assert answer.status_code == 200, answer.text
        return [row["PersonId"] for row in answer.json()]
