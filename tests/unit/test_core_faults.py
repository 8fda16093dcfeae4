"""What an exception means."""

from __future__ import annotations

import re
import traceback

import psycopg
import pytest
import sqlalchemy.exc
from psycopg import errors

from webcrm_sync.core.errors import Gone, TryLater
from webcrm_sync.core.faults import (
    MAX_SUBJECTS_PER_FAULT,
    fault_signature,
    format_trace,
    is_given_up,
    is_widespread,
)
from webcrm_sync.core.times import to_storable_time
from webcrm_sync.engine.fault_isolation.incidents import is_trouble


def raised_by_the_product() -> Exception:
    try:
        to_storable_time("words of a mail")  # type: ignore[arg-type] # that is the fault
    except TypeError as error:
        return error
    raise AssertionError


def wrapped(error: psycopg.Error) -> sqlalchemy.exc.DBAPIError:
    return sqlalchemy.exc.OperationalError("SELECT 1", {}, error)


def test_equal_exceptions_have_equal_fingerprints() -> None:
    one, two = raised_by_the_product(), raised_by_the_product()
    assert fault_signature(one) == fault_signature(two)
    assert re.fullmatch(r"TypeError in core\.times:\d+", fault_signature(one))
    assert fault_signature(ValueError("words of a mail")) == "ValueError"


def test_trace_holds_no_text_of_the_exception() -> None:
    error = ValueError("words of a mail")
    error.__cause__ = KeyError("bo@havnebyg.example")
    assert format_trace(error) == "KeyError\nValueError\n"
    raised = raised_by_the_product()
    places = "".join(traceback.format_tb(raised.__traceback__))
    assert "core/times.py" in places
    assert format_trace(raised) == f"{places}TypeError\n"


@pytest.mark.parametrize(
    "error",
    [
        TryLater(),
        Gone(),
        OSError(28, "No space left on device"),
        TimeoutError(),
        ConnectionResetError(),
        MemoryError(),
        psycopg.OperationalError("the connection is closed"),
        wrapped(errors.DeadlockDetected()),
        wrapped(errors.DiskFull()),
        wrapped(errors.AdminShutdown()),
        wrapped(errors.ReadOnlySqlTransaction()),
        wrapped(errors.UndefinedTable()),
        wrapped(errors.ConnectionFailure()),
        wrapped(errors.InvalidSqlStatementName()),
        wrapped(errors.InvalidPassword()),
        wrapped(errors.InvalidCatalogName()),
        wrapped(errors.LockNotAvailable()),
        wrapped(errors.IoError()),
        wrapped(errors.InFailedSqlTransaction()),
        sqlalchemy.exc.TimeoutError(),
    ],
    ids=lambda error: type(getattr(error, "orig", None) or error).__name__,
)
def test_errors_of_services_are_not_blamed_on_a_mail(error: Exception) -> None:
    assert is_trouble(error)


@pytest.mark.parametrize(
    "error",
    [
        OverflowError(),
        ValueError(),
        KeyError("x"),
        RecursionError(),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"),
        wrapped(errors.ProgramLimitExceeded()),  # too long for an index
        wrapped(errors.DatetimeFieldOverflow()),
        wrapped(errors.NumericValueOutOfRange()),
        wrapped(errors.UniqueViolation()),
        wrapped(errors.DataCorrupted()),  # one row that cannot be read
        psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"),
    ],
    ids=lambda error: type(getattr(error, "orig", None) or error).__name__,
)
def test_other_errors_are_blamed_on_the_mail(error: Exception) -> None:
    assert not is_trouble(error)


def test_limits_of_the_decisions() -> None:
    assert [is_widespread(n) for n in (MAX_SUBJECTS_PER_FAULT, MAX_SUBJECTS_PER_FAULT + 1)] == [
        False,
        True,
    ]
    assert [is_given_up(n) for n in (0, 1, 2)] == [False, False, True]
