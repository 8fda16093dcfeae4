"""The tables of people's requests in Outlook."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Column, Index, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from webcrm_sync.store.schema.columns import (
    AlongJson,
    flag,
    metadata,
    reference,
    stored_enum,
    time,
)


class UpdateKind(StrEnum):
    """The kinds of updates. The database stores the values, so they never change."""

    #: empty the Activity and say so in its subject
    WITHDRAW = "withdraw"
    #: fill the Activity again after it was withdrawn
    RESTORE = "stand"
    #: move the Activity to another Organisation, and change nothing else
    MOVE = "move"
    #: write the Activity's subject and text again
    REWRITE = "retell"
    #: set the Activity's Opportunity, and change nothing else
    OPPORTUNITY = "opportunity"


#: A sync request for one copy. `item_id`: Outlook's id of the copy before it was moved.
#: `organisations`: the ids that the person chose, empty = no choice. `is_exact`: they are all the
#: places that the person wants, else they replace what `manual_choice.with_chosen` says.
#: `removed`: places that the person saw and took off the list. `opportunities`: of each place,
#: 0 = none; empty = of none of them.
#: `along`: the parts of the mail that the person chose, NULL = no choice.
sync_request = Table(
    "press",
    metadata,
    reference("mailbox", primary_key=True),
    Column("graph_id", Text, primary_key=True),
    Column("item_id", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("organisations", ARRAY(BigInteger, as_tuple=True), nullable=False, server_default="{}"),
    flag("is_exact"),
    Column("removed", ARRAY(BigInteger, as_tuple=True), nullable=False, server_default="{}"),
    Column("opportunities", ARRAY(BigInteger, as_tuple=True), nullable=False, server_default="{}"),
    time("pressed_at", nullable=False, key="requested_at"),
    Column("along", AlongJson),
)

#: An update: a change to a filing's Activity that webCRM has yet to receive. `move_to`: its new
#: Organisation, NULL = it is not moved. `sets_opportunity`: its Opportunity becomes
#: `opportunity_id`, NULL = none.
activity_update = Table(
    "wish",
    metadata,
    reference("filing", primary_key=True),
    Column("kind", stored_enum(UpdateKind), nullable=False),
    Column("move_to", BigInteger),
    time("asked_at", nullable=False, key="requested_at"),
    time("due_at", nullable=False),
    flag("sets_opportunity"),
    Column("opportunity_id", BigInteger),
    Index(None, "due_at"),
)

#: The senders that a mailbox's inbox rules listed at the last reading.
always_sync = Table(
    "always_sync",
    metadata,
    reference("mailbox", primary_key=True),
    Column("address", Text, primary_key=True),
)

#: A contact that a person creates. `intent_at` is committed before the call, `person_id` after the
#: answer.
new_contact = Table(
    "new_contact",
    metadata,
    reference("company", primary_key=True),
    Column("address", Text, primary_key=True),
    Column("organisation_id", BigInteger, primary_key=True),
    Column("person_id", BigInteger),
    time("intent_at", nullable=False),
)
