"""The tables by which the product watches itself: signs of life, counts, alerts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY

from webcrm_sync.core.alerts import Channel, Moment
from webcrm_sync.core.trouble_kinds import Severity, TroubleKind
from webcrm_sync.store.schema.columns import (
    count,
    id_column,
    metadata,
    reference,
    stored_enum,
    time,
)


def _mailbox_ids() -> Column[object]:
    """No foreign keys: a mailbox that is removed leaves its number behind, and no address."""
    return Column(
        "mailbox_ids", ARRAY(BigInteger, as_tuple=True), nullable=False, server_default="{}"
    )


#: When a worker last said that it runs the jobs of a queue.
heartbeat = Table(
    "heartbeat",
    metadata,
    reference("company", primary_key=True),
    Column("queue", Text, primary_key=True),
    time("at", nullable=False),
)

#: How often something happened, over all processes since the installation: calls to a service by
#: their answer, requests by theirs, mails by their end.
tally = Table(
    "tally",
    metadata,
    reference("company", primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

#: A trouble that lasts or lasted. It is open from `opened_at` to `ended_at`. `number`: the things
#: it concerns; `told_number`: as many as the last message named. `openings`: how often it opened
#: without a quiet day in between.
alert = Table(
    "alert",
    metadata,
    id_column(),
    reference("company"),
    Column("key", Text, nullable=False),
    Column("kind", stored_enum(TroubleKind), nullable=False),
    Column("severity", stored_enum(Severity), nullable=False),
    Column("sentence", Text, nullable=False),
    count("number"),
    _mailbox_ids(),
    time("first_seen_at", nullable=False),
    time("last_seen_at", nullable=False),
    time("opened_at"),
    time("ended_at"),
    count("openings"),
    count("told_number"),
    UniqueConstraint("company_id", "key"),
)

#: A message about an alert by one channel: the intent, then (`sent_at`) the fact. `begun_at`: the
#: start of the last attempt, whose outcome nobody knows yet.
alert_message = Table(
    "alert_message",
    metadata,
    id_column(),
    reference("company"),
    reference("alert"),
    time("opened_at", nullable=False),
    Column("moment", stored_enum(Moment), nullable=False),
    Column("number", Integer, nullable=False),
    Column("channel", stored_enum(Channel), nullable=False),
    Column("kind", stored_enum(TroubleKind), nullable=False),
    Column("severity", stored_enum(Severity), nullable=False),
    Column("sentence", Text, nullable=False),
    _mailbox_ids(),
    time("created_at", nullable=False),
    time("due_at", nullable=False),
    time("begun_at"),
    time("sent_at"),
    count("attempts"),
    Column("trouble", Text),
    UniqueConstraint("alert_id", "opened_at", "moment", "number", "channel"),
    Index("ix_alert_message_unsent", "due_at", postgresql_where=text("sent_at IS NULL")),
)
