"""The tables of what nobody foresaw: exceptions about one thing, and jobs that fail or die."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from webcrm_sync.store.schema.tables import metadata


def _to(table: str, *, nullable: bool = False) -> Column[int]:
    key = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(f"{table}_id", key, nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


#: An exception about one thing. `thing`: what is worked on, by its number; `fingerprint`: what
#: equal ones have in common; `version`: of the product. While `ended_at` is empty it holds the
#: thing back.
incident = Table(
    "incident",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _to("company"),
    _to("mailbox", nullable=True),
    _to("email", nullable=True),
    Column("thing", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("version", Text, nullable=False),
    _at("at"),
    _at("ended_at", nullable=True),
    Index(None, "fingerprint", "at"),
    Index("ix_incident_open", "version", postgresql_where=text("ended_at IS NULL")),
    Index("ix_incident_email_id", "email_id"),
)

#: What is on record about one job; one that works has no row. `due_at`: it is left alone before;
#: `deaths`: workers that died with it.
job_trouble = Table(
    "job_trouble",
    metadata,
    Column("company_id", ForeignKey("company.id", ondelete="CASCADE"), nullable=False),
    Column("task", Text, primary_key=True),
    Column("subject_id", BigInteger, primary_key=True),
    _at("due_at", nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("trouble", Text),
    Column("deaths", Integer, nullable=False, server_default="0"),
)

#: What a job with deaths on record has begun and not brought to an end.
begun = Table(
    "begun",
    metadata,
    Column("company_id", ForeignKey("company.id", ondelete="CASCADE"), nullable=False),
    Column("task", Text, primary_key=True),
    Column("subject_id", BigInteger, primary_key=True),
    Column("thing", Text, primary_key=True),
    Column("times", Integer, nullable=False),
)
