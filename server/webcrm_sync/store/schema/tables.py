"""The tables. Every row belongs to a company; a query never crosses it. Migrations must match."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _at(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(), primary_key=True)


def _to(table: str, *, optional: bool = False, primary_key: bool = False) -> Column[int]:
    """A reference that takes its rows along when its table's row goes; an optional one stays."""
    rule = "SET NULL" if optional else "CASCADE"
    key = ForeignKey(f"{table}.id", ondelete=rule)
    return Column(f"{table}_id", key, nullable=optional, primary_key=primary_key)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


#: One tenant joined to one webCRM system. `webcrm_*`: the gate all its filing waits behind.
company = Table(
    "company",
    metadata,
    _id(),
    Column("tenant_id", Text, nullable=False, unique=True),
    _at("created_at", nullable=False),
    _at("persons_until"),
    _at("organisations_until"),
    _at("directory_full_at"),
    _at("directory_due_at"),
    _at("mirror_until"),
    _at("mirror_due_at"),
    _at("webcrm_due_at"),
    _count("webcrm_attempts"),
    Column("webcrm_trouble", Text),
    _at("housekeeping_due_at"),
)

#: `gate_at`: nothing is asked of Graph for this mailbox before; `trouble`: why, one sentence.
mailbox = Table(
    "mailbox",
    metadata,
    _id(),
    _to("company"),
    Column("user_id", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    _flag("is_shared"),
    _at("added_at", nullable=False),
    _at("mirror_since", nullable=False),
    _at("gate_at"),
    _count("attempts"),
    Column("trouble", Text),
    Column("push_trouble", Text),
    _at("keep_due_at"),
    UniqueConstraint("company_id", "user_id"),
)

mailbox_address = Table(
    "mailbox_address",
    metadata,
    _to("mailbox", primary_key=True),
    Column("address", Text, primary_key=True),
)

#: A sync folder. `cursor`: the delta URL to go on with; None = read it from the start.
#: `round`: counts full readings, so that what a full reading did not meet can be told.
#: `selection`: the version of what is asked for in the cursor (`graph.wire`). `hint_read`: the
#: hint that the last reading began for. `subscription_address`: what is kept of the address that
#: notifications come to, NULL = made by an earlier version, with an address without a secret.
#: `replaced_subscription_id`: an earlier subscription that is still to be ended at Graph.
folder = Table(
    "folder",
    metadata,
    _id(),
    _to("mailbox"),
    Column("graph_id", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("parents", ARRAY(Text), nullable=False, server_default="{}"),
    Column("cursor", Text),
    _count("selection"),
    _count("round"),
    _flag("is_known"),
    _at("hinted_at"),
    _at("hint_read"),
    _at("flooded_at"),
    _at("poll_due_at"),
    _at("push_doubted_at"),
    Column("subscription_id", Text, unique=True),
    Column("client_state", Text),
    _at("subscription_expires_at"),
    Column("subscription_address", Text),
    Column("replaced_subscription_id", Text),
    UniqueConstraint("mailbox_id", "graph_id"),
    Index("ix_folder_subscription", text("lower(subscription_id)")),
)

#: The mail itself. `content`: its text, `is_raw`: its HTML as it came; `cids`: of the pictures in
#: its text, `pictures`: what else is known of them (`core.pictures`), NULL in rows of earlier
#: versions; all gone once it is settled. `word_digest`: tells it from another mail with its
#: Message-ID, NULL in rows of earlier versions. `sent_by`: who sent it on behalf of its sender.
#: `sensitivity`: 0 normal, 1 personal, 2 private, 3 confidential (MS-OXCMSG: PidTagSensitivity).
email = Table(
    "email",
    metadata,
    _id(),
    _to("company"),
    Column("key", Text, nullable=False),
    Column("message_id", Text),
    Column("direction", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sender", JSONB),
    Column("recipients", JSONB, nullable=False),
    _at("sent_at"),
    _at("received_at"),
    _flag("has_attachments"),
    Column("content", Text),
    Column("cids", ARRAY(Text)),
    Column("pictures", JSONB(none_as_null=True)),
    _flag("is_raw"),
    Column("word_digest", LargeBinary),
    Column("reply_to", JSONB),
    Column("sent_by", JSONB),
    Column("conversation_id", Text),
    Column("in_reply_to", Text),
    Column("referenced_ids", ARRAY(Text)),
    Column("sensitivity", Integer),
    _at("created_at", nullable=False),
    UniqueConstraint("company_id", "key"),
    Index(None, "company_id", "message_id"),
)

#: Everybody on an e-mail who is not one of us, folded (`core.addresses`). `untagged`: without its
#: plus-tag, NULL = it has none. `is_matched`: has already led to its filings.
email_address = Table(
    "email_address",
    metadata,
    _to("email", primary_key=True),
    Column("address", Text, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("untagged", Text),
    _flag("is_matched"),
    Index(None, "address"),
    Index(None, "domain"),
    Index("ix_email_address_untagged", "untagged", postgresql_where=text("untagged IS NOT NULL")),
)

#: What the pane's foot counts.
IS_OPEN = text("state IN ('found', 'matched', 'filed', 'waiting', 'parked')")

#: One copy in one mailbox. `change_key`: the last version we know, our own writes included, so
#: that an echo is quiet. `mark_due_at`: its categories must be brought in line then.
item = Table(
    "item",
    metadata,
    _id(),
    _to("mailbox"),
    _to("folder", optional=True),
    _to("email"),
    Column("graph_id", Text, nullable=False),
    Column("change_key", Text, nullable=False),
    Column("categories", ARRAY(Text), nullable=False),
    Column("stamp", Text),
    _flag("is_past"),
    _flag("is_bare"),
    _count("seen_round"),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),
    _at("state_at", nullable=False),
    _at("found_at", nullable=False),
    _at("retry_at"),
    _at("mark_due_at"),
    _count("mark_attempts"),
    UniqueConstraint("mailbox_id", "graph_id"),
    Index(None, "email_id"),
    Index(
        "ix_item_open",
        "mailbox_id",
        "state",
        postgresql_where=IS_OPEN,
    ),
    Index("ix_item_found", "found_at", postgresql_where=text("state = 'found'")),
    Index("ix_item_retry", "retry_at", postgresql_where=text("retry_at IS NOT NULL")),
    Index("ix_item_mark_due", "mark_due_at", postgresql_where=text("mark_due_at IS NOT NULL")),
)

#: One e-mail under one Organisation (0 = none) = one Activity. `intent_at` is committed before
#: the call; `activity_id` after the answer; between the two the outcome is unclear. `is_replaced`:
#: withdrawn since a person put another Organisation in its place; a sync does not bring it back.
#: `is_removed`: withdrawn, and its Activity was deleted in webCRM.
filing = Table(
    "filing",
    metadata,
    _id(),
    _to("company"),
    _to("email"),
    Column("organisation_id", BigInteger, nullable=False),
    Column("person_id", BigInteger),
    Column("how", Text, nullable=False),
    Column("key", Text, nullable=False),
    _at("intent_at"),
    Column("lease", Text),
    _count("looks"),
    _at("due_at"),
    _count("attempts"),
    Column("last_error", Text),
    Column("activity_id", BigInteger),
    _at("filed_at"),
    _flag("is_complete"),
    _flag("is_withdrawn"),
    _flag("is_replaced"),
    _flag("is_removed"),
    UniqueConstraint("company_id", "key"),
    UniqueConstraint("email_id", "organisation_id"),
    Index("ix_filing_due", "due_at", postgresql_where=text("NOT is_complete")),
)

#: One attachment of a filing = one Document, or `left_out` says why not; else like its filing. By
#: these rows a picture is known again (`documents.beside`).
document = Table(
    "document",
    metadata,
    _id(),
    _to("filing"),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    _at("intent_at"),
    _count("looks"),
    _count("attempts"),
    Column("document_id", BigInteger),
    Column("left_out", Text),
    UniqueConstraint("filing_id", "position"),
    Index(None, "size"),
)

#: A mail sent from webCRM. `graph_id` is its mirror; `reason`: why there is none.
mirror = Table(
    "mirror",
    metadata,
    _id(),
    _to("company"),
    Column("activity_id", BigInteger, nullable=False),
    _to("mailbox", optional=True),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("draft", JSONB),
    _at("intent_at"),
    _count("looks"),
    _count("attempts"),
    _at("due_at"),
    Column("graph_id", Text),
    _at("created_at", nullable=False),
    UniqueConstraint("company_id", "activity_id"),
)

#: A Person with one of its addresses, folded; `untagged` as above. An empty address: a mail can
#: lead to none of them, and `unmatchable` is what its e-mail fields hold.
contact = Table(
    "contact",
    metadata,
    _to("company", primary_key=True),
    Column("person_id", BigInteger, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("organisation_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    _count("position"),
    Column("untagged", Text),
    Column("unmatchable", Text),
    Index(None, "company_id", "address"),
    Index(
        "ix_contact_untagged",
        "company_id",
        "untagged",
        postgresql_where=text("untagged IS NOT NULL"),
    ),
)

organisation = Table(
    "organisation",
    metadata,
    _to("company", primary_key=True),
    Column("organisation_id", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("domains", ARRAY(Text), nullable=False),
    Index("ix_organisation_domains", "domains", postgresql_using="gin"),
)

crm_user = Table(
    "crm_user",
    metadata,
    _to("company", primary_key=True),
    Column("user_id", BigInteger, primary_key=True),
    Column("address", Text, nullable=False),
    Column("name", Text, nullable=False),
)

#: Counts the changes of contacts, Organisations, users and mailboxes, so that panes notice them.
directory_version = Table(
    "directory_version",
    metadata,
    _to("company", primary_key=True),
    Column("number", BigInteger, nullable=False),
)

#: One line of a mail's or mailbox's story; append-only.
event = Table(
    "event",
    metadata,
    _id(),
    _to("company"),
    Column("mailbox_id", ForeignKey("mailbox.id", ondelete="CASCADE")),
    Column("email_id", ForeignKey("email.id", ondelete="CASCADE")),
    _at("at", nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Index(None, "email_id", "id"),
    Index(None, "mailbox_id", "id"),
)
