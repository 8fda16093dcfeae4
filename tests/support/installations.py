"""Further installations of the product over one sandbox, each with a database of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import sqlalchemy
from sqlalchemy import NullPool, make_url, text

from support.scenario import Scenario
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.engine.mailboxes.lease import check_at_start
from webcrm_sync.localdb.cluster import program
from webcrm_sync.store import companies
from webcrm_sync.store.database import libpq_url, sqlalchemy_url
from webcrm_sync.store.migrate import migrate


@contextmanager
def another_installation(first: Scenario, name: str = "another") -> Iterator[Scenario]:
    """An installation with an empty database, which watches no mailbox."""
    with _database(first.context.settings.database_url or "", name) as url:
        engine = sqlalchemy.create_engine(sqlalchemy_url(url), poolclass=NullPool)
        migrate(engine)
        with _open(first, url) as scenario:
            yield scenario


@contextmanager
def restored_copy(first: Scenario, name: str = "restored") -> Iterator[Scenario]:
    """An installation with a copy of the first one's database, just started."""
    with _copy(first, name) as url, _open(first, url) as scenario:
        check_at_start(scenario.context)
        yield scenario


@contextmanager
def exact_clone(first: Scenario, name: str = "clone") -> Iterator[Scenario]:
    """As `restored_copy`, but nothing tells the database from its original."""
    with _copy(first, name) as url:
        engine = sqlalchemy.create_engine(sqlalchemy_url(url), poolclass=NullPool)
        with engine.begin() as connection:  # as if the server had been cloned with the database
            oid = "(SELECT oid FROM pg_database WHERE datname = current_database())"
            number = "(SELECT system_identifier FROM pg_control_system())"
            own = f"UPDATE database_identity SET cluster = {number} || '/' || {oid}"
            connection.execute(text(own))
        with _open(first, url) as scenario:
            check_at_start(scenario.context)
            yield scenario


def lose_tables(scenario: Scenario) -> Scenario:
    """The same installation with an empty database: it watches no mailbox."""
    with scenario.context.begin() as tx:
        tx.connection.execute(text("TRUNCATE company RESTART IDENTITY CASCADE"))
        company_id = companies.ensure_company(tx, scenario.context.tenant_id)
    context = replace(scenario.context, company_id=company_id)
    return Scenario(scenario.sandbox, context, scenario.organisations)


@contextmanager
def _copy(first: Scenario, name: str) -> Iterator[str]:
    with copy_database(first.context.settings.database_url or "", name) as url:
        yield url


@contextmanager
def copy_database(original: str, name: str) -> Iterator[str]:
    """The URL of a copy on the same server, by PostgreSQL's own dump and restore."""
    with _database(original, name) as url:
        dumped = subprocess.run(
            [program("pg_dump"), "-Fc", libpq_url(original)], check=True, capture_output=True
        )
        restore = [program("pg_restore"), "--no-owner", "-d", libpq_url(url)]
        subprocess.run(restore, input=dumped.stdout, check=True)
        yield url


@contextmanager
def _database(beside: str, name: str) -> Iterator[str]:
    """The URL of a new database on the server of `beside`, which is dropped at the end."""
    url = make_url(sqlalchemy_url(beside))
    admin = sqlalchemy.create_engine(
        url.set(database="template1"), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def _open(first: Scenario, url: str) -> Iterator[Scenario]:
    settings = first.context.settings.model_copy(
        update={"database_url": url, "public_url": "http://second.example"}
    )
    with open_context(settings, url=url, now=first.sandbox.clock.now) as context:
        yield Scenario(first.sandbox, context, dict(first.organisations))
