"""When something is tried again."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from support.builders import NOON
from webcrm_sync.core.retry import next_attempt_at

attempts = st.integers(0, 10_000)
wishes = st.timedeltas(timedelta(days=-1), timedelta(days=2)).map(lambda d: NOON + d)
LONGEST = timedelta(minutes=12, seconds=30)


@given(attempts)
def test_the_next_try_is_between_two_seconds_and_twelve_and_a_half_minutes(
    failed: int,
) -> None:
    assert timedelta(seconds=2) <= next_attempt_at(NOON, failed) - NOON <= LONGEST


@given(attempts, wishes)
def test_no_retry_is_earlier_than_the_service_asked(failed: int, asked: object) -> None:
    assert isinstance(asked, type(NOON))
    when = next_attempt_at(NOON, failed, not_before=asked)
    assert when >= max(asked, NOON + timedelta(seconds=2))
    assert when <= max(asked + timedelta(seconds=1), NOON + LONGEST)


@given(st.integers(0, 6))
def test_each_failure_waits_longer_than_the_one_before(failed: int) -> None:
    assert next_attempt_at(NOON, failed + 1) > next_attempt_at(NOON, failed)


def test_mailboxes_that_failed_together_are_not_retried_together() -> None:
    assert len({next_attempt_at(NOON, 3) for _ in range(20)}) > 1


@given(attempts)
def test_delays_follow_the_schedule_up_to_the_last_delay(
    failed: int,
) -> None:
    turn = min(timedelta(seconds=2 << min(failed, 20)), timedelta(minutes=10))
    assert turn <= next_attempt_at(NOON, failed) - NOON <= turn * 1.25


def test_the_jitter_spreads_over_a_quarter_of_the_delay() -> None:
    waits = [next_attempt_at(NOON, 3) - NOON for _ in range(300)]
    assert min(waits) < timedelta(seconds=16.8)
    assert max(waits) > timedelta(seconds=19.2)
