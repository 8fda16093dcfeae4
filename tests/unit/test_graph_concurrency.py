"""The slots of a mailbox."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from webcrm_sync.graph.concurrency import PER_MAILBOX, Call, MailboxLimiter


@pytest.mark.parametrize("slots", [[1] * 9, [2, 1, 2, 2, 1, 1], [2, 2, 2]])
def test_no_mailbox_has_more_than_two_requests_in_flight(slots: list[int]) -> None:
    limiter, lock = MailboxLimiter(), threading.Lock()
    in_flight, most = 0, 0

    def hold(count: int) -> None:
        nonlocal in_flight, most
        with limiter.hold(Call("Mailbox", slots=count)):
            with lock:
                in_flight += count
                most = max(most, in_flight)
            time.sleep(0.01)
            with lock:
                in_flight -= count

    with ThreadPoolExecutor(len(slots)) as pool:
        list(pool.map(hold, slots))
    assert in_flight == 0
    assert most == PER_MAILBOX == 2


def test_an_error_frees_the_slots() -> None:
    limiter = MailboxLimiter()
    for _ in range(3):
        with pytest.raises(KeyError), limiter.hold(Call("a", slots=PER_MAILBOX)):
            raise KeyError


def test_a_busy_mailbox_does_not_block_another() -> None:
    limiter = MailboxLimiter()

    def hold_others() -> bool:
        with limiter.hold(Call("b")), limiter.hold(Call(None)):
            return True

    with limiter.hold(Call("a", slots=PER_MAILBOX)), ThreadPoolExecutor(1) as pool:
        assert pool.submit(hold_others).result(5)
