"""Upgrades a database: the product's tables by Alembic, the queue's by Procrastinate's SQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate import SyncPsycopgConnector
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, Engine, text

#: Any number that all processes share, so that two of them never migrate at once.
_MIGRATION_LOCK = 7_205_759_403
#: The newest migration of Procrastinate 3.10.0. Earlier versions of the product installed only that
#: version, and recorded no migration.
_UNRECORDED = "03.04.00_50_post_add_retry_failed_job_procedure.sql"


class DatabaseNewer(Exception):
    """A later version of the product migrated this database; there is no way back."""

    def __init__(self) -> None:
        super().__init__(
            "The database belongs to a later version of webcrm-sync. Install that version, "
            "or restore a backup that is older than its migration."
        )


def migrate(engine: Engine) -> None:
    """Upgrade the database to this version. Idempotent; several processes may call it at once.

    Raises DatabaseNewer.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATION_LOCK})
        _refuse_newer(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _migrate_queue(connection)


def is_current(engine: Engine) -> bool:
    """True if the database has the tables of exactly this version. Raises DatabaseNewer."""
    with engine.connect() as connection:
        _refuse_newer(connection)
        revision = MigrationContext.configure(connection).get_current_revision()
        return revision == _revisions()[0] and not _missing_queue_migrations(connection)


def _refuse_newer(connection: Connection) -> None:
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in _revisions():
        raise DatabaseNewer


@cache
def _revisions() -> tuple[str, ...]:
    """The revisions of this version, newest first."""
    directory = ScriptDirectory.from_config(_config())
    return tuple(script.revision for script in directory.walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


# ---- the queue ----------------------------------------------------------------------------


def _migrate_queue(connection: Connection) -> None:
    """Create Procrastinate's tables, or apply the missing migrations.

    Procrastinate ships one SQL file per migration and records none (its docs: Migrations). So the
    comment of its table of jobs holds the name of the last one.
    """
    if _has_queue(connection):
        for path in _missing_queue_migrations(connection):
            _run(connection, path.read_text("utf-8"))
    else:
        _run(connection, SchemaManager(SyncPsycopgConnector()).get_schema())
    newest = _queue_migrations()[-1].name
    _run(connection, f"COMMENT ON TABLE procrastinate_jobs IS '{newest}'")


def _missing_queue_migrations(connection: Connection) -> Sequence[Path]:
    """Procrastinate's migrations that the database lacks, in their order."""
    if not _has_queue(connection):
        return _queue_migrations()
    query = text("SELECT obj_description('procrastinate_jobs'::regclass, 'pg_class')")
    last = connection.scalar(query) or _UNRECORDED
    return [path for path in _queue_migrations() if path.name > last]


def _has_queue(connection: Connection) -> bool:
    return connection.scalar(text("SELECT to_regclass('procrastinate_jobs')")) is not None


@cache
def _queue_migrations() -> tuple[Path, ...]:
    """Procrastinate's migrations; their names sort by version."""
    return tuple(sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql")))


def _run(connection: Connection, sql: str) -> None:
    connection.exec_driver_sql(sql.replace("%", "%%"))
