"""Makes the embedded PostgreSQL of tests fast: it never waits for the disk."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from webcrm_sync.localdb.cluster import LOGIN
from webcrm_sync.localdb.lifetime import Home
from webcrm_sync.localdb.role import ROLE
from webcrm_sync.store.database import libpq_url

#: Durability costs time, and a test database may be lost.
_DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")
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
        for right in _RIGHTS:
            connection.execute(sql.SQL(right).format(role=sql.Identifier(ROLE)))
        connection.execute("SELECT pg_reload_conf()")
