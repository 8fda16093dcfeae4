"""The application over a scenario, and signed-in people with tokens from Entra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask import Flask

from support.api_client import Person, person
from support.placed_mail import OLE
from support.scenario import BO, KIM, LIS, OpenScenario, Scenario
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.environment import Sandbox

EVA = "eva@nordwind.example"


@pytest.fixture
def open_scenario(fresh_database: str) -> Iterator[OpenScenario]:
    """Opens a scenario with the given settings."""
    with ExitStack() as stack:

        def opened(**settings: str) -> Scenario:
            sandbox = stack.enter_context(Sandbox())
            given = sandbox.settings(
                **{"DATABASE_URL": fresh_database, "SECRET_KEY": "test", **settings}
            )
            context = open_context(given, url=fresh_database, now=sandbox.clock.now)
            return Scenario(sandbox, stack.enter_context(context))

        yield opened


@pytest.fixture
def scenario(open_scenario: OpenScenario) -> Scenario:
    """A scenario with the usual settings."""
    return open_scenario(WEBCRM_ORGANISATION_LINK="https://crm.example/o/{id}")


@pytest.fixture
def app(scenario: Scenario) -> Flask:
    """The application over the scenario."""
    return create_app(scenario.context)


@pytest.fixture
def kim(scenario: Scenario, app: Flask) -> Person:
    """A salesperson."""
    return person(scenario, app, KIM, "Kim Nordwind")


@pytest.fixture
def eva(scenario: Scenario, app: Flask) -> Person:
    """A colleague."""
    return person(scenario, app, EVA, "Eva Nordwind")


@pytest.fixture
def places(scenario: Scenario) -> dict[str, int]:
    """Organisations by name; a mail of Bo and Lis belongs to the first two."""
    scenario.add_contact(BO, "Havnebyg", name="Bo Byg")
    scenario.add_contact(LIS, "Skovby")
    scenario.add_contact(OLE, "Mill")
    scenario.poll_webcrm()
    return scenario.organisations
