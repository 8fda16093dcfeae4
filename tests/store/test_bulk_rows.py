"""Rows that travel as one value arrive as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import ARRAY, Text, select, type_coerce, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from webcrm_sync.core.events import EventKind
from webcrm_sync.store import companies, emails
from webcrm_sync.store.bulk_rows import bulk_insert, rows_as_table, rows_parameter
from webcrm_sync.store.database import Database, Tx
from webcrm_sync.store.events import NewEvent
from webcrm_sync.store.migrate import migrate
from webcrm_sync.store.schema.tables import email, event

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
TEXTS = (
    *("", " ", "plain", "two\nlines\r\n\ttab", 'it\'s "quoted"', "back\\slash \\x41 \\u0041"),
    *("bücher æøå", "日本語", "👩‍👩‍👧", "NULL", "null", "{}", "{a,b}", "%s %(rows)s :rows"),
    *("\u2028\u2029", "\ue000\uffff", "\x01\x7f\x9f", "x" * 300_000),
)


@pytest.fixture
def tx(fresh_database: str) -> Iterator[Tx]:
    """A transaction of a company without mails."""
    with closing(Database(fresh_database, now=lambda: NOW)) as database:
        migrate(database.engine)
        with database.begin() as first:
            company_id = companies.ensure_company(first, "tenant")
        with database.begin(company_id) as opened:
            yield opened


def row(key: str, **values: object) -> dict[str, Any]:
    """An e-mail's row."""
    usual: dict[str, object] = {
        "key": key,
        "direction": "in",
        "kind": "mail",
        "subject": "",
        "recipients": {"to": [], "cc": [], "bcc": []},
    }
    return usual | values


#: Columns that the product reads as its own types; these tests read them as PostgreSQL stores them.
_AS_STORED: dict[str, TypeEngine[Any]] = {"sender": JSONB(), "cids": ARRAY(Text)}


def stored(tx: Tx, name: str) -> list[Any]:
    """A column's values in the order of the rows."""
    column = type_coerce(email.c[name], _AS_STORED.get(name, email.c[name].type))
    return list(tx.connection.execute(select(column).order_by(email.c.id)).scalars())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("content", [*TEXTS, None]),
        ("word_digest", [b"", bytes(range(256)), b"\\x00", None]),
        ("cids", [[], ["a"], list(TEXTS), None]),
        ("sender", [["a@x.example", 'A "B" \\'], list(TEXTS), None]),
        (
            "sent_at",
            [
                *(NOW, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
                *(NOW.replace(microsecond=0).astimezone(timezone(timedelta(hours=5.5))), None),
            ],
        ),
        ("sensitivity", [0, -1, 2**31 - 1, None]),
        ("has_attachments", [True, False]),
    ],
)
def test_a_value_is_stored_unchanged(tx: Tx, name: str, values: list[object]) -> None:
    ids = emails.add_emails(tx, [row(str(n), **{name: v}) for n, v in enumerate(values)])
    assert stored(tx, name) == values
    assert list(ids) == [str(n) for n in range(len(values))], "the ids ascend in the rows' order"


def test_facts_of_an_event_are_stored_unchanged(tx: Tx) -> None:
    facts: dict[str, object] = {
        "reason": None,
        "activity": 2**60,
        "organisation": 1.5,
        "organisations": ["æ", "\\"],
        "candidates": {"in": [[]]},
    }
    tx.record_events([NewEvent(EventKind.FILED, facts=facts)])
    assert tx.connection.execute(select(event.c.facts)).scalar_one() == facts


def test_rows_update_others_in_one_statement(tx: Tx) -> None:
    ids = emails.add_emails(tx, [row("a"), row("b"), row("c")])
    new = rows_as_table(email, "id", "subject").c
    query = update(email).where(email.c.id == new.id).values(subject=new.subject)
    tx.connection.execute(
        query, rows_parameter([{"id": ids["a"], "subject": "A"}, {"id": ids["c"], "subject": "C"}])
    )
    assert dict(zip(stored(tx, "key"), stored(tx, "subject"), strict=True)) == {
        "a": "A",
        "b": "",
        "c": "C",
    }


def test_a_value_that_a_column_cannot_hold_is_named() -> None:
    with pytest.raises(TypeError, match="set is no value"):
        rows_parameter([{"key": {"a"}}])


def test_a_statement_is_compiled_once_for_any_number_of_rows() -> None:
    assert bulk_insert(email, row("a")) is bulk_insert(email, row("b"))
