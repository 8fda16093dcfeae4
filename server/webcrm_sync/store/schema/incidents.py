"""The tables of unforeseen exceptions: incidents, failed jobs and crash markers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, text

from webcrm_sync.store.schema.columns import count, id_column, metadata, reference, time

#: An unforeseen exception. `thing`: the kind and number of the mail, record or copy that raised it,
#: and that is held back until `ended_at`. `fingerprint`: the same for equal exceptions. `version`:
#: that of the product.
incident = Table(
    "incident",
    metadata,
    id_column(),
    reference("company"),
    reference("mailbox", is_optional=True),
    reference("email", is_optional=True),
    Column("thing", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("version", Text, nullable=False),
    time("at", nullable=False),
    time("ended_at"),
    Index(None, "fingerprint", "at"),
    Index("ix_incident_open", "version", postgresql_where=text("ended_at IS NULL")),
    Index("ix_incident_email_id", "email_id"),
)

#: A job that failed; a job that works has no row. It does not run before `due_at`. `deaths`: how
#: many workers died during it, the last one at `died_at`.
job_trouble = Table(
    "job_trouble",
    metadata,
    reference("company"),
    Column("task", Text, primary_key=True),
    Column("subject_id", BigInteger, primary_key=True),
    time("due_at"),
    count("attempts"),
    Column("trouble", Text),
    count("deaths"),
    time("died_at"),
)

#: Crash markers: what a job with deaths has begun and not finished.
begun = Table(
    "begun",
    metadata,
    reference("company"),
    Column("task", Text, primary_key=True),
    Column("subject_id", BigInteger, primary_key=True),
    Column("thing", Text, primary_key=True),
    Column("times", Integer, nullable=False),
)
