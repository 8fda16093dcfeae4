"""The history of mails and mailboxes: append-only events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.dialects.postgresql import distinct_on

from webcrm_sync.core.events import FACTS, EventKind
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.bulk_rows import bulk_insert, rows_parameter
from webcrm_sync.store.schema.tables import event as event_table


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is not stored yet. `facts`: only those that `core.events.FACTS` names."""

    kind: EventKind
    mailbox_id: int | None = None
    email_id: int | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.facts.keys() <= FACTS[self.kind], (self.kind, set(self.facts))


@dataclass(frozen=True, slots=True)
class Event:
    """A stored event."""

    at: datetime
    kind: str
    mailbox_id: int | None
    facts: Mapping[str, object]


def append(
    connection: Connection, company_id: int, *, at: datetime, new: Iterable[NewEvent]
) -> None:
    """Store events, all with the same time."""
    rows = [
        {
            "company_id": company_id,
            "mailbox_id": event.mailbox_id,
            "email_id": event.email_id,
            "at": at,
            "kind": event.kind,
            "facts": dict(event.facts),
        }
        for event in new
    ]
    if rows:
        connection.execute(bulk_insert(event_table, rows[0]), rows_parameter(rows))


def last_reasons(connection: Connection, email_ids: Iterable[int]) -> Mapping[int, object]:
    """The reason in each e-mail's latest event, None = that event has no reason."""
    query = (
        select(event_table.c.email_id, event_table.c.facts["reason"].astext)
        .where(any_of(event_table.c.email_id, email_ids))
        .ext(distinct_on(event_table.c.email_id))
        .order_by(event_table.c.email_id, event_table.c.id.desc())
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def moved_by_rule(
    connection: Connection, mailbox_id: int, email_ids: Sequence[int]
) -> frozenset[int]:
    """The ids of those e-mails that an inbox rule moved into this mailbox's sync folder."""
    query = select(event_table.c.email_id).where(
        event_table.c.mailbox_id == mailbox_id,
        event_table.c.email_id.in_(email_ids),
        event_table.c.facts["way"].astext == "rule",
    )
    return frozenset(connection.execute(query).scalars())


def of_email(connection: Connection, email_id: int) -> Sequence[Event]:
    """The events of a mail, oldest first."""
    return _read(connection, event_table.c.email_id == email_id)


def of_mailbox(
    connection: Connection, mailbox_id: int, *, last: int | None = None
) -> Sequence[Event]:
    """The last events of a mailbox, oldest first: its folders, subscriptions and trouble.

    Events of its mails are left out. `last`: how many events to read, None = all.
    """
    is_own = (event_table.c.mailbox_id == mailbox_id) & event_table.c.email_id.is_(None)
    return _read(connection, is_own, last=last)


def _read(
    connection: Connection, condition: ColumnElement[bool], *, last: int | None = None
) -> Sequence[Event]:
    query = (
        select(event_table.c.at, event_table.c.kind, event_table.c.mailbox_id, event_table.c.facts)
        .where(condition)
        .order_by(event_table.c.id.desc())
        .limit(last)
    )
    return [Event(*row) for row in connection.execute(query)][::-1]
