"""Makes the embedded PostgreSQL of tests fast: it never waits for the disk, and plans little."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from webcrm_sync.localdb.cluster import LOGIN
from webcrm_sync.localdb.lifetime import Home
from webcrm_sync.localdb.role import ROLE
from webcrm_sync.store.database import libpq_url

#: Durability costs time, and a test database may be lost.
_DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")
#: Planning takes five times as long as running a statement over the few rows of a test.
_PLAN_ONCE = "ALTER SYSTEM SET plan_cache_mode = force_generic_plan"
#: More than the statements of the product.
_MAX_PREPARED = 5000
#: Rights for `database.empty`, and for tests of upgrades, which create databases.
_RIGHTS = (
    "GRANT SET ON PARAMETER session_replication_role TO {role}",
    "ALTER ROLE {role} CREATEDB",
)


def superuser_url(data_dir: Path, url: str) -> str:
    """The URL of the superuser at the server of `url`, for psycopg."""
    password = Home(data_dir).password.read_text("ascii")
    superuser = make_url(url).set(username=LOGIN, password=password)
    return libpq_url(superuser.render_as_string(hide_password=False))


def disable_durability(data_dir: Path, url: str) -> None:
    """Turn durability off at the server of `url`, and grant its plain role the rights of tests."""
    with psycopg.connect(superuser_url(data_dir, url), autocommit=True) as connection:
        for setting in _DURABILITY:
            statement = sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting))
            connection.execute(statement)
        connection.execute(_PLAN_ONCE)
        for right in _RIGHTS:
            connection.execute(sql.SQL(right).format(role=sql.Identifier(ROLE)))
        connection.execute("SELECT pg_reload_conf()")


def prepare_soon(engine: Engine) -> None:
    """Have each connection prepare a statement at its second use, not at its sixth."""
    engine.dispose()
    event.listen(engine, "connect", _prepare_soon)


def _prepare_soon(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    assert isinstance(connection, psycopg.Connection)
    connection.prepare_threshold, connection.prepared_max = 1, _MAX_PREPARED
