"""A later version migrates the database under running processes: they go on, or end themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from support.processes import RunningService, run_service, until
from support.scenario import BO, BOTH, FOLDER, KIM
from webcrm_sync.store.database import libpq_url
from webcrm_sync.store.revision import revisions
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail

OWN, LATER = revisions()[-1], "9999"
_COMMENT = "SELECT obj_description('alembic_version'::regclass, 'pg_class')"


def migrate_as_later(url: str, *, usable_from: str | None) -> None:
    """What the `migrate` of a later version leaves behind."""
    comment = f"'{LATER} is usable from revision {usable_from}'" if usable_from else "NULL"
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute(f"UPDATE alembic_version SET version_num = '{LATER}'")
        connection.execute(f"COMMENT ON TABLE alembic_version IS {comment}")


@pytest.fixture
def migrated(fresh_database: str) -> Iterator[str]:
    """The database; it is of this version again after the test."""
    with psycopg.connect(libpq_url(fresh_database)) as connection:
        ((before,),) = connection.execute(_COMMENT).fetchall()
    yield fresh_database
    with psycopg.connect(libpq_url(fresh_database)) as connection:
        connection.execute(f"UPDATE alembic_version SET version_num = '{OWN}'")
        comment = sql.SQL("COMMENT ON TABLE alembic_version IS {}").format(sql.Literal(before))
        connection.execute(comment)


def ended(service: RunningService, name: str) -> bool:
    return service.processes[name].poll() is not None


@pytest.mark.parametrize("usable_from", [None, LATER])
def test_serve_ends_when_it_cannot_use_the_new_tables(
    migrated: str, usable_from: str | None
) -> None:
    with Sandbox() as sandbox, run_service(sandbox, "serve", DATABASE_URL=migrated) as service:
        migrate_as_later(migrated, usable_from=usable_from)
        until(lambda: ended(service, "serve"), "serve", patience_s=60)
        assert service.processes["serve"].returncode == 1
        again = service.run("serve")
        assert again.returncode == 1
        assert "The database belongs to a later version of webcrm-sync." in again.stderr


def test_web_and_worker_end_alone_too(migrated: str) -> None:
    with Sandbox() as sandbox, run_service(sandbox, DATABASE_URL=migrated) as service:
        assert service.run("migrate").returncode == 0
        for command in ("web", "worker"):
            service.start(command)
        service.await_healthy()
        migrate_as_later(migrated, usable_from=None)
        until(lambda: all(ended(service, n) for n in ("web", "worker")), "both", patience_s=60)
        assert {process.returncode for process in service.processes.values()} == {1}


def test_processes_go_on_where_the_migration_says_so(migrated: str) -> None:
    with Sandbox() as sandbox, run_service(sandbox, "serve", DATABASE_URL=migrated) as service:
        box = sandbox.outlook.add_mailbox(KIM, "Kim")
        sandbox.crm.add_person(sandbox.crm.add_organisation("Havnebyg"), BO)
        service.watch(KIM)
        migrate_as_later(migrated, usable_from=OWN)
        time.sleep(6)  # they look every five seconds
        assert not ended(service, "serve")
        item = box.deliver(Mail("After", BO, KIM))
        box.move(item, f"inbox/{FOLDER}")
        until(lambda: box.read(item).categories == BOTH, "the mail")
        assert service.run("migrate").returncode == 0  # a way back: an earlier version starts
        assert "1 synced" in service.run("status").stdout
