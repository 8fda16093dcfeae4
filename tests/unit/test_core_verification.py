"""When the product searches for an unclear write, and until when it may send."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.builders import NOON
from webcrm_sync.core.verification import FIRST_SEARCH, latest_send_at, next_search_at

SECOND = timedelta(seconds=1)


def test_the_first_search_comes_after_two_seconds() -> None:
    assert timedelta(seconds=2) == FIRST_SEARCH


@pytest.mark.parametrize(
    ("settle", "since_intent", "wait"),
    [
        (60, 2, 58),  # until the lag is over
        (60, 58, 5),
        (60, 60, 5),
        (60, 600, 5),
        (3, 1, 3),  # a short lag is waited for once more
        (3, 600, 3),
        (0, 600, 0),
    ],
)
def test_the_next_search_waits_for_the_lag_and_then_a_few_seconds(
    settle: int, since_intent: int, wait: int
) -> None:
    now = NOON + since_intent * SECOND
    again = next_search_at(intent_at=NOON, now=now, settle=settle * SECOND)
    assert again - now == wait * SECOND


@pytest.mark.parametrize(("settle", "seconds"), [(0, 5), (4, 5), (10, 5), (11, 5.5), (60, 30)])
def test_an_intent_may_be_sent_for_half_the_lag_but_at_least_for_five_seconds(
    settle: int, seconds: float
) -> None:
    assert latest_send_at(NOON, settle=settle * SECOND) - NOON == seconds * SECOND
