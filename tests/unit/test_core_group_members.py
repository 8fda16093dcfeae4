"""What a look at a followed group leads to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webcrm_sync.core.group_members import INTERVAL, KnownMember, next_retry, plan_look
from webcrm_sync.core.outlook import GroupMember

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KIM = GroupMember("kim", "kim@x.example")


def test_a_new_member_is_added() -> None:
    assert plan_look([KIM], [], frozenset(), NOW).to_add == (KIM,)


@pytest.mark.parametrize(
    "known",
    [
        KnownMember("kim", "", is_excluded=True),
        KnownMember("kim", "", retry_at=NOW + timedelta(seconds=1)),
    ],
)
def test_a_member_who_is_excluded_or_not_due_is_not_added(known: KnownMember) -> None:
    assert plan_look([KIM], [known], frozenset(), NOW).to_add == ()


def test_a_watched_member_and_a_guest_are_not_added() -> None:
    guest = GroupMember("guest", "g@y.example", is_guest=True)
    assert plan_look([KIM, guest], [], {"kim"}, NOW).to_add == ()


def test_a_retry_that_is_due_is_made() -> None:
    assert plan_look([KIM], [KnownMember("kim", "", retry_at=NOW)], frozenset(), NOW).to_add


def test_who_is_missing_has_left_once_and_is_forgotten_when_not_watched() -> None:
    known = [KnownMember("a", ""), KnownMember("b", "", left_at=NOW), KnownMember("c", "")]
    look = plan_look([], known, {"a", "b"}, NOW)
    assert (look.to_add, set(look.left), set(look.forgotten)) == ((), {"a"}, {"c"})


def test_retries_grow_to_a_day() -> None:
    waits = [next_retry(NOW, n) - NOW for n in range(9)]
    assert waits[:2] == [INTERVAL, 2 * INTERVAL]
    assert waits[7:] == [timedelta(days=1)] * 2
