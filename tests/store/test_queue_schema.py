"""Procrastinate's own schema is brought up with the product's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import Engine, text

from support.revisions import database_of
from webcrm_sync.store.migrate import migrate
from webcrm_sync.store.revision import is_current

MIGRATIONS = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
#: The last migration of Procrastinate 2: version 3 changes the functions and adds workers.
OLD = "02.14.01_01_add_indexes_for_fetch_job.sql"
#: The parts of a schema: columns, types, functions, triggers and indexes.
PARTS = (
    "SELECT table_name, column_name, data_type, column_default, is_nullable"
    " FROM information_schema.columns WHERE table_name LIKE 'procrastinate%'",
    "SELECT t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid"
    " WHERE t.typname LIKE 'procrastinate%'",
    "SELECT proname, pg_get_function_identity_arguments(oid), prosrc FROM pg_proc"
    " WHERE proname LIKE 'procrastinate%'",
    "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE tgname LIKE 'procrastinate%' AND NOT tgisinternal",
    "SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'procrastinate%'",
)


def run(engine: Engine, sql: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(sql.replace("%", "%%"))


def record(engine: Engine, name: str | None) -> None:
    """Record the last migration, None = the database records none."""
    value = "NULL" if name is None else f"'{name}'"
    run(engine, f"COMMENT ON TABLE procrastinate_jobs IS {value}")


def schema(engine: Engine) -> list[list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return [sorted(tuple(r) for r in connection.execute(text(part))) for part in PARTS]


@pytest.fixture
def fresh(database_url: str) -> Iterator[Engine]:
    """A database with the tables of today's Procrastinate."""
    with database_of(database_url, "0012") as engine:
        migrate(engine)
        yield engine


def test_an_older_schema_becomes_the_current_one_and_keeps_its_jobs(
    fresh: Engine, database_url: str
) -> None:
    with database_of(database_url, "0011") as old:
        for path in MIGRATIONS:
            if path.name <= OLD:
                run(old, path.read_text("utf-8"))
        record(old, OLD)
        run(old, "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('sync', 'mark')")
        assert not is_current(old)
        migrate(old)
        assert is_current(old)
        assert schema(old) == schema(fresh)
        with old.connect() as connection:
            (jobs,) = connection.execute(text("SELECT task_name, status FROM procrastinate_jobs"))
        assert tuple(jobs) == ("mark", "todo")


def test_an_installation_without_a_record_has_the_first_shipped_schema(fresh: Engine) -> None:
    record(fresh, None)
    before = schema(fresh)
    assert is_current(fresh)
    migrate(fresh)
    assert schema(fresh) == before


def test_migrations_newer_than_the_first_shipped_one_are_not_skipped(fresh: Engine) -> None:
    record(fresh, MIGRATIONS[-2].name)
    assert not is_current(fresh)
