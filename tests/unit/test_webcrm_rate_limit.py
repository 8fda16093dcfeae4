"""The rate limit of calls to webCRM."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.webcrm.rate_limit import LIMIT, WINDOW, RateLimiter, seconds_to_wait


@dataclass
class FakeClock:
    """A clock that only `sleep` and `seconds` advance."""

    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def call_times(clock: FakeClock, gaps: list[float], *, limit: int) -> list[float]:
    rate_limiter = RateLimiter(limit=limit, now=clock.now, sleep=clock.sleep)
    times = []
    for gap in gaps:
        clock.seconds += gap
        with rate_limiter:
            rate_limiter.wait()
        times.append(clock.seconds)
    return times


@given(st.lists(st.floats(0, 40), max_size=60), st.integers(1, 8))
def test_no_minute_holds_more_calls_than_allowed(gaps: list[float], limit: int) -> None:
    times = call_times(FakeClock(), gaps, limit=limit)
    assert all(later - one >= 60 for one, later in zip(times, times[limit:], strict=False))


@given(st.lists(st.floats(0, 40), max_size=60), st.integers(1, 8))
def test_no_call_waits_longer_than_the_limit_needs(gaps: list[float], limit: int) -> None:
    clock = FakeClock()
    times = call_times(clock, gaps, limit=limit)
    for pause in clock.slept:
        assert pause <= 60.01
    earliest = 1000.0
    for number, gap in enumerate(gaps):
        earliest = (times[number - 1] if number else earliest) + gap
        free_at = times[number - limit] + 60 if number >= limit else earliest
        assert times[number] <= max(earliest, free_at) + 0.01


def test_the_limit_is_below_the_vendors() -> None:
    clock = FakeClock()
    times = call_times(clock, [0.0] * 1000, limit=LIMIT)
    assert LIMIT < 250
    assert timedelta(seconds=60) == WINDOW
    assert max(sum(1 for m in times if at <= m < at + 60) for at in times) == LIMIT


def test_the_first_calls_do_not_wait() -> None:
    assert seconds_to_wait([], 5.0, limit=1, window_s=60) == 0
    assert seconds_to_wait([4.0], 5.0, limit=2, window_s=60) == 0


def test_the_window_slides_over_the_latest_calls_only() -> None:
    assert seconds_to_wait([1.0, 30.0, 40.0], 61.0, limit=3, window_s=60) == 0
    assert seconds_to_wait([1.0, 30.0, 40.0], 61.0, limit=2, window_s=60) == 29


def test_the_limiter_lets_one_thread_in_at_a_time() -> None:
    rate_limiter, inside, seen = RateLimiter(limit=10_000), [0], []

    def visit() -> None:
        for _ in range(200):
            with rate_limiter:
                inside[0] += 1
                rate_limiter.wait()
                seen.append(inside[0])
                inside[0] -= 1

    threads = [Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {1}
    assert len(seen) == 800
