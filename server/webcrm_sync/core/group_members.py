"""Decides what a look at a followed group leads to: who is added, who has left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from webcrm_sync.core.outlook import GroupMember

#: The time between two looks at a group. A look is one call for up to 999 members.
INTERVAL = timedelta(minutes=15)
_LONGEST_RETRY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KnownMember:
    """A member as the last look left it.

    `left_at`: when the member was first missing. `is_excluded`: an administrator has removed the
    mailbox. `trouble`: why the mailbox could not be added; `attempts`, `retry_at`: how often that
    was tried, and when it is tried again.
    """

    user_id: str
    address: str
    left_at: datetime | None = None
    is_excluded: bool = False
    trouble: str | None = None
    attempts: int = 0
    retry_at: datetime | None = None


def describe_group(group_id: str, name: str | None) -> str:
    """The name of a group, if it is known, and its id, by which Entra and the commands find it.

    >>> describe_group("1f", "Sales"), describe_group("1f", None)
    ('Sales (1f)', '1f')
    """
    return f"{name} ({group_id})" if name else group_id


@dataclass(frozen=True, slots=True)
class Departure:
    """The owner of a watched mailbox has left the followed group `group`.

    `group`: its name, or its id. Everybody whom one look missed has the same `left_at`.
    """

    mailbox_id: int
    left_at: datetime
    group: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a look leads to. `to_add`: members whose mailboxes are to be added now.

    `left`: ids of members who left and whose mailboxes are watched. `forgotten`: ids of those whose
    mailboxes are not.
    """

    to_add: tuple[GroupMember, ...]
    left: frozenset[str]
    forgotten: frozenset[str]


def plan_look(
    present: Sequence[GroupMember],
    known: Sequence[KnownMember],
    watched: AbstractSet[str],
    now: datetime,
) -> Look:
    """The plan for the members who are `present` now. `watched`: user ids of watched mailboxes."""
    by_id = {member.user_id: member for member in known}
    here = {member.user_id for member in present}
    gone = by_id.keys() - here
    return Look(
        to_add=tuple(m for m in present if m.user_id not in watched and _is_due(m, by_id, now)),
        left=frozenset(i for i in gone & watched if by_id[i].left_at is None),
        forgotten=frozenset(gone - watched),
    )


def _is_due(member: GroupMember, known: Mapping[str, KnownMember], now: datetime) -> bool:
    before = known.get(member.user_id)
    if member.is_guest or (before and before.is_excluded):
        return False
    return before is None or before.retry_at is None or before.retry_at <= now


def next_retry(now: datetime, attempts: int) -> datetime:
    """When a mailbox that could not be added is tried again, after `attempts` failures.

    A new employee's mailbox takes minutes; a user without a licence is asked about once a day.
    """
    return now + min(INTERVAL * (1 << min(attempts, 10)), _LONGEST_RETRY)
