"""The tables. Every row belongs to a company; a query never crosses it. Migrations must match."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from webcrm_sync.core.direction import Direction
from webcrm_sync.core.matching import MatchedBy
from webcrm_sync.core.message import MessageKind
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import Reason, State
from webcrm_sync.store.schema.columns import (
    AlongJson,
    PartiesJson,
    PartyJson,
    count,
    flag,
    id_column,
    metadata,
    reference,
    stored_enum,
    texts,
    time,
)

#: One Entra tenant joined to one webCRM system. webCRM is not called before `webcrm_due_at`.
#: `..._until`: the latest change that webCRM has reported; `..._read_at`: when it last answered.
#: `webcrm_key_field`, `webcrm_system`: those that the filings are in (`core/webcrm_in_use.py`).
company = Table(
    "company",
    metadata,
    id_column(),
    Column("tenant_id", Text, nullable=False, unique=True),
    time("created_at", nullable=False),
    time("persons_until"),
    time("organisations_until"),
    time("opportunities_until"),
    time("directory_full_at"),
    time("directory_read_at"),
    time("directory_due_at"),
    time("mirror_until"),
    time("mirror_read_at"),
    time("mirror_due_at"),
    time("webcrm_due_at"),
    count("webcrm_attempts"),
    Column("webcrm_trouble", Text),
    Column("webcrm_key_field", Text),
    Column("webcrm_system", Text),
    time("housekeeping_due_at"),
    time("alerts_due_at"),
)

#: A watched mailbox. Graph is not called for it before `paused_until`. `trouble`: a sentence that
#: says why. `paused_at`: when an administrator paused it; `paused_until` never comes then. Nothing
#: is written for it to Outlook or webCRM after `lease_until`, NULL = this installation does not
#: hold its lease. `elsewhere_since`: since when another one is known to.
mailbox = Table(
    "mailbox",
    metadata,
    id_column(),
    reference("company"),
    Column("user_id", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    flag("is_shared"),
    time("added_at", nullable=False),
    time("mirror_since", nullable=False),
    time("gate_at", key="paused_until"),
    time("paused_at"),
    count("attempts"),
    Column("trouble", Text),
    Column("push_trouble", Text),
    time("keep_due_at"),
    time("lease_until"),
    time("elsewhere_since"),
    UniqueConstraint("company_id", "user_id"),
)

mailbox_address = Table(
    "mailbox_address",
    metadata,
    reference("mailbox", primary_key=True),
    Column("address", Text, primary_key=True),
)

#: A sync folder. `cursor`: the delta URL of the next reading, NULL = read from the start.
#: `selection`: the version of the properties that the cursor selects (`graph.wire`). `round`: the
#: number of full readings, which shows the copies that a full reading did not list.
#: `read_requested_at`: the last request to read it. `read_begun_for`: the request that the last
#: reading began for. `subscription_address`: a part of the address to which Graph sends
#: notifications, NULL = an earlier version created the subscription, without a secret address.
#: `replaced_subscription_id`: an earlier subscription that Graph may still hold.
folder = Table(
    "folder",
    metadata,
    id_column(),
    reference("mailbox"),
    Column("graph_id", Text, nullable=False),
    Column("place", stored_enum(Place), nullable=False),
    texts("parents", server_default="{}"),
    Column("cursor", Text),
    count("selection"),
    count("round"),
    flag("is_known"),
    time("hinted_at", key="read_requested_at"),
    time("hint_read", key="read_begun_for"),
    time("flooded_at", key="busy_at"),
    time("poll_due_at"),
    flag("has_more"),
    time("push_doubted_at"),
    Column("subscription_id", Text, unique=True),
    Column("client_state", Text),
    time("subscription_expires_at"),
    Column("subscription_address", Text),
    Column("replaced_subscription_id", Text),
    UniqueConstraint("mailbox_id", "graph_id"),
    Index("ix_folder_subscription", text("lower(subscription_id)")),
)

#: A copy that a notification announced while a busy folder is read; `id` shows their order. Not a
#: column of `folder`: writing a page locks that row, and a notification must not wait for it.
announced_copy = Table(
    "announced_copy",
    metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    reference("folder", primary_key=True),
    Column("graph_id", Text, primary_key=True),
)

#: The mail itself. `content`: its text, or its HTML as received with `is_raw`. `cids`: content ids
#: of the pictures in its text; `pictures`: other facts about them (`core.pictures`), NULL in rows
#: of earlier versions. Content and pictures are deleted once nothing is left to file.
#: `word_digest`: distinguishes the mail from others with its Message-ID, NULL in rows of earlier
#: versions. `sent_by`: who sent the mail on behalf of its sender.
#: `is_from_flood`: it was found in a flood, so it waits while others are filed and marked.
#: `sensitivity`: 0 normal, 1 personal, 2 private, 3 confidential (MS-OXCMSG: PidTagSensitivity).
#: `along`: the parts of the mail that are filed, NULL in rows of earlier versions = as the settings
#: say. What is left out is in no column, neither words nor names of attachments.
email = Table(
    "email",
    metadata,
    id_column(),
    reference("company"),
    Column("key", Text, nullable=False),
    Column("message_id", Text),
    Column("direction", stored_enum(Direction), nullable=False),
    Column("kind", stored_enum(MessageKind), nullable=False),
    Column("subject", Text, nullable=False),
    Column("sender", PartyJson),
    Column("recipients", JSONB, nullable=False),
    time("sent_at"),
    time("received_at"),
    flag("has_attachments"),
    Column("content", Text),
    texts("cids", nullable=True),
    Column("pictures", JSONB(none_as_null=True)),
    flag("is_raw"),
    Column("word_digest", LargeBinary),
    Column("reply_to", PartiesJson),
    Column("sent_by", PartyJson),
    Column("conversation_id", Text),
    Column("in_reply_to", Text),
    texts("referenced_ids", nullable=True),
    Column("sensitivity", Integer),
    Column("along", AlongJson),
    time("created_at", nullable=False),
    flag("is_from_flood"),
    UniqueConstraint("company_id", "key"),
    Index(None, "company_id", "message_id"),
)

#: The external addresses on an e-mail, folded (`core.addresses`). `untagged`: without its plus-tag,
#: NULL = it has none. `is_matched`: the address has led to its filings.
email_address = Table(
    "email_address",
    metadata,
    reference("email", primary_key=True),
    Column("address", Text, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("untagged", Text),
    flag("is_matched"),
    Index(None, "address"),
    Index(None, "domain"),
    Index("ix_email_address_untagged", "untagged", postgresql_where=text("untagged IS NOT NULL")),
)

#: The items that the pane's foot counts.
IS_OPEN = text("state IN ('found', 'matched', 'filed', 'waiting', 'parked')")

#: One copy in one mailbox. `change_key`: the last known version, own writes included, so that an
#: echo changes nothing. `retry_at`: when a parked copy is tried again, NULL in all other states.
#: `mark_due_at`: when its categories are to be written.
item = Table(
    "item",
    metadata,
    id_column(),
    reference("mailbox"),
    reference("folder", is_optional=True, is_owner=False),
    reference("email"),
    Column("graph_id", Text, nullable=False),
    Column("change_key", Text, nullable=False),
    texts("categories"),
    Column("stamp", Text),
    flag("is_past"),
    flag("is_bare"),
    count("seen_round"),
    Column("state", stored_enum(State), nullable=False),
    Column("reason", stored_enum(Reason)),
    Column("detail", Text),
    time("state_at", nullable=False),
    time("found_at", nullable=False),
    time("retry_at"),
    time("mark_due_at"),
    count("mark_attempts"),
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
#: the call, `activity_id` after the answer; between the two the outcome is unclear. `searches`:
#: how often webCRM was searched for the Activity since then. `is_replaced`: withdrawn because a
#: person chose another Organisation, so that a sync does not restore it. `is_removed`: withdrawn,
#: and deleted in webCRM. `opportunity_id`: of the Activity, or of the one to create; a withdrawn
#: filing keeps it. `opportunity_at`: when webCRM last took or showed it after the creation, by
#: webCRM's clock.
filing = Table(
    "filing",
    metadata,
    id_column(),
    reference("company"),
    reference("email"),
    Column("organisation_id", BigInteger, nullable=False),
    Column("person_id", BigInteger),
    Column("how", stored_enum(MatchedBy), nullable=False),
    Column("key", Text, nullable=False),
    time("intent_at"),
    Column("lease", Text),
    count("looks", key="searches"),
    time("due_at"),
    count("attempts"),
    Column("last_error", Text),
    Column("activity_id", BigInteger),
    time("filed_at"),
    flag("is_complete"),
    flag("is_withdrawn"),
    flag("is_replaced"),
    flag("is_removed"),
    Column("opportunity_id", BigInteger),
    time("opportunity_at"),
    UniqueConstraint("company_id", "key"),
    UniqueConstraint("email_id", "organisation_id"),
    Index("ix_filing_due", "due_at", postgresql_where=text("NOT is_complete")),
)

#: One attachment of a filing = one Document, unless `left_out` says why not. The other columns mean
#: the same as in `filing`. `documents.related_files` recognises a repeated picture by these rows.
#: An attachment that is left out by choice has no name and no size.
document = Table(
    "document",
    metadata,
    id_column(),
    reference("filing"),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    time("intent_at"),
    count("looks", key="searches"),
    count("attempts"),
    Column("document_id", BigInteger),
    Column("left_out", Text),
    UniqueConstraint("filing_id", "position"),
    Index(None, "size"),
)

#: A mail sent from webCRM. `graph_id`: its mirror in Outlook; `reason`: why there is none.
mirror = Table(
    "mirror",
    metadata,
    id_column(),
    reference("company"),
    Column("activity_id", BigInteger, nullable=False),
    reference("mailbox", is_optional=True, is_owner=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("draft", JSONB(none_as_null=True)),
    time("intent_at"),
    count("looks", key="searches"),
    count("attempts"),
    time("due_at"),
    Column("graph_id", Text),
    time("created_at", nullable=False),
    UniqueConstraint("company_id", "activity_id"),
)

#: The calls to webCRM of the last minute, by the database's clock. `ends_by`: the latest end of one
#: that is being made, the end of one that was made.
webcrm_call = Table(
    "webcrm_call",
    metadata,
    id_column(),
    reference("company"),
    time("at", nullable=False),
    time("ends_by", nullable=False),
    Index(None, "company_id", "at"),
)

#: One event in the history of a mail or a mailbox; append-only. `by_mailbox` among the facts: the
#: mailbox of the person who chose a place, for that person's latest places.
event = Table(
    "event",
    metadata,
    id_column(),
    reference("company"),
    reference("mailbox", is_optional=True),
    reference("email", is_optional=True),
    time("at", nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Index(None, "email_id", "id"),
    Index(None, "mailbox_id", "id"),
    Index(
        "ix_event_by_mailbox",
        text("((facts ->> 'by_mailbox'))"),
        "id",
        postgresql_where=text("facts ? 'by_mailbox'"),
    ),
)
