"""The story of mails and mailboxes: append-only lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.dialects.postgresql import distinct_on

from webcrm_sync.core.events import EventKind
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.bulk_rows import bulk_insert, rows_parameter
from webcrm_sync.store.schema.tables import event


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be appended."""

    kind: EventKind
    mailbox_id: int | None = None
    email_id: int | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it was appended."""

    at: datetime
    kind: str
    mailbox_id: int | None
    facts: Mapping[str, object]


def append(
    connection: Connection, company_id: int, *, at: datetime, lines: Iterable[NewEvent]
) -> None:
    """Append events, all at one moment."""
    rows = [
        {
            "company_id": company_id,
            "mailbox_id": line.mailbox_id,
            "email_id": line.email_id,
            "at": at,
            "kind": line.kind,
            "facts": dict(line.facts),
        }
        for line in lines
    ]
    if rows:
        connection.execute(bulk_insert(event, rows[0]), rows_parameter(rows))


def last_reasons(connection: Connection, email_ids: Iterable[int]) -> Mapping[int, object]:
    """Per e-mail the reason in its latest event, None = it gives none."""
    query = (
        select(event.c.email_id, event.c.facts["reason"].astext)
        .where(any_of(event.c.email_id, email_ids))
        .ext(distinct_on(event.c.email_id))
        .order_by(event.c.email_id, event.c.id.desc())
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def moved_by_rule(
    connection: Connection, mailbox_id: int, email_ids: Sequence[int]
) -> frozenset[int]:
    """Which of these e-mails an inbox rule moved before they were found in this mailbox."""
    query = select(event.c.email_id).where(
        event.c.mailbox_id == mailbox_id,
        event.c.email_id.in_(email_ids),
        event.c.facts["way"].astext == "rule",
    )
    return frozenset(connection.execute(query).scalars())


def of_email(connection: Connection, email_id: int) -> Sequence[Event]:
    """A mail's story, oldest first."""
    return _told(connection, event.c.email_id == email_id)


def of_mailbox(
    connection: Connection, mailbox_id: int, *, last: int | None = None
) -> Sequence[Event]:
    """A mailbox's own story (folders, subscriptions, trouble), oldest first; its `last` lines."""
    own = (event.c.mailbox_id == mailbox_id) & event.c.email_id.is_(None)
    return _told(connection, own, last=last)


def _told(
    connection: Connection, condition: ColumnElement[bool], *, last: int | None = None
) -> Sequence[Event]:
    query = (
        select(event.c.at, event.c.kind, event.c.mailbox_id, event.c.facts)
        .where(condition)
        .order_by(event.c.id.desc())
        .limit(last)
    )
    return [Event(*row) for row in connection.execute(query)][::-1]
