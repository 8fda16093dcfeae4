"""The followed groups and their members, as the last look left them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Update, delete, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from webcrm_sync.core.group_members import INTERVAL, Departure, KnownMember, next_retry
from webcrm_sync.core.outlook import GroupMember
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.groups import followed_group, group_member
from webcrm_sync.store.schema.tables import mailbox


@dataclass(frozen=True, slots=True)
class FollowedGroup:
    """A followed group. `group_id`: its id in Entra. `trouble`: why the last look failed."""

    id: int
    group_id: str
    name: str | None
    followed_at: datetime
    due_at: datetime
    looked_at: datetime | None
    attempts: int
    trouble: str | None


_GROUP = columns_of(followed_group, FollowedGroup)
_MEMBER = columns_of(group_member, KnownMember)


def all_groups(tx: Tx) -> Sequence[FollowedGroup]:
    """The company's followed groups, in the order in which they were followed."""
    query = select(*_GROUP).where(followed_group.c.company_id == tx.company_id)
    rows = tx.connection.execute(query.order_by(followed_group.c.id)).mappings()
    return [FollowedGroup(**row) for row in rows]


def members(tx: Tx, group: FollowedGroup) -> Sequence[KnownMember]:
    """The group's known members, those who left too, ordered by address."""
    query = select(*_MEMBER).where(group_member.c.followed_group_id == group.id)
    rows = tx.connection.execute(query.order_by(group_member.c.address)).mappings()
    return [KnownMember(**row) for row in rows]


def follow(tx: Tx, group_id: str, name: str | None) -> FollowedGroup:
    """Follow a group from now on; the next look is due after an interval. Idempotent."""
    new = insert(followed_group).values(
        company_id=tx.company_id,
        group_id=group_id,
        name=name,
        followed_at=tx.now,
        looked_at=tx.now,
        due_at=tx.now + INTERVAL,
    )
    keys = [followed_group.c.company_id, followed_group.c.group_id]
    times = {"looked_at": tx.now, "due_at": tx.now + INTERVAL, "attempts": 0, "trouble": None}
    named = {"name": name or followed_group.c.name}
    tx.connection.execute(new.on_conflict_do_update(index_elements=keys, set_=times | named))
    return next(one for one in all_groups(tx) if one.group_id == group_id)


def unfollow(tx: Tx, group_id: str) -> FollowedGroup | None:
    """Stop following a group, which is returned; its mailboxes stay. None if it is not followed."""
    query = delete(followed_group).where(
        followed_group.c.company_id == tx.company_id, followed_group.c.group_id == group_id
    )
    row = tx.connection.execute(query.returning(*_GROUP)).mappings().first()
    return FollowedGroup(**row) if row else None


def lock(tx: Tx, group: FollowedGroup) -> bool:
    """Lock a group until `tx` ends. False if it is not followed any more."""
    query = select(followed_group.c.id).where(followed_group.c.id == group.id)
    return tx.connection.execute(query.with_for_update()).first() is not None


def save_members(tx: Tx, group: FollowedGroup, present: Iterable[GroupMember]) -> None:
    """Record these users as members now. One who had left and returned counts as new."""
    rows = [
        {"followed_group_id": group.id, "user_id": m.user_id, "address": m.address or m.user_id}
        for m in sorted(present, key=lambda m: m.user_id)
    ]
    if rows:
        new = insert(group_member)
        values = {"address": new.excluded.address, "left_at": None}
        keys = [group_member.c.followed_group_id, group_member.c.user_id]
        tx.connection.execute(new.on_conflict_do_update(index_elements=keys, set_=values), rows)


def save_departures(
    tx: Tx, group: FollowedGroup, *, left: Collection[str], forgotten: Collection[str]
) -> None:
    """Record that users have left, and forget those whose mailboxes are not watched."""
    of_group = group_member.c.followed_group_id == group.id
    gone = update(group_member).where(of_group, any_of(group_member.c.user_id, left))
    tx.connection.execute(gone.values(left_at=tx.now, trouble=None, retry_at=None))
    tx.connection.execute(
        delete(group_member).where(of_group, any_of(group_member.c.user_id, forgotten))
    )


def save_name(tx: Tx, group: FollowedGroup, name: str) -> None:
    """Record the name of a group."""
    tx.connection.execute(_one(group).values(name=name))


