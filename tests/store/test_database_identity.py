"""Each process asks at its start whether its database is a copy: in one query, with few rights."""

from __future__ import annotations

import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from support.fast_database import disable_durability, superuser_url
from support.statements import statements_of
from webcrm_sync.localdb.embedded import embedded
from webcrm_sync.store import companies, mailbox_leases
from webcrm_sync.store.database import Database
from webcrm_sync.store.migrate import migrate

_NUMBER = "(SELECT oid FROM pg_database WHERE datname = current_database())"


def record(database: Database, company_id: int, *, files: str = "7") -> bool:
    with database.begin(company_id) as tx:
        return mailbox_leases.record_identity(tx, files=files, place="here")


def add_company(database: Database) -> int:
    with database.begin() as tx:
        return companies.ensure_company(tx, "11111111-2222-3333-4444-555555555555")


def read(database: Database, query: str) -> str:
    with database.begin() as tx:
        return str(tx.connection.scalar(text(query)))


def test_a_start_on_the_known_database_takes_one_query(database: Database) -> None:
    company_id = add_company(database)
    assert not record(database, company_id)
    server = "(SELECT system_identifier FROM pg_control_system())"
    own = read(database, f"SELECT {server} || '/' || {_NUMBER}")
    assert read(database, "SELECT cluster FROM database_identity") == own
    with database.begin(company_id) as tx, statements_of(database.engine) as sent:
        assert not mailbox_leases.record_identity(tx, files="7", place="here")
    assert len(sent) == 1, sent


def test_another_server_means_a_copy(database: Database) -> None:
    company_id = add_company(database)
    record(database, company_id)
    with database.begin() as tx:
        tx.connection.execute(text("UPDATE database_identity SET cluster = '1/1'"))
    assert record(database, company_id)
    assert not record(database, company_id)


@pytest.mark.long
def test_a_server_that_hides_its_identifier_is_told_by_the_number_of_the_database() -> None:
    """As some providers do: the query must not fail for want of a right."""
    with tempfile.TemporaryDirectory(prefix="wcs-") as folder:
        home = Path(folder) / "db"
        with embedded(home, create=True) as url:
            disable_durability(home, url)
            with psycopg.connect(superuser_url(home, url), autocommit=True) as connection:
                hide = "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC"
                connection.execute(hide)
            with closing(Database(url, now=lambda: datetime.now(UTC))) as database:
                migrate(database.engine)
                company_id = add_company(database)
                assert not record(database, company_id)
                recorded = read(database, "SELECT cluster FROM database_identity")
                assert recorded == read(database, f"SELECT '/' || {_NUMBER}")
