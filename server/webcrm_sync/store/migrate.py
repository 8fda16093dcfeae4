"""Brings a database to this version: our tables by Alembic, Procrastinate's by its own schema."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import procrastinate
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, Engine, text

#: Any number, the same in every process: two of them must not migrate at once.
_MIGRATION_LOCK = 7_205_759_403


class DatabaseNewer(Exception):
    """A later version of the product has migrated this database; there is no way back."""

    def __init__(self) -> None:
        super().__init__(
            "The database belongs to a later version of webcrm-sync. Install that version, "
            "or restore a backup that is older than its migration."
        )


def migrate(engine: Engine) -> None:
    """Bring the database to the newest version. Idempotent; safe from several processes.

    Raises DatabaseNewer.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATION_LOCK})
        _refuse_newer(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _apply_procrastinate(connection)


def is_current(engine: Engine) -> bool:
    """True when the database has the tables of this very version. Raises DatabaseNewer."""
    with engine.connect() as connection:
        _refuse_newer(connection)
        found = MigrationContext.configure(connection).get_current_revision()
    return found == _revisions()[0]


def _refuse_newer(connection: Connection) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in _revisions():
        raise DatabaseNewer


@cache
def _revisions() -> tuple[str, ...]:
    """Those of this version, the newest first: read from the disk once."""
    directory = ScriptDirectory.from_config(_config())
    return tuple(one.revision for one in directory.walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _apply_procrastinate(connection: Connection) -> None:
    if connection.scalar(text("SELECT to_regclass('procrastinate_jobs')")) is None:
        schema = SchemaManager(procrastinate.SyncPsycopgConnector()).get_schema()
        connection.exec_driver_sql(schema.replace("%", "%%"))
