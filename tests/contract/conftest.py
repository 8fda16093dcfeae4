"""The simulated Graph and the simulated webCRM over HTTP, each with a plain client before it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from contract.sandbox_graph_desk import Desk, desk_with_one_mailbox
from contract.sandbox_webcrm_site import NO_TLS, TOKEN, Site
from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.journal import Journal
from webcrm_sync_sandbox.webcrm import WebCrmWorld, webcrm_app


@pytest.fixture
def desk() -> Iterator[Desk]:
    with desk_with_one_mailbox() as desk:
        yield desk


@pytest.fixture
def graph(desk: Desk) -> httpx.Client:
    return desk.client()


@pytest.fixture
def site() -> Iterator[Site]:
    clock = Clock()
    world, journal = WebCrmWorld(clock), Journal(clock)
    world.add_token(TOKEN)
    server = Server(journal.watch("webcrm", webcrm_app(world).wsgi_app))
    with server, httpx.Client(base_url=server.url, verify=NO_TLS) as http:
        here = Site(clock, world, journal, http)
        http.headers["Authorization"] = f"Bearer {here.login().json()['AccessToken']}"
        yield here


@pytest.fixture
def people(site: Site) -> Site:
    acme, other = site.world.add_organisation("Acme"), site.world.add_organisation("Other")
    for organisation, name in ((acme, "O'Neill"), (acme, "Berg"), (other, "Åse"), (other, "")):
        site.persons.append(site.world.add_person(organisation, "p@acme.example", name=name))
    return site
