"""The groups in Entra whose members are watched."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text, UniqueConstraint

from webcrm_sync.store.schema.columns import count, flag, id_column, metadata, reference, time

#: A followed group by its id in Entra. `name`: NULL until a look has read it. `looked_at`: the last
#: look that succeeded; `trouble`: why the last one failed.
followed_group = Table(
    "followed_group",
    metadata,
    id_column(),
    reference("company"),
    Column("group_id", Text, nullable=False),
    Column("name", Text),
    time("followed_at", nullable=False),
    time("due_at", nullable=False),
    time("looked_at"),
    count("attempts"),
    Column("trouble", Text),
    UniqueConstraint("company_id", "group_id"),
)

#: A member of a followed group; the columns mean what `core.group_members.KnownMember` says.
group_member = Table(
    "group_member",
    metadata,
    reference("followed_group", primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("address", Text, nullable=False),
    time("left_at"),
    flag("is_excluded"),
    Column("trouble", Text),
    count("attempts"),
    time("retry_at"),
)
