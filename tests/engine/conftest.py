"""The company and the services that the tests of the engine drive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from support.lock_order import in_one_order
from support.openapi import deviations
from support.reconciliation import ProvedMailbox, prove_mailbox
from support.scenario import BO, OpenScenario, Scenario
from webcrm_sync.bootstrap import open_context
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


@pytest.fixture
def open_scenario(fresh_database: str) -> Iterator[OpenScenario]:
    """Opens scenarios with the given settings.

    At the end it checks every call against the vendors' descriptions, and every transaction against
    the one order of locks.
    """
    with ExitStack() as stack:
        stages: list[Sandbox] = []

        def opened(**settings: str) -> Scenario:
            sandbox = stack.enter_context(Sandbox())
            stages.append(sandbox)
            given = sandbox.settings(
                **{"DATABASE_URL": fresh_database, "SECRET_KEY": "test", **settings}
            )
            context = stack.enter_context(
                open_context(given, url=fresh_database, now=sandbox.clock.now)
            )
            stack.enter_context(in_one_order(context.database.engine))
            return Scenario(sandbox, context)

        yield opened
        for sandbox in stages:
            assert sandbox.journal.unknown == [], "a call that no reference describes"
            found = deviations(sandbox.journal.exchanges)
            assert not found, "\n".join(found)


@pytest.fixture
def scenario(open_scenario: OpenScenario) -> Scenario:
    """A scenario with the usual settings."""
    return open_scenario()


@pytest.fixture
def box(scenario: Scenario) -> SimMailbox:
    """Kim's mailbox, with Bo known to webCRM."""
    scenario.add_contact(BO)
    made = scenario.add_mailbox()
    scenario.poll_webcrm()
    return made


@pytest.fixture
def proved(open_scenario: OpenScenario) -> ProvedMailbox:
    """A mailbox that was proved equal and gets no notifications."""
    return prove_mailbox(open_scenario(PUBLIC_URL="http://nobody.example"))
