"""The pace of calls to webCRM."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.webcrm.rate_limit import LIMIT, WINDOW, RateLimiter, seconds_to_wait


@dataclass
class Watch:
    """A clock that only sleeping and `seconds` move."""

    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def calls_of(watch: Watch, gaps: list[float], *, limit: int) -> list[float]:
    pacing = RateLimiter(limit=limit, now=watch.now, sleep=watch.sleep)
    made = []
    for gap in gaps:
        watch.seconds += gap
        with pacing:
            pacing.wait()
        made.append(watch.seconds)
    return made


@given(st.lists(st.floats(0, 40), max_size=60), st.integers(1, 8))
def test_no_minute_holds_more_calls_than_allowed(gaps: list[float], limit: int) -> None:
    made = calls_of(Watch(), gaps, limit=limit)
    assert all(later - one >= 60 for one, later in zip(made, made[limit:], strict=False))


@given(st.lists(st.floats(0, 40), max_size=60), st.integers(1, 8))
def test_nobody_waits_longer_than_the_limit_needs(gaps: list[float], limit: int) -> None:
    watch = Watch()
    made = calls_of(watch, gaps, limit=limit)
    for pause in watch.slept:
        assert pause <= 60.01
    wished = 1000.0
    for number, gap in enumerate(gaps):
        wished = (made[number - 1] if number else wished) + gap
        free_at = made[number - limit] + 60 if number >= limit else wished
        assert made[number] <= max(wished, free_at) + 0.01


def test_the_vendors_limit_is_kept_with_room_to_spare() -> None:
    watch = Watch()
    made = calls_of(watch, [0.0] * 1000, limit=LIMIT)
    assert LIMIT < 250
    assert timedelta(seconds=60) == WINDOW
    assert max(sum(1 for m in made if at <= m < at + 60) for at in made) == LIMIT


def test_the_first_calls_do_not_wait() -> None:
    assert seconds_to_wait([], 5.0, limit=1, window_s=60) == 0
    assert seconds_to_wait([4.0], 5.0, limit=2, window_s=60) == 0


def test_the_window_slides_over_the_latest_calls_only() -> None:
    assert seconds_to_wait([1.0, 30.0, 40.0], 61.0, limit=3, window_s=60) == 0
    assert seconds_to_wait([1.0, 30.0, 40.0], 61.0, limit=2, window_s=60) == 29


def test_the_line_is_one_thread_wide() -> None:
    pacing, inside, seen = RateLimiter(limit=10_000), [0], []

    def visit() -> None:
        for _ in range(200):
            with pacing:
                inside[0] += 1
                pacing.wait()
                seen.append(inside[0])
                inside[0] -= 1

    threads = [Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {1}
    assert len(seen) == 800
