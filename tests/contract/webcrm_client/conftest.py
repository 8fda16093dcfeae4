"""A simulated webCRM over HTTP and the product's client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract.webcrm_client.served_webcrm import TOKEN, ServedWebCrm, create_settings
from support.lines import LocalLine
from webcrm_sync.webcrm import WebCrm
from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.faults import Faults
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.journal import Journal
from webcrm_sync_sandbox.webcrm import WebCrmSystem, refusal, webcrm_app


@pytest.fixture
def served() -> Iterator[ServedWebCrm]:
    clock = Clock()
    system, journal, faults = WebCrmSystem(clock), Journal(clock), Faults()
    system.add_token(TOKEN)
    app = faults.over("webcrm", webcrm_app(system).wsgi_app, body=refusal)
    with Server(journal.watch("webcrm", app)) as server:
        crm = WebCrm(create_settings(server.url), now=clock.now, line=LocalLine())
        yield ServedWebCrm(clock, system, journal, faults, server.url, crm)
        crm.close()
    assert journal.unknown == []


@pytest.fixture
def acme(served: ServedWebCrm) -> int:
    return served.system.add_organisation("Acme", domain="acme.example", www="www.acme.test/about")
