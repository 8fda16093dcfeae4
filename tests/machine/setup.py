"""The setup in which histories run: opened once, restored before each history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from sqlalchemy import text

from machine.boundaries import Boundaries
from support.fault_runner import open_worker
from support.installations import another_installation
from support.scenario import Scenario
from support.unlimited_line import unlimited_line
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.store import mailboxes
from webcrm_sync.store.database import libpq_url
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.outlook.store import Notice

KIM, EVA = "kim@nordwind.example", "eva@nordwind.example"
BO, LIS, TWIN = "bo@havnebyg.example", "lis@skovby.example", "twin@mail.example"
PIA, DAN = "pia@lund.example", "dan@tine.example"
ORGANISATIONS = ("Havnebyg", "Skovby", "Lund", "Tine")
#: The domain of an Organisation of which webCRM knows no Person.
DOMAIN = "tine.example"
#: The interval between two polls of a folder.
POLL = timedelta(seconds=600)
_SECRET = "a word that only Exchange knows"

#: Records each change of a copy's state, and saves the tables.
_SAVE = """
CREATE SCHEMA saved;
CREATE TABLE saved.step (id bigserial, item_id bigint, was text, now text, reason text);
CREATE FUNCTION saved.record_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO saved.step (item_id, now, reason) VALUES (NEW.id, NEW.state, NEW.reason);
    ELSIF OLD.state <> NEW.state THEN
        INSERT INTO saved.step (item_id, was, now, reason)
        VALUES (NEW.id, OLD.state, NEW.state, NEW.reason);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER record_step AFTER INSERT OR UPDATE ON item
    FOR EACH ROW EXECUTE FUNCTION saved.record_step();
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                  AND tablename <> 'alembic_version' LOOP
        EXECUTE format('CREATE TABLE saved.%I AS TABLE public.%I', name, name);
    END LOOP;
END $$;
CREATE TABLE saved.last AS SELECT sequencename, last_value FROM pg_sequences
 WHERE schemaname = 'public' AND last_value IS NOT NULL;
"""
_DROP = "DROP TRIGGER record_step ON item; DROP SCHEMA saved CASCADE"
_RESTORE = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                  AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
        EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM saved.%I',
                       name, name);
    END LOOP;
    DELETE FROM saved.step;
    PERFORM setval(format('public.%I', sequencename), last_value) FROM saved.last;
END $$
"""


@dataclass(frozen=True, slots=True)
class Rival:
    """Another installation with a database of its own, and the connection that restores it."""

    scenario: Scenario
    admin_connection: psycopg.Connection


@dataclass(slots=True)
class MachineSetup:
    """Two watched mailboxes, four Organisations, two workers, and another installation."""

    scenario: Scenario
    #: the connection that restores the tables
    admin_connection: psycopg.Connection
    #: a worker over the same tables that nothing interrupts
    second_worker: Scenario
    #: another installation, which watches no mailbox at the beginning
    rival: Rival
    boxes: tuple[SimMailbox, SimMailbox]
    organisations: dict[str, int]
    #: the Opportunity of each Organisation, by its id
    opportunities: dict[int, int]
    user: int
    boundaries: Boundaries
    #: Persons at the beginning: (id, address, Organisation)
    persons: list[tuple[int, str, int]]
    #: notifications of Exchange that are not delivered yet
    notices: list[Notice] = field(default_factory=list)
    restore_sandbox: Callable[[], None] = lambda: None

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox of the setup."""
        return self.scenario.sandbox

    def begin(self) -> None:
        """Restore the services and the tables for a new history."""
        self.sandbox.faults.clear()
        self.sandbox.journal.clear()
        self.restore_sandbox()
        self.admin_connection.execute(_RESTORE)
        self.rival.admin_connection.execute(_RESTORE)
        self.scenario.context.metadata.fields = None
        self.boundaries.clear()
        self.notices.clear()

    def rows(self, query: str, **values: Any) -> list[Any]:
        """The rows of a query."""
        with self.scenario.context.database.engine.connect() as connection:
            return list(connection.execute(text(query), values))

    @property
    def secret(self) -> str:
        """The client state of every subscription."""
        return _SECRET


@contextmanager
def open_setup(url: str) -> Iterator[MachineSetup]:
    """Open the setup over a migrated, empty database."""
    with Sandbox(keep_bodies=False) as sandbox:
        sandbox.crm.calls_a_minute = sandbox.graph.behaviour.requests_per_window = 10**9
        settings = sandbox.settings(
            DATABASE_URL=url, POLL_SECONDS=f"{POLL.seconds}", PUBLIC_URL="http://sync.example"
        )
        with (
            open_context(settings, url=url, now=sandbox.clock.now) as limited,
            unlimited_line(limited, url) as context,
        ):
            scenario = Scenario(sandbox, context)
            with (
                psycopg.connect(libpq_url(url), autocommit=True) as connection,
                _open_rival(scenario) as rival,
            ):
                setup = _set_up(scenario, connection, rival)
                rival.scenario.poll_webcrm()
                for saved in (connection, rival.admin_connection):
                    saved.execute(_SAVE)
                try:
                    setup.restore_sandbox = sandbox.save_state()
                    sandbox.outlook.listen(setup.notices.append)
                    yield setup
                finally:
                    connection.execute(_DROP)


@contextmanager
def _open_rival(scenario: Scenario) -> Iterator[Rival]:
    settle_s = scenario.context.settings.webcrm_settle_seconds
    with (
        another_installation(scenario, "rival") as opened,
        open_worker(scenario.sandbox, opened.context, settle_s=settle_s) as rival,
        psycopg.connect(
            libpq_url(rival.context.settings.database_url or ""), autocommit=True
        ) as connection,
    ):
        yield Rival(rival, connection)


def _set_up(scenario: Scenario, admin_connection: psycopg.Connection, rival: Rival) -> MachineSetup:
    crm = scenario.sandbox.crm
    organisations = {
        name: crm.add_organisation(name, domain=DOMAIN if name == "Tine" else "")
        for name in ORGANISATIONS
    }
    opportunities = {
        organisation: crm.add_opportunity(organisation, f"Deal of {name}")
        for name, organisation in organisations.items()
    }
    known = ((BO, "Havnebyg"), (LIS, "Skovby"), (TWIN, "Havnebyg"), (TWIN, "Skovby"))
    persons = [
        (crm.add_person(organisations[name], address), address, organisations[name])
        for address, name in known
    ]
    user = crm.add_user(KIM, "Kim Nordwind")
    boxes = scenario.add_mailbox(KIM, "Kim Nordwind"), scenario.add_mailbox(EVA, "Eva Nordwind")
    for box in boxes:
        box.make_folder("inbox", "Archive")
    scenario.poll_webcrm()
    _subscribe(scenario)
    boundaries = Boundaries()
    interrupted = Scenario(scenario.sandbox, boundaries.wrap(scenario.context))
    return MachineSetup(
        interrupted,
        admin_connection,
        scenario,
        rival,
        boxes,
        organisations,
        opportunities,
        user,
        boundaries,
        persons,
    )


def _subscribe(scenario: Scenario) -> None:
    """Give each folder a lasting subscription. The histories send its notifications."""
    with scenario.context.begin() as tx:
        for box in mailboxes.all_mailboxes(tx):
            for folder in mailboxes.folders(tx, box.id):
                mailboxes.set_folder(
                    tx,
                    folder.id,
                    subscription_id=f"push {folder.graph_id}",
                    client_state=scenario.context.cipher.encrypt(_SECRET),
                    subscription_expires_at=tx.now + timedelta(days=400),
                )
