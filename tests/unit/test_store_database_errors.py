"""What is wrong with a database, in a sentence with its cure and without its password."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError, ProgrammingError

from webcrm_sync.settings import PREFIX
from webcrm_sync.store.database_errors import describe_database_error

_FAILED = 'connection failed: connection to server at "10.0.0.1", port 5432 failed: '


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (errors.InsufficientPrivilege("x"), "make it the owner of the database"),
        (errors.ReadOnlySqlTransaction("x"), "must name the primary server, not a standby"),
        (errors.DiskFull("x"), "the disk of the database is full: make room there"),
        (errors.TooManyConnections("x"), "raise its max_connections"),
    ],
)
def test_an_error_of_the_server_is_named_by_its_number(error: psycopg.Error, cure: str) -> None:
    text = describe_database_error(ProgrammingError("SELECT 'hush'", None, error))
    assert text.startswith("The database cannot be used: ")
    assert cure in text
    assert f"(PostgreSQL: {error.sqlstate})" in text
    assert "hush" not in text


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ('FATAL:  password authentication failed for user "u"', "user or password in"),
        ('FATAL:  role "u" does not exist', "does not exist"),
        ('FATAL:  database "d" does not exist', "create it, owned by the user in"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.2"', "add it to pg_hba.conf"),
        ("server does not support SSL, but SSL was required", "the server speaks no TLS"),
        ("SSL error: certificate verify failed", "check sslmode and sslrootcert"),
        ("FATAL:  sorry, too many clients already", "raise its max_connections"),
        ("FATAL:  the database system is starting up", "wait a minute"),
        ("FATAL:  could not write init file: No space left on device", "make room there"),
        ("timeout expired", "check address and firewall"),
        ("something new", f"check {PREFIX}DATABASE_URL"),
    ],
)
def test_a_failed_connection_is_named_by_its_words(words: str, cure: str) -> None:
    first = f"{_FAILED}Connection reset\nMultiple connection attempts failed. All failures were:\n"
    error = psycopg.OperationalError(f"{first}- {_FAILED}{words}")
    text = describe_database_error(OperationalError("SELECT 1", None, error))
    assert cure in text
    assert "\n" not in text
    assert words in text
