"""How large a request to webCRM may be, from how quickly it takes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.webcrm.request_size import LEAST, RequestSize


def test_a_quick_line_carries_larger_requests_up_to_a_limit() -> None:
    size = RequestSize()
    size.record(2_000_000, 0.6)
    assert size.bytes == 4_000_000
    size.record(4_000_000, 0.3)
    assert size.bytes == 6_700_000


def test_a_slow_line_carries_smaller_requests_down_to_a_limit() -> None:
    size = RequestSize()
    size.record(2_000_000, 0.8)
    assert size.bytes == 1_500_000
    size.record(1_500_000, 20.0)
    assert size.bytes == LEAST


def test_a_quick_request_that_is_not_full_takes_nothing_away() -> None:
    size = RequestSize(5_000_000)
    size.record(1_400_000, 0.3)
    assert size.bytes == 5_000_000


def test_a_small_request_says_nothing_about_the_line() -> None:
    size = RequestSize()
    size.record(LEAST - 1, 3.0)
    size.record(5_000, 0.0)
    assert size == RequestSize()


@given(st.floats(1e5, 1e9), st.floats(0, 0.4))
def test_requests_settle_at_what_a_line_takes_in_time(rate: float, way: float) -> None:
    size = RequestSize()
    for _ in range(40):
        size.record(size.bytes, way + size.bytes / rate)
    longest = max(way + size.bytes / rate, 0)
    assert longest <= 2 * 0.6 or size.bytes == LEAST
