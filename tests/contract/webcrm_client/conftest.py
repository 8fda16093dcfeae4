"""A webCRM over HTTP, with the product's client before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract.webcrm_client.bench import TOKEN, Bench, settings
from webcrm_sync.webcrm import WebCrm
from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.faults import Faults
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.journal import Journal
from webcrm_sync_sandbox.webcrm import WebCrmWorld, refusal, webcrm_app


@pytest.fixture
def bench() -> Iterator[Bench]:
    clock = Clock()
    world, journal, faults = WebCrmWorld(clock), Journal(clock), Faults()
    world.add_token(TOKEN)
    app = faults.over("webcrm", webcrm_app(world).wsgi_app, body=refusal)
    with Server(journal.watch("webcrm", app)) as server:
        crm = WebCrm(settings(server.url), now=clock.now)
        yield Bench(clock, world, journal, faults, server.url, crm)
        crm.close()
    assert journal.unknown == []


@pytest.fixture
def acme(bench: Bench) -> int:
    return bench.world.add_organisation("Acme", domain="acme.example", www="www.acme.test/about")
