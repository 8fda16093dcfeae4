"""The tables of what is proved each night, and of a rebuilding under way."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Table
from sqlalchemy.dialects.postgresql import JSONB

from webcrm_sync.store.schema.tables import metadata


def _of(table: str) -> Column[int]:
    key = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(f"{table}_id", key, primary_key=True)


def _at(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _differences() -> Column[object]:
    return Column("differences", JSONB, nullable=False, server_default="[]")


#: The last comparison of a mailbox's folders with our rows. `due_at` None = not asked for.
mailbox_proof = Table(
    "mailbox_proof", metadata, _of("mailbox"), _at("due_at"), _at("proved_at"), _differences()
)

#: The comparison with webCRM, page by page: `next_id` is the Activity to go on with.
#: `differences`: of the pass under way, or of the last one.
webcrm_proof = Table(
    "webcrm_proof",
    metadata,
    _of("company"),
    _at("due_at"),
    Column("next_id", BigInteger, nullable=False, server_default="0"),
    _at("proved_at"),
    _differences(),
)

#: While `ended_at` is empty nothing is written to webCRM: what stands there is still being read.
rebuilding = Table(
    "rebuilding", metadata, _of("company"), _at("begun_at", nullable=False), _at("ended_at")
)
