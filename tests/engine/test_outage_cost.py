"""A day of errors costs few calls, `status` names the fix, and the work finishes afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from support.interleave import worker
from support.processes import run_service, until
from support.scenario import BO, BOTH, FOLDER, KIM, OpenScenario, Scenario
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.store.database import libpq_url
from webcrm_sync_sandbox.entra import ROLES, App
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

#: The errors of a restart of the database.
_CUT_OFF = """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@dataclass(slots=True)
class ProvedMailbox:
    """Kim's mailbox during an outage."""

    scenario: Scenario
    box: SimMailbox

    @property
    def app(self) -> App:
        """Our application in Entra."""
        return self.scenario.sandbox.entra.apps[self.scenario.context.settings.entra_client_id]

    def set_app(self, **values: object) -> None:
        """Change the application and revoke its tokens."""
        for name, value in values.items():
            setattr(self.app, name, value)
        self.scenario.sandbox.entra.revoke_tokens()

    @property
    def troubles(self) -> list[str]:
        """The problems that `status` shows."""
        found = read_status(self.scenario.context)
        told = [found.webcrm_trouble, *(box.trouble for box in found.mailboxes)]
        return [trouble for trouble in told if trouble]

    def calls(self, *services: str) -> int:
        """The number of calls to these services so far."""
        return sum(self.scenario.sandbox.journal.count(service) for service in services)


@pytest.fixture
def proved(open_scenario: OpenScenario) -> ProvedMailbox:
    """Kim's mailbox, with Bo known to webCRM, and without push."""
    scenario = open_scenario(PUBLIC_URL="http://nobody.example")
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    return ProvedMailbox(scenario, box)


def _token(proved: ProvedMailbox) -> str:
    return proved.scenario.context.settings.webcrm_token.get_secret_value()


def _secret(proved: ProvedMailbox) -> str:
    secret = proved.scenario.context.settings.entra_client_secret
    assert secret is not None
    return secret.get_secret_value()


Act = Callable[[ProvedMailbox], object]


@dataclass(frozen=True, slots=True)
class Trouble:
    """An outage: how it begins and ends, and the words of `status` meanwhile."""

    name: str
    breaks: Act
    mends: Act
    says: str
    services: tuple[str, ...] = ("entra", "graph")


