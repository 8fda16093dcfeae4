"""Upgrades a database: the product's tables by Alembic, the queue's by Procrastinate's SQL."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from procrastinate import SyncPsycopgConnector
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, Engine, text

from webcrm_sync.store import revision

#: Any number that all processes share, so that two of them never migrate at once.
_MIGRATION_LOCK = 7_205_759_403


def migrate(engine: Engine) -> None:
    """Upgrade the database to this version. Idempotent; several processes may call it at once.

    Leaves the tables of a later version as they are if this version can use them. Otherwise raises
    DatabaseNewer.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATION_LOCK})
        if revision.is_later(connection):
            return
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _migrate_queue(connection)
        revision.record_oldest_usable(connection, _oldest_usable(config))


def _oldest_usable(config: Config) -> str:
    """The oldest revision whose processes survive each migration after it.

    A migration says so by `OLD_PROCESSES_GO_ON = True`: it only adds what they need not know. The
    first ones do not say it.
    """
    for script in ScriptDirectory.from_config(config).walk_revisions():  # the newest first
        if not getattr(script.module, "OLD_PROCESSES_GO_ON", False):
            return script.revision
    raise AssertionError("the first migration creates the tables")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(revision.MIGRATIONS))
    return config


def _migrate_queue(connection: Connection) -> None:
    """Create Procrastinate's tables, or apply the missing migrations, and record the last one."""
    if revision.has_queue(connection):
        for path in revision.missing_queue_migrations(connection):
            _run(connection, path.read_text("utf-8"))
    else:
        _run(connection, SchemaManager(SyncPsycopgConnector()).get_schema())
    newest = revision.queue_migrations()[-1].name
    _run(connection, f"COMMENT ON TABLE procrastinate_jobs IS '{newest}'")


def _run(connection: Connection, sql: str) -> None:
    connection.exec_driver_sql(sql.replace("%", "%%"))
