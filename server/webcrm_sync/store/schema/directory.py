"""The tables of the directory: contacts, Organisations and users of webCRM."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, text

from webcrm_sync.store.schema.columns import count, metadata, reference, texts

#: A Person with one of its addresses, folded; `untagged` as in `email_address`. An empty address:
#: no mail can be matched to the Person, and `unmatchable` is the text of its e-mail fields. `title`
#: and `phone` are empty in rows of earlier versions until the next full reading.
contact = Table(
    "contact",
    metadata,
    reference("company", primary_key=True),
    Column("person_id", BigInteger, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("organisation_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    count("position"),
    Column("untagged", Text),
    Column("unmatchable", Text),
    Column("title", Text, nullable=False, server_default=""),
    Column("phone", Text, nullable=False, server_default=""),
    Index(None, "company_id", "address"),
    Index(
        "ix_contact_untagged",
        "company_id",
        "untagged",
        postgresql_where=text("untagged IS NOT NULL"),
    ),
)

#: `name_key`: what similar names are found by (`core.organisation_names`); empty in rows of earlier
#: versions until everything is read again.
organisation = Table(
    "organisation",
    metadata,
    reference("company", primary_key=True),
    Column("organisation_id", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    texts("domains"),
    Column("name_key", Text, nullable=False, server_default=""),
    Index("ix_organisation_domains", "domains", postgresql_using="gin"),
)

crm_user = Table(
    "crm_user",
    metadata,
    reference("company", primary_key=True),
    Column("user_id", BigInteger, primary_key=True),
    Column("address", Text, nullable=False),
    Column("name", Text, nullable=False),
)

#: The number of changes to contacts, Organisations, users and mailboxes, for open panes.
directory_version = Table(
    "directory_version",
    metadata,
    reference("company", primary_key=True),
    Column("number", BigInteger, nullable=False),
)