TROUBLES = [
    Trouble(
        "graph is down",
        lambda g: g.scenario.sandbox.faults.unavailable("graph"),
        lambda g: g.scenario.sandbox.faults.clear(),
        "goes on by itself",
    ),
    Trouble(
        "webcrm is down",
        lambda g: g.scenario.sandbox.faults.unavailable("webcrm"),
        lambda g: g.scenario.sandbox.faults.clear(),
        "goes on by itself",
        ("webcrm",),
    ),
    Trouble(
        "webcrm's token is revoked",
        lambda g: g.scenario.sandbox.crm.tokens.clear(),
        lambda g: g.scenario.sandbox.crm.add_token(_token(g)),
        "WEBCRM_SYNC_WEBCRM_TOKEN",
        ("webcrm",),
    ),
    Trouble(
        "entra's secret is revoked",
        lambda g: g.set_app(secret="of-another-day"),
        lambda g: g.set_app(secret=_secret(g)),
        "WEBCRM_SYNC_ENTRA_CLIENT_SECRET",
    ),
    Trouble(
        "consent is withdrawn",
        lambda g: g.set_app(roles=()),
        lambda g: g.set_app(roles=ROLES),
        "Check its licence and the application's permission",
    ),
    Trouble(
        "the licence is removed",
        lambda g: setattr(g.box, "has_licence", False),
        lambda g: setattr(g.box, "has_licence", True),
        "Check its licence and the application's permission",
    ),
    Trouble(
        "the mailbox is full",
        lambda g: setattr(g.box, "is_full", True),
        lambda g: setattr(g.box, "is_full", False),
        "Free some space in it",
    ),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_day_of_errors_costs_few_calls_and_recovers_without_help(
    proved: ProvedMailbox, trouble: Trouble
) -> None:
    scenario = proved.scenario
    trouble.breaks(proved)
    items = [scenario.drag(proved.box, Mail(f"Mail {n}", BO, KIM)) for n in range(3)]
    scenario.sandbox.clock.advance(timedelta(hours=1))  # after webCRM's token has expired
    scenario.discover()
    _pass(scenario, hours=2)
    before = proved.calls(*trouble.services)
    for _ in range(15):
        scenario.sandbox.clock.advance(timedelta(minutes=2))
        scenario.run_until_idle()
    assert 1 <= proved.calls(*trouble.services) - before <= 20
    assert sum(trouble.says in told for told in proved.troubles) == 1
    _pass(scenario, hours=20)
    trouble.mends(proved)
    for _ in range(3):
        scenario.wait(timedelta(minutes=13))
    assert proved.troubles == []
    assert all(proved.box.read(item).categories == BOTH for item in items)
    assert len(scenario.activities) == 3


def _pass(scenario: Scenario, *, hours: int) -> None:
    for _ in range(0, hours, 2):
        scenario.sandbox.clock.advance(timedelta(hours=2))
        scenario.run_until_idle()


@pytest.mark.parametrize("service", ["graph", "webcrm"])
@pytest.mark.parametrize("is_date", [False, True])
def test_no_service_is_called_before_the_time_it_asked_for(
    proved: ProvedMailbox, service: str, is_date: bool
) -> None:
    scenario = proved.scenario
    hour = timedelta(hours=1)
    asked: float | datetime = (
        scenario.sandbox.clock.now() + hour if is_date else hour.total_seconds()
    )
    scenario.sandbox.faults.throttle(service, retry_after=asked, limit=1)
    item = scenario.drag(proved.box, Mail("Patience", BO, KIM))
    scenario.discover()
    before = scenario.sandbox.journal.count(service)
    for _ in range(11):
        scenario.wait(timedelta(minutes=5))
    assert scenario.sandbox.journal.count(service) == before
    scenario.wait(timedelta(minutes=6))
    assert proved.box.read(item).categories == BOTH


def test_each_of_two_mailboxes_waits_alone(proved: ProvedMailbox) -> None:
    scenario = proved.scenario
    eva = scenario.add_mailbox("eva@nordwind.example", "Eva Nordwind")
    proved.box.has_licence = False
    scenario.wait(timedelta(minutes=3))
    fine = scenario.drag(eva, Mail("Fine", BO, "eva@nordwind.example"))
    scenario.discover()
    assert eva.read(fine).categories == BOTH
    assert [bool(box.trouble) for box in read_status(scenario.context).mailboxes] == [False, True]


def test_database_that_restarts_between_a_call_and_its_record_loses_nothing(
    proved: ProvedMailbox,
) -> None:
    scenario, url = proved.scenario, proved.scenario.context.settings.database_url or ""
    item = scenario.drag(proved.box, Mail("Once", BO, KIM))
    with suppress(OperationalError):  # the next batch may be in preparation at that moment
        worker(scenario, "webcrm", "write_activities", after=lambda: _restart(url)).discover()
    scenario.discover()
    assert proved.box.read(item).categories == BOTH
    assert len(scenario.activities) == 1


def _restart(url: str) -> None:
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute(_CUT_OFF)


@pytest.mark.long
def test_service_continues_after_its_database_has_restarted(fresh_database: str) -> None:
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as scratch:
        sandbox.crm.add_person(sandbox.crm.add_organisation("Havnebyg"), BO)
        box = sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
        with run_service(
            sandbox, "serve", DATABASE_URL=fresh_database, DATA_DIR=scratch
        ) as service:
            service.watch(KIM)
            first = box.put(Mail("Before", BO, KIM), f"inbox/{FOLDER}")
            until(lambda: box.read(first).categories == BOTH, "the mail before the restart")
            _restart(fresh_database)
            second = box.put(Mail("After", BO, KIM), f"inbox/{FOLDER}")
            until(lambda: box.read(second).categories == BOTH, "the mail after the restart")
    assert len(sandbox.crm.activities) == 2
