"""The transitions of items, and the columns that each writes with the state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from webcrm_sync.core.jobs import Job
from webcrm_sync.core.states import Reason, State
from webcrm_sync.store.database import Database, Tx
from webcrm_sync.store.items import transitions
from webcrm_sync.store.items.lookup import items_of_email
from webcrm_sync.store.schema.tables import item

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
_ROWS = """
INSERT INTO company (id, tenant_id, created_at) OVERRIDING SYSTEM VALUE VALUES (1, 't', now());
INSERT INTO mailbox (id, company_id, user_id, address, display_name, added_at, mirror_since)
  OVERRIDING SYSTEM VALUE VALUES (1, 1, 'u', 'kim@ours.example', 'Kim', now(), now());
INSERT INTO folder (id, mailbox_id, graph_id, place)
  OVERRIDING SYSTEM VALUE VALUES (1, 1, 'f', 'inbox');
INSERT INTO email (id, company_id, key, direction, kind, subject, recipients, created_at)
  OVERRIDING SYSTEM VALUE VALUES (1, 1, 'k', 'inbound', 'mail', 's', '{}', now());
"""
_ITEM = """
INSERT INTO item (id, mailbox_id, folder_id, email_id, graph_id, change_key, categories, state,
  reason, detail, retry_at, state_at, found_at, mark_due_at, mark_attempts)
OVERRIDING SYSTEM VALUE
VALUES (1, 1, 1, 1, 'g', 'c', '{}', :state, 'webcrm closed', 'The token is wrong.', :retry_at,
  :found_at, :found_at, :found_at, 3)
"""
_COLUMNS = "SELECT state, reason, detail, retry_at, state_at, mark_due_at, mark_attempts FROM item"


@pytest.fixture
def database(fresh_database: str) -> Iterator[Database]:
    with closing(Database(fresh_database, now=lambda: NOW)) as opened:
        with opened.begin() as tx:
            for statement in filter(str.strip, _ROWS.split(";")):
                tx.connection.execute(text(statement.replace(":", "\\:")))
        yield opened


def add_item(tx: Tx, state: State, *, retry_at: datetime | None = None) -> None:
    """A copy with a value in every column that an earlier end may have left."""
    values = {"state": state.value, "retry_at": retry_at, "found_at": NOW - timedelta(hours=1)}
    tx.connection.execute(text(_ITEM), values)


def columns(tx: Tx) -> tuple[Any, ...]:
    (row,) = tx.connection.execute(text(_COLUMNS))
    return tuple(row)


@pytest.mark.parametrize("state", [State.WAITING, State.PARKED, State.SKIPPED])
def test_a_copy_that_starts_again_keeps_nothing_of_its_earlier_end(
    database: Database, state: State
) -> None:
    with database.begin(1) as tx:
        add_item(tx, state, retry_at=NOW + timedelta(hours=1))
        assert transitions.restart(tx, item.c.id == 1, from_states=[state]) == 1
        assert columns(tx) == ("found", None, None, None, NOW, None, 0)
        assert tx.deferred == {(Job.MATCH, 1)}


def test_a_copy_in_another_state_does_not_start_again(database: Database) -> None:
    with database.begin(1) as tx:
        add_item(tx, State.SYNCED)
        assert transitions.restart(tx, item.c.id == 1, from_states=[State.PARKED]) == 0
        assert columns(tx)[:2] == ("synced", "webcrm closed")
        assert tx.deferred == set()


@pytest.mark.parametrize(
    ("retry_in", "taken"), [(timedelta(0), 1), (timedelta(seconds=1), 0), (None, 0)]
)
def test_a_parked_copy_starts_again_when_it_is_due(
    database: Database, retry_in: timedelta | None, taken: int
) -> None:
    with database.begin(1) as tx:
        add_item(tx, State.PARKED, retry_at=None if retry_in is None else NOW + retry_in)
        assert transitions.restart_due(tx) == taken
    with database.begin(2) as tx:  # the copies of another company are not its own
        assert transitions.restart_due(tx) == 0


def test_a_copy_that_left_its_folder_has_no_retry_time(database: Database) -> None:
    with database.begin(1) as tx:
        add_item(tx, State.PARKED, retry_at=NOW + timedelta(hours=1))
        transitions.skip_unsettled(tx, 1, Reason.MOVED_OUT)
        assert columns(tx) == ("skipped", "moved out", None, None, NOW, NOW, 0)
        assert tx.deferred == {(Job.MARK, 1)}


def test_a_deleted_copy_is_not_marked(database: Database) -> None:
    with database.begin(1) as tx:
        add_item(tx, State.WAITING)
        transitions.skip_unsettled(tx, 1, Reason.DELETED)
        assert columns(tx) == ("skipped", "deleted", None, None, NOW, None, 0)
        assert tx.deferred == set()


def test_a_copy_advances_only_from_the_state_that_was_read(database: Database) -> None:
    with database.begin(1) as tx:
        add_item(tx, State.MATCHED)
        (seen,) = items_of_email(tx, 1)
        transitions.mark_filed(tx, [1])
        transitions.move_on(tx, seen, to=State.FOUND)
        assert columns(tx)[0] == "filed"


def test_a_transition_that_the_table_does_not_name_is_refused(database: Database) -> None:
    with database.begin(1) as tx:
        add_item(tx, State.SYNCED)
        with pytest.raises(AssertionError):
            transitions.restart(tx, item.c.id == 1, from_states=[State.SYNCED])
        assert columns(tx)[0] == "synced"
