"""The table of the local copy of webCRM's Opportunities."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, Table, Text, text

from webcrm_sync.store.schema.columns import metadata, reference

#: An Opportunity in webCRM; the columns mean what `core.opportunities.Opportunity` says. Those that
#: are lost or won stay, since mails are filed under them.
opportunity = Table(
    "opportunity",
    metadata,
    reference("company", primary_key=True),
    Column("opportunity_id", BigInteger, primary_key=True),
    Column("organisation_id", BigInteger, nullable=False),
    Column("person_id", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Float),
    Column("currency", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("level_text", Text, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Index("ix_opportunity_open", "company_id", "organisation_id", postgresql_where=text("is_open")),
)
