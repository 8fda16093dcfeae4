"""Transactions that wait for each other: one is ended by the database, and begins again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from procrastinate.exceptions import ConnectorException
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation
from sqlalchemy import text

from webcrm_sync.store.database import Database, Tx, is_conflict, retry_after_conflict

_HELD = text("SELECT pg_advisory_xact_lock(:key)")


def test_both_of_two_deadlocked_steps_complete(database: Database) -> None:
    both_hold_one = threading.Barrier(2)
    begun: list[int] = []

    def crosswise(first: int, second: int) -> int:
        def step(tx: Tx) -> int:
            begun.append(first)
            tx.connection.execute(_HELD, {"key": first})
            if begun.count(first) == 1:
                both_hold_one.wait(timeout=10)
            tx.connection.execute(_HELD, {"key": second})
            return first

        return database.transact(0, step)

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(crosswise, 1, 2), pool.submit(crosswise, 2, 1)]
        assert [end.result(timeout=30) for end in ends] == [1, 2]
    assert len(begun) == 3


def test_an_endless_conflict_is_abandoned() -> None:
    tries: list[int] = []

    def step() -> None:
        tries.append(1)
        raise DeadlockDetected

    with pytest.raises(DeadlockDetected):
        retry_after_conflict(step)
    assert len(tries) == 5


def test_another_error_is_raised_immediately() -> None:
    tries: list[int] = []

    def step() -> None:
        tries.append(1)
        raise UniqueViolation

    with pytest.raises(UniqueViolation):
        retry_after_conflict(step)
    assert len(tries) == 1


def test_a_conflict_is_recognised_inside_any_wrapper() -> None:
    for conflict in (DeadlockDetected(), SerializationFailure()):
        wrapped = ConnectorException()
        wrapped.__cause__ = conflict
        assert is_conflict(wrapped)
    assert not is_conflict(ConnectorException())
