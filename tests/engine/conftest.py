"""Fixtures for tests of the engine: a scenario, a mailbox, a proved mailbox, a fault runner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from support import watched
from support.database import empty
from support.doctor import OF_TESTS, Doctor, open_doctor
from support.fault_runner import FaultRunner, fault_runner
from support.lock_order import in_one_order
from support.openapi import deviations
from support.receivers import MailServer, Webhook, mail_server, webhook_receiver
from support.reconciliation import ProvedMailbox, prove_mailbox
from support.recorded import Recording
from support.recorded_company import Company, open_company
from support.revisions import database_of
from support.scenario import BO, OpenScenario, Scenario
from support.unlimited_line import unlimited_line
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.settings import PREFIX
from webcrm_sync.store.migrate import migrate
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


@pytest.fixture
def open_scenario(fresh_database: str) -> Iterator[OpenScenario]:
    """Opens scenarios with the given settings.

    After the test it checks each call against the vendors' descriptions, that no call put an
    Activity under an Opportunity of another Organisation, and that each transaction took its locks
    in the one order.
    """
    with ExitStack() as stack:
        sandboxes: list[Sandbox] = []

        def open_one(**settings: str) -> Scenario:
            sandbox = stack.enter_context(Sandbox())
            sandboxes.append(sandbox)
            values = sandbox.settings(
                **{"DATABASE_URL": fresh_database, "SECRET_KEY": "test", **settings}
            )
            limited = stack.enter_context(
                open_context(values, url=fresh_database, now=sandbox.clock.now)
            )
            context = stack.enter_context(unlimited_line(limited, fresh_database))
            stack.enter_context(in_one_order(context.database.engine))
            return Scenario(sandbox, context)

        yield open_one
        for sandbox in sandboxes:
            assert sandbox.journal.unknown == [], "a call that the API descriptions do not contain"
            assert sandbox.crm.foreign_opportunities == []
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
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    return box


@pytest.fixture(scope="module")
def runner(database_url: str) -> Iterator[FaultRunner]:
    """A fault runner for the tests of one file; it restores its state before each run."""
    empty(database_url)
    with fault_runner(database_url) as opened:
        yield opened


@pytest.fixture
def proved(open_scenario: OpenScenario) -> ProvedMailbox:
    """A mailbox whose proof found no difference; it gets no notifications."""
    return prove_mailbox(open_scenario(PUBLIC_URL="http://nobody.example"))


@pytest.fixture
def receivers() -> Iterator[tuple[MailServer, Webhook]]:
    """A mail server and a webhook receiver."""
    with mail_server() as mail, webhook_receiver() as webhook:
        yield mail, webhook


@pytest.fixture
def open_watched(
    open_scenario: OpenScenario, receivers: tuple[MailServer, Webhook]
) -> watched.OpenWatched:
    """Opens a company at work that tells these receivers about its troubles."""
    return partial(watched.open_watched, open_scenario, *receivers)


@pytest.fixture(params=["0005", "0012"])
def recording(request: pytest.FixtureRequest) -> Recording:
    """A company as an earlier version left it; each of them, unless the test names one."""
    return Recording(Path(__file__).parent / f"revision_{request.param}")


@pytest.fixture
def recorded_sandbox(recording: Recording) -> Iterator[Sandbox]:
    """The services of the recording. At the end it checks every call as `open_scenario` does."""
    with Sandbox() as sandbox:
        recording.set(sandbox)
        yield sandbox
        assert sandbox.journal.unknown == []
        assert not (found := deviations(sandbox.journal.exchanges)), "\n".join(found)


@pytest.fixture
def recorded_database(
    database_url: str, recording: Recording, recorded_sandbox: Sandbox
) -> Iterator[Engine]:
    """The database of the recording, not migrated."""
    with database_of(database_url, recording.revision) as engine:
        recording.load(engine, recording.settings(recorded_sandbox, database_url))
        yield engine


@pytest.fixture
def company(
    recording: Recording, recorded_sandbox: Sandbox, recorded_database: Engine
) -> Iterator[Company]:
    """The recorded company after `migrate`, before the product has done anything."""
    migrate(recorded_database)
    with open_company(recording, recorded_sandbox, recorded_database) as company:
        yield company


@pytest.fixture
def doctor(scenario: Scenario, tmp_path: Path) -> Iterator[Doctor]:
    """`doctor` over a company of which nothing is wrong."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in OF_TESTS:
            patch.delenv(PREFIX + variable, raising=False)
        yield open_doctor(scenario, tmp_path)


@pytest.fixture
def reached(doctor: Doctor) -> Iterator[Doctor]:
    """The same, and the web process answers at PUBLIC_URL."""
    with Server(create_app(doctor.scenario.context).wsgi_app) as server:
        doctor.settings["PUBLIC_URL"] = server.url
        yield doctor
