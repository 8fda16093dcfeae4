"""The product is no superuser of the embedded PostgreSQL, whichever version created it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from procrastinate import SyncPsycopgConnector
from procrastinate.schema import SchemaManager
from psycopg import sql
from sqlalchemy import NullPool

from support.fast_database import superuser_url
from support.revisions import bring_to
from webcrm_sync.localdb.embedded import embedded
from webcrm_sync.localdb.lifetime import Home
from webcrm_sync.localdb.role import ROLE
from webcrm_sync.store.database import libpq_url, sqlalchemy_url
from webcrm_sync.store.migrate import migrate
from webcrm_sync.store.revision import is_current

#: What a superuser could do to the machine and to us.
FORBIDDEN = [
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/dev/null'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/dev/null')",
    "SELECT rolpassword FROM pg_authid",
    "ALTER SYSTEM SET fsync = off",
    "ALTER ROLE webcrm_sync_app SUPERUSER",
    "CREATE ROLE another SUPERUSER LOGIN",
    "SET ROLE webcrm_sync",
    "SET session_replication_role = replica",
    "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/dev/null', 'f'",
    "CREATE DATABASE another",
]
#: Whose the things in our schema are.
OWNERS = """
SELECT relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION SELECT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION SELECT typowner::regrole::text FROM pg_type WHERE typnamespace = 'public'::regnamespace
"""


@contextmanager
def signed_in(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        yield connection


def test_the_products_role_has_no_superuser_rights(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with embedded(home.data_dir, create=True) as url:
        assert stat.S_IMODE(home.app_password.stat().st_mode) == 0o600
        assert home.app_password.read_text() != home.password.read_text()
        with signed_in(url) as connection:
            assert connection.info.user == ROLE
            for statement in FORBIDDEN:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement.encode())
            connection.execute("CREATE TABLE ours (id int)")


def made_by_an_earlier_version(data_dir: Path, url: str) -> None:
    """Leave the cluster as an earlier version did: one login, which owns tables of revision 5."""
    superuser = superuser_url(data_dir, url)
    with psycopg.connect(superuser, autocommit=True) as connection:
        role = sql.Identifier(ROLE)
        connection.execute("ALTER DATABASE postgres OWNER TO webcrm_sync")
        connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
        connection.execute(sql.SQL("DROP ROLE {}").format(role))
    Home(data_dir).app_password.unlink()
    engine = sqlalchemy.create_engine(sqlalchemy_url(superuser), poolclass=NullPool)
    bring_to(engine, "0005")
    with psycopg.connect(superuser, autocommit=True) as connection:
        jobs = SchemaManager(SyncPsycopgConnector()).get_schema()
        connection.execute(jobs.encode())
        connection.execute("INSERT INTO company (tenant_id, created_at) VALUES ('t', now())")
        connection.execute("CREATE TYPE mood AS ENUM ('calm')")
        connection.execute("CREATE VIEW seen AS SELECT tenant_id FROM company")


def test_a_folder_of_an_earlier_version_is_upgraded_automatically(tmp_path: Path) -> None:
    data_dir = tmp_path / "home"
    with embedded(data_dir, create=True) as url:
        made_by_an_earlier_version(data_dir, url)
    with embedded(data_dir, create=False) as url:
        engine = sqlalchemy.create_engine(sqlalchemy_url(url), poolclass=NullPool)
        migrate(engine)
        assert is_current(engine)
        with signed_in(url) as connection:
            assert connection.info.user == ROLE
            assert connection.execute("SELECT tenant_id FROM seen").fetchone() == ("t",)
            assert connection.execute(OWNERS).fetchall() == [(ROLE,)]
            connection.execute("DROP VIEW seen")
            connection.execute("DROP TYPE mood")

        # The earlier version runs again and creates a table, and a password file is lost.
        with psycopg.connect(superuser_url(data_dir, url), autocommit=True) as connection:
            connection.execute("CREATE TABLE later (id int GENERATED ALWAYS AS IDENTITY)")
        Home(data_dir).app_password.unlink()
        with embedded(data_dir, create=False) as again, signed_in(again) as connection:
            assert connection.execute("INSERT INTO later DEFAULT VALUES RETURNING id").fetchone()
            connection.execute("DROP TABLE later")
