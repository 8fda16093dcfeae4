"""The embedded PostgreSQL of a test: nothing waits for the disk, and its rows go quickly."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from webcrm_sync.localdb.cluster import LOGIN
from webcrm_sync.localdb.lifetime import Home
from webcrm_sync.localdb.role import ROLE
from webcrm_sync.store.database import libpq_url

#: A lost table of a test database is no loss: nothing waits for the disk.
_CARELESS = ("fsync", "synchronous_commit", "full_page_writes")
#: What `emptied` and its like need, and tests of upgrades, which make databases of their own.
_RIGHTS = (
    "GRANT SET ON PARAMETER session_replication_role TO {role}",
    "ALTER ROLE {role} CREATEDB",
)


def superuser_url(data_dir: Path, url: str) -> str:
    """How the superuser reaches the server of `url`, as psycopg takes it."""
    password = Home(data_dir).password.read_text("ascii")
    found = make_url(url).set(username=LOGIN, password=password)
    return libpq_url(found.render_as_string(hide_password=False))


def make_careless(data_dir: Path, url: str) -> None:
    """Spare the server of `url` the disk, and give its plain login what tests need."""
    with psycopg.connect(superuser_url(data_dir, url), autocommit=True) as connection:
        for setting in _CARELESS:
            turn = sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting))
            connection.execute(turn)
        for right in _RIGHTS:
            connection.execute(sql.SQL(right).format(role=sql.Identifier(ROLE)))
        connection.execute("SELECT pg_reload_conf()")
