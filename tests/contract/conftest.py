"""The simulated Graph and the simulated webCRM over HTTP, each with a plain HTTP client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from contract.graph_setup import GraphSetup, open_graph_setup
from contract.webcrm_setup import NO_TLS, TOKEN, WebCrmSetup
from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.journal import Journal
from webcrm_sync_sandbox.webcrm import WebCrmSystem, webcrm_app


@pytest.fixture
def graph_setup() -> Iterator[GraphSetup]:
    with open_graph_setup() as graph_setup:
        yield graph_setup


@pytest.fixture
def graph(graph_setup: GraphSetup) -> httpx.Client:
    return graph_setup.client()


@pytest.fixture
def site() -> Iterator[WebCrmSetup]:
    clock = Clock()
    system, journal = WebCrmSystem(clock), Journal(clock)
    system.add_token(TOKEN)
    server = Server(journal.watch("webcrm", webcrm_app(system).wsgi_app))
    with server, httpx.Client(base_url=server.url, verify=NO_TLS) as http:
        here = WebCrmSetup(clock, system, journal, http)
        http.headers["Authorization"] = f"Bearer {here.login().json()['AccessToken']}"
        yield here


@pytest.fixture
def people(site: WebCrmSetup) -> WebCrmSetup:
    acme, other = site.system.add_organisation("Acme"), site.system.add_organisation("Other")
    for organisation, name in ((acme, "O'Neill"), (acme, "Berg"), (other, "Åse"), (other, "")):
        site.persons.append(site.system.add_person(organisation, "p@acme.example", name=name))
    return site
