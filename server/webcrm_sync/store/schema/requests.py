"""The tables of what people ask for in Outlook."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from webcrm_sync.store.schema.tables import metadata


def _to(table: str) -> Column[int]:
    key = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(f"{table}_id", key, primary_key=True)


def _at(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False)


#: The button, pressed on one copy. `item_id`: what Outlook called it before it was moved.
#: `organisations`: chosen by the person, empty = none.
sync_request = Table(
    "press",
    metadata,
    _to("mailbox"),
    Column("graph_id", Text, primary_key=True),
    Column("item_id", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("organisations", ARRAY(BigInteger), nullable=False, server_default="{}"),
    _at("pressed_at"),
)

#: What webCRM is still to be told about a filing's Activity; one that is done has no row.
#: `kind`: withdraw, stand or move; `move_to`: an Organisation, None = it stays where it is.
activity_update = Table(
    "wish",
    metadata,
    _to("filing"),
    Column("kind", Text, nullable=False),
    Column("move_to", BigInteger),
    _at("asked_at"),
    _at("due_at"),
    Index(None, "due_at"),
)

#: The senders that a mailbox's own inbox rules hold, as they were when last looked at.
always_sync = Table(
    "always_sync",
    metadata,
    _to("mailbox"),
    Column("address", Text, primary_key=True),
)

#: A contact that somebody asks webCRM for: the intent before the call, the id after the answer.
new_contact = Table(
    "new_contact",
    metadata,
    _to("company"),
    Column("address", Text, primary_key=True),
    Column("organisation_id", BigInteger, primary_key=True),
    Column("person_id", BigInteger),
    _at("intent_at"),
)
