"""Readings: statements without a transaction around them."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webcrm_sync.store import companies
from webcrm_sync.store.database import Database

_TRANSACTION = text("SELECT pg_current_xact_id()::text")


def test_each_statement_of_a_reading_is_a_transaction(database: Database) -> None:
    with database.reading() as tx:
        first, second = (tx.connection.scalar(_TRANSACTION) for _ in range(2))
    assert first != second


def test_the_statements_of_a_transaction_stay_one_after_a_reading(database: Database) -> None:
    with database.reading() as tx:
        tx.connection.scalar(_TRANSACTION)
    with database.begin() as tx:
        first, second = (tx.connection.scalar(_TRANSACTION) for _ in range(2))
    assert first == second


def test_a_transaction_after_a_reading_is_rolled_back_as_a_whole(database: Database) -> None:
    with database.reading() as tx:
        tx.connection.scalar(_TRANSACTION)

    def fail() -> None:
        with database.begin() as tx:
            companies.ensure_company(tx, "T")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.reading() as tx:
        assert tx.connection.scalar(text("SELECT count(*) FROM company")) == 0


def test_an_error_in_a_reading_leaves_its_connection_usable(database: Database) -> None:
    with pytest.raises(SQLAlchemyError), database.reading() as tx:
        tx.connection.scalar(text("SELECT 1 / 0"))
    with database.begin() as tx:
        assert tx.connection.scalar(text("SELECT 1")) == 1