def finish_look(tx: Tx, group: FollowedGroup, *, due_at: datetime) -> None:
    """Record a look that succeeded."""
    values = {"looked_at": tx.now, "due_at": due_at, "attempts": 0, "trouble": None}
    tx.connection.execute(_one(group).values(**values))


def fail_look(tx: Tx, group: FollowedGroup, trouble: str) -> None:
    """Record a look that failed; the next one is due after an interval."""
    values = {"due_at": tx.now + INTERVAL, "attempts": group.attempts + 1, "trouble": trouble}
    tx.connection.execute(_one(group).values(**values))


def _one(group: FollowedGroup) -> Update:
    return update(followed_group).where(followed_group.c.id == group.id)


def note_failures(tx: Tx, group: FollowedGroup, troubles: Mapping[str, str]) -> None:
    """Record why the mailboxes of these users could not be added, and when to try again."""
    for known in members(tx, group):
        if known.user_id in troubles:
            query = update(group_member).where(
                group_member.c.followed_group_id == group.id,
                group_member.c.user_id == known.user_id,
            )
            values = {
                "trouble": troubles[known.user_id],
                "attempts": known.attempts + 1,
                "retry_at": next_retry(tx.now, known.attempts),
            }
            tx.connection.execute(query.values(**values))


def keep_watched(tx: Tx, user_id: str) -> None:
    """Record that a mailbox is watched: nothing is left to say about it in any group.

    An administrator who adds the mailbox of a user who left wants to keep it.
    """
    is_user = _is_of_company(tx) & (group_member.c.user_id == user_id)
    tx.connection.execute(delete(group_member).where(is_user, group_member.c.left_at.is_not(None)))
    values = {"is_excluded": False, "trouble": None, "attempts": 0, "retry_at": None}
    tx.connection.execute(update(group_member).where(is_user).values(**values))


def exclude(tx: Tx, user_id: str) -> None:
    """Record that an administrator removed a mailbox: its groups do not add it again."""
    is_user = _is_of_company(tx) & (group_member.c.user_id == user_id)
    tx.connection.execute(delete(group_member).where(is_user, group_member.c.left_at.is_not(None)))
    tx.connection.execute(update(group_member).where(is_user).values(is_excluded=True))


def groups_of(tx: Tx, user_id: str) -> Sequence[FollowedGroup]:
    """The followed groups that the user is a member of."""
    query = (
        select(*_GROUP)
        .join(group_member)
        .where(followed_group.c.company_id == tx.company_id)
        .where(group_member.c.user_id == user_id, group_member.c.left_at.is_(None))
    )
    rows = tx.connection.execute(query.order_by(followed_group.c.id)).mappings()
    return [FollowedGroup(**row) for row in rows]


def departures(tx: Tx) -> Sequence[Departure]:
    """The owners of watched mailboxes who have left their followed groups, by mailbox id.

    Without those who are still in another followed group. Of several groups the one left last.
    """
    still = group_member.alias()
    is_elsewhere = (
        select(still.c.user_id)
        .join(followed_group, followed_group.c.id == still.c.followed_group_id)
        .where(followed_group.c.company_id == tx.company_id)
        .where(still.c.user_id == group_member.c.user_id, still.c.left_at.is_(None))
    )
    name = func.coalesce(followed_group.c.name, followed_group.c.group_id)
    query = (
        select(mailbox.c.id.label("mailbox_id"), group_member.c.left_at, name.label("group"))
        .join(group_member, group_member.c.user_id == mailbox.c.user_id)
        .join(followed_group, followed_group.c.id == group_member.c.followed_group_id)
        .where(mailbox.c.company_id == tx.company_id, followed_group.c.company_id == tx.company_id)
        .where(group_member.c.left_at.is_not(None), ~is_elsewhere.exists())
        .order_by(mailbox.c.id, group_member.c.left_at.desc())
        .ext(distinct_on(mailbox.c.id))
    )
    return [Departure(**row._mapping) for row in tx.connection.execute(query)]


def _is_of_company(tx: Tx) -> ColumnElement[bool]:
    own = select(followed_group.c.id).where(followed_group.c.company_id == tx.company_id)
    return group_member.c.followed_group_id.in_(own)
