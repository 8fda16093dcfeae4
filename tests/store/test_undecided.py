"""The found mails that are due: each batch is full while there are mails for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from webcrm_sync.core.jobs import Job
from webcrm_sync.store import schedule
from webcrm_sync.store.database import Database
from webcrm_sync.store.items import undecided

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
_COMPANY = """
INSERT INTO company (id, tenant_id, created_at) OVERRIDING SYSTEM VALUE VALUES (1, 't', now());
INSERT INTO mailbox (company_id, user_id, address, display_name, added_at, mirror_since,
  lease_until)
  SELECT 1, 'u' || n, n || '@ours.example', 'Kim', now(), now(), :leased
  FROM generate_series(1, 9) n;
"""
_MAILS = """
INSERT INTO email (company_id, key, direction, kind, subject, recipients, created_at)
SELECT 1, :key || n, 'inbound', 'mail', 's', '{"to": [], "cc": [], "bcc": []}',
  now() FROM generate_series(1, :count) n;
INSERT INTO item (mailbox_id, email_id, graph_id, change_key, categories, state, is_past,
  state_at, found_at)
SELECT m.id, e.id, e.key, 'c', '{}', 'found', :is_past, now(),
  CAST(:now AS timestamptz) - :age * interval '1 minute'
FROM email e, mailbox m WHERE e.key LIKE :key || '%' AND m.id <= :copies ORDER BY e.id, m.id;
"""


@pytest.fixture
def database(fresh_database: str) -> Iterator[Database]:
    with closing(Database(fresh_database, now=lambda: NOW)) as opened:
        _execute(opened, _COMPANY, leased=NOW + timedelta(minutes=15))
        yield opened


def _execute(database: Database, statements: str, **values: object) -> None:
    with database.begin(1) as tx:
        for statement in filter(str.strip, statements.split(";")):
            tx.connection.execute(text(statement), values)


def add_mails(
    database: Database, key: str, count: int, *, is_past: bool, age: int, copies: int = 1
) -> None:
    """Mails of which each of `copies` mailboxes found a copy `age` minutes ago."""
    values = {"is_past": is_past, "age": age, "copies": copies, "now": NOW}
    _execute(database, _MAILS, key=key, count=count, **values)


def due(database: Database, *, is_past: bool, limit: int = 50) -> list[str]:
    """The keys of the mails that are due, in their order."""
    with database.begin(1) as tx:
        ids = undecided.due(tx, limit=limit, is_past=is_past)
        keys = {email.id: email.key for email, _ in undecided.read(tx, ids)}
    return [keys[i] for i in ids]


@pytest.mark.parametrize(("is_past", "job"), [(False, Job.MATCH), (True, Job.FILE)])
def test_found_mail_is_due_whatever_time_an_earlier_version_left_on_it(
    database: Database, is_past: bool, job: Job
) -> None:
    """Only a parked copy waits for the time of its next try."""
    add_mails(database, "found", 1, is_past=is_past, age=1)
    _execute(database, "UPDATE company SET directory_full_at = now()")
    _execute(database, "UPDATE item SET retry_at = :later", later=NOW + timedelta(hours=1))
    assert due(database, is_past=is_past) == ["found1"]
    with database.begin(1) as tx:
        assert schedule.DueJob(job, 1) in schedule.due_jobs(tx)


@pytest.mark.parametrize("is_past", [False, True])
def test_newer_mails_of_the_other_kind_do_not_hide_a_mail(
    database: Database, is_past: bool
) -> None:
    add_mails(database, "old", 1, is_past=is_past, age=60)
    add_mails(database, "new", 300, is_past=not is_past, age=1)
    assert due(database, is_past=is_past) == ["old1"]
    assert due(database, is_past=not is_past) == [f"new{n}" for n in range(1, 51)]


def test_a_mail_with_one_copy_of_the_past_is_of_the_past(database: Database) -> None:
    add_mails(database, "both", 1, is_past=False, age=1, copies=3)
    _execute(database, "UPDATE item SET is_past = true WHERE mailbox_id = 2")
    assert due(database, is_past=True) == ["both1"]
    assert due(database, is_past=False) == []


@pytest.mark.parametrize("is_past", [False, True])
def test_a_batch_is_full_although_each_mail_has_many_copies(
    database: Database, is_past: bool
) -> None:
    add_mails(database, "many", 20, is_past=is_past, age=1, copies=9)
    add_mails(database, "few", 40, is_past=is_past, age=2)
    keys = [f"many{n}" for n in range(1, 21)] + [f"few{n}" for n in range(1, 31)]
    assert due(database, is_past=is_past) == keys


def test_the_newest_copy_decides_the_order(database: Database) -> None:
    add_mails(database, "first", 1, is_past=False, age=9, copies=2)
    add_mails(database, "second", 1, is_past=False, age=5)
    assert due(database, is_past=False) == ["second1", "first1"]
    newest = "UPDATE item SET found_at = now() WHERE mailbox_id = 2"
    _execute(database, newest)
    assert due(database, is_past=False) == ["first1", "second1"]
