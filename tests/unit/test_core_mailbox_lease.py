"""What to do after reading the lease on a folder, and how a lease is written and read."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.database_identity import DatabaseIdentity, is_copy
from webcrm_sync.core.mailbox_lease import (
    FRESH,
    LONGEST_GAP,
    RELEASED,
    RENEW_AFTER,
    SETTLE,
    STALE_AFTER,
    TAKE_OVER_WAIT,
    Holder,
    MailboxLease,
    Step,
    describe_rival,
    format_lease,
    next_step,
    parse_holder,
    wait_after_claim,
    work_until,
)

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
#: A lease that is held, was written an hour ago and is confirmed.
HELD = MailboxLease(written="ours", since=NOW, renewed_at=NOW - timedelta(hours=1))
CLAIMED = replace(HELD, confirm_at=NOW + SETTLE)


def rival(age: timedelta = timedelta(), name: str = "https://b.example on srv2") -> str:
    return format_lease(Holder(name, NOW - timedelta(days=9), NOW - age), "x")


def test_nothing_is_remembered_about_a_mailbox_at_first() -> None:
    assert not any(asdict(MailboxLease()).values())


@pytest.mark.parametrize(
    ("found", "lease", "step"),
    [
        (None, MailboxLease(), Step.CLAIM),
        (None, HELD, Step.CLAIM),
        (RELEASED, MailboxLease(rival="theirs"), Step.CLAIM),
        ("ours", HELD, Step.HOLD),
        ("ours", replace(HELD, renewed_at=None), Step.RENEW),
        ("ours", replace(HELD, renewed_at=NOW - RENEW_AFTER + SECOND), Step.HOLD),
        ("ours", replace(HELD, renewed_at=NOW - RENEW_AFTER), Step.RENEW),
        ("ours", replace(HELD, renewed_at=NOW - timedelta(days=90)), Step.RENEW),
        ("next", replace(HELD, intended="next"), Step.RENEW),
        ("ours", replace(HELD, is_start=True), Step.CLAIM),
        ("ours", CLAIMED, Step.WAIT),
        ("ours", replace(CLAIMED, confirm_at=NOW), Step.HOLD),
        ("ours", replace(CLAIMED, confirm_at=NOW, is_start=True), Step.CLAIM),
        ("next", replace(CLAIMED, intended="next", is_start=True), Step.WRITTEN),
        ("next", replace(CLAIMED, intended="next"), Step.WRITTEN),
        ("ours", replace(CLAIMED, intended="next"), Step.CLAIM),
        ("theirs", MailboxLease(), Step.STOP),
        ("theirs", HELD, Step.STOP),
        ("theirs", replace(HELD, is_start=True), Step.STOP),
        ("theirs", replace(CLAIMED, intended="next"), Step.STOP),
        ("theirs", MailboxLease(may_take_over=True), Step.CLAIM),
        ("ours", replace(HELD, rival="theirs"), Step.CLAIM),
        ("", MailboxLease(), Step.STOP),
    ],
)
def test_the_step_after_a_reading(found: str | None, lease: MailboxLease, step: Step) -> None:
    assert next_step(found, lease, NOW) is step


@pytest.mark.parametrize(
    ("found", "wait"),
    [
        (None, SETTLE),
        (RELEASED, SETTLE),
        ("ours", SETTLE),
        ("next", SETTLE),
        ("not readable", TAKE_OVER_WAIT),
        (rival(), TAKE_OVER_WAIT),
        (rival(-timedelta(days=9)), TAKE_OVER_WAIT),
        (rival(STALE_AFTER), TAKE_OVER_WAIT),
        (rival(STALE_AFTER + SECOND), SETTLE),
    ],
)
def test_the_wait_after_a_claim(found: str | None, wait: timedelta) -> None:
    assert wait_after_claim(found, replace(HELD, intended="next"), NOW) == wait


@pytest.mark.parametrize(
    ("found", "confirm_at", "wait"),
    [
        ("ours", NOW + TAKE_OVER_WAIT, TAKE_OVER_WAIT),
        ("ours", NOW + SECOND, SETTLE),
        ("ours", NOW - SECOND, SETTLE),
        (RELEASED, NOW + TAKE_OVER_WAIT, SETTLE),
    ],
)
def test_a_start_does_not_shorten_the_wait_for_another_installation(
    found: str, confirm_at: datetime, wait: timedelta
) -> None:
    assert wait_after_claim(found, replace(HELD, confirm_at=confirm_at), NOW) == wait


def test_who_was_displaced_has_stopped_before_the_next_one_begins() -> None:
    assert work_until(HELD, NOW) == NOW + FRESH < NOW + TAKE_OVER_WAIT
    assert LONGEST_GAP < SETTLE


@pytest.mark.parametrize(
    ("found", "right"),
    [
        (FRESH, timedelta(minutes=15)),
        (TAKE_OVER_WAIT, timedelta(minutes=17)),
        (LONGEST_GAP, 3 * SECOND),
        (SETTLE, 6 * SECOND),
        (RENEW_AFTER, timedelta(days=1)),
        (STALE_AFTER, timedelta(days=2)),
        (RELEASED, "ms1-l-released"),
    ],
)
def test_what_installations_of_other_versions_rely_on_never_changes(
    found: object, right: object
) -> None:
    assert found == right


def test_an_old_lease_allows_no_work_since_others_take_it_over_at_once() -> None:
    old = replace(HELD, renewed_at=NOW - STALE_AFTER + SECOND)
    assert work_until(old, NOW) == NOW + SECOND
    assert work_until(MailboxLease(), NOW) == NOW + FRESH


@given(st.text(), st.text())
def test_a_lease_is_read_as_it_was_written(name: str, nonce: str) -> None:
    holder = Holder(name, NOW - timedelta(days=1), NOW)
    found = parse_holder(format_lease(holder, nonce.replace("|", "")))
    assert found is not None
    assert (found.since, found.renewed_at) == (holder.since, holder.renewed_at)
    assert found.name
    assert len(found.name) <= 150
    assert "\n" not in found.name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ms1-l-",
        RELEASED,
        "ms1-l-x|2026-11-29T12:00:00+00:00|name",
        "ms1-l-x|yesterday|2026-11-29T12:00:00+00:00|name",
        "ms1-l-x|0001-01-01T00:00:00+14:00|2026-11-29T12:00:00+00:00|name",
        "another product's text",
    ],
)
def test_a_text_of_somebody_else_is_no_holder(text: str) -> None:
    assert parse_holder(text) is None
    assert describe_rival(text, NOW) == (
        "Another installation of webCRM sync works on this mailbox."
    )


def test_a_long_name_is_cut_when_it_is_written_and_when_it_is_read() -> None:
    text = format_lease(Holder("b" * 151, NOW, NOW), "x")
    assert text.endswith("|" + "b" * 150)
    assert parse_holder(text + "b") == Holder("b" * 150, NOW, NOW)


def test_times_are_read_in_any_zone_and_an_empty_name_gets_one() -> None:
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    assert parse_holder(format_lease(Holder("", east, east), "x")) == Holder("unnamed", NOW, NOW)


@pytest.mark.parametrize(
    ("age", "seen"),
    [
        (timedelta(hours=23), "last seen within the last day"),
        (timedelta(hours=24, minutes=9), "last seen within the last day"),
        (timedelta(hours=24, minutes=10), "last seen 1 day ago"),
        (timedelta(days=5), "last seen 5 days ago"),
    ],
)
def test_a_rival_is_named_with_its_age(age: timedelta, seen: str) -> None:
    assert describe_rival(rival(age), NOW) == (
        "Another installation of webCRM sync works on this mailbox: https://b.example on srv2, "
        f"since 2026-11-20, {seen}."
    )


OWN = DatabaseIdentity("7/5", "11", "/data m1")


@pytest.mark.parametrize(
    ("current", "is_one"),
    [
        (OWN, False),
        (replace(OWN, cluster="7/6"), True),
        (replace(OWN, cluster="8/5"), True),
        (replace(OWN, files="12"), False),
        (replace(OWN, place="/moved m1"), False),
        (replace(OWN, files="12", place="/copy m1"), True),
    ],
)
def test_a_copy_of_a_database(current: DatabaseIdentity, is_one: bool) -> None:
    assert is_copy(OWN, current) == is_one


def test_only_a_database_of_our_own_server_is_known_by_its_files() -> None:
    served = DatabaseIdentity("7/5")
    assert (served.files, served.place) == ("", "")
