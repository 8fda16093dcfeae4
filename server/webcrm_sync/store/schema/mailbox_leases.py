"""The tables of the leases on mailboxes, and of the database that remembers them."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from webcrm_sync.store.schema.columns import flag, metadata, reference, time

#: The lease on a mailbox's sync folder, as `core.mailbox_lease.MailboxLease` explains it. A mailbox
#: without a row has never been checked.
mailbox_lease = Table(
    "mailbox_lease",
    metadata,
    reference("mailbox", primary_key=True),
    Column("written", Text),
    Column("intended", Text),
    time("since"),
    time("renewed_at"),
    time("checked_at"),
    time("confirm_at"),
    Column("rival", Text),
    flag("may_take_over"),
    flag("is_start"),
    flag("is_unsure"),
)

#: The database that the rows were written in, as `core.database_identity` explains it.
database_identity = Table(
    "database_identity",
    metadata,
    reference("company", primary_key=True),
    Column("cluster", Text, nullable=False),
    Column("files", Text, nullable=False),
    Column("place", Text, nullable=False),
)
