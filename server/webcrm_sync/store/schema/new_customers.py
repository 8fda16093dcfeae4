"""The tables of new customers: what a person enters in the pane until it is in webCRM."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from webcrm_sync.store.schema.columns import count, flag, metadata, reference, time

#: The claim to create an Organisation: one per folded name (`core.organisation_names`), whoever
#: asks for it. `intent_at` is committed before the call, `organisation_id` after the answer;
#: between the two the outcome is unclear, and `searches` says how often webCRM was searched for it.
#: `is_accepted`: webCRM took it and did not say its id. `earlier_ids`: the Organisations of that
#: name before the intent. `due_at`: when the next search may come. `owner_id`: a user of webCRM.
organisation_claim = Table(
    "organisation_claim",
    metadata,
    reference("company", primary_key=True),
    Column("folded_name", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("www", Text, nullable=False),
    Column("owner_id", BigInteger),
    time("claimed_at", nullable=False),
    time("intent_at"),
    flag("is_accepted"),
    count("searches"),
    Column("earlier_ids", ARRAY(BigInteger, as_tuple=True), nullable=False, server_default="{}"),
    time("due_at", nullable=False),
    Column("organisation_id", BigInteger),
)

#: A customer that a person creates for one copy of a mail. `contact_...`: NULL = no contact, and
#: once the contact exists: the product keeps no copy of it. `moved_at`: when the copy was moved
#: into the sync folder. `replaces_id`: the Organisation that the new one replaces as a place of the
#: mail, NULL = none, 0 = the mail was filed without one. `refusal`: why webCRM did not take it.
#: `by`: the person's name.
#: `digest`: of what was entered (`core.customer_digest`), NULL = recorded by an earlier version.
new_customer = Table(
    "new_customer",
    metadata,
    reference("mailbox", primary_key=True),
    Column("graph_id", Text, primary_key=True),
    Column("folded_name", Text, primary_key=True),
    Column("by", Text, nullable=False),
    Column("contact_name", Text),
    Column("contact_address", Text),
    Column("contact_title", Text),
    Column("contact_phone", Text),
    Column("replaces_id", BigInteger),
    Column("organisation_id", BigInteger),
    Column("person_id", BigInteger),
    time("requested_at", nullable=False),
    time("moved_at"),
    time("completed_at"),
    Column("refusal", Text),
    time("due_at", nullable=False),
    count("attempts"),
    Column("digest", ARRAY(BigInteger, as_tuple=True)),
    Index("ix_new_customer_due", "due_at", postgresql_where=text("completed_at IS NULL")),
)
