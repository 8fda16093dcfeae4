"""The event loop in its thread, and the slots of a mailbox."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from webcrm_sync.graph.concurrency import PER_MAILBOX, Call, MailboxLimiter
from webcrm_sync.graph.loop import LoopThread


async def nothing() -> None:
    """A last coroutine without effect."""


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    loop = LoopThread()
    yield loop
    loop.close(nothing)


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def test_many_threads_run_on_one_loop(loop: LoopThread) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: loop.run(double(n)), range(50)))
    assert answers == [2 * n for n in range(50)]


def test_an_error_of_a_coroutine_reaches_its_caller(loop: LoopThread) -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        loop.run(fail())


def test_closing_cancels_running_calls_before_the_last_coroutine() -> None:
    loop = LoopThread()
    started, seen, outcome = threading.Event(), [], []

    async def wait() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("ended")

    def caller() -> None:
        try:
            loop.run(wait())
        except RuntimeError as error:
            outcome.append(error)

    async def last() -> None:
        seen.append("last")

    thread = threading.Thread(target=caller)
    thread.start()
    started.wait(5)
    loop.close(last)
    loop.close(last)
    thread.join(5)
    assert seen == ["ended", "last"]
    assert len(outcome) == 1


def test_a_closed_loop_raises_runtime_error() -> None:
    loop = LoopThread()
    loop.close(nothing)
    with pytest.raises(RuntimeError):
        loop.run(double(1))


def test_the_loop_refuses_calls_from_its_own_thread(loop: LoopThread) -> None:
    async def inside() -> None:
        loop.run(double(1))

    with pytest.raises(RuntimeError):
        loop.run(inside())


def test_a_loop_without_its_thread_closes_immediately_and_raises() -> None:
    """As after a fork, which only the calling thread survives."""
    loop = LoopThread()

    async def end() -> threading.Thread:
        asyncio.get_running_loop().call_soon(asyncio.get_running_loop().stop)
        return threading.current_thread()

    thread = loop.run(end())
    thread.join(5)
    assert not thread.is_alive()
    with pytest.raises(RuntimeError):
        loop.run(double(1))
    closing = threading.Thread(target=loop.close, args=(nothing,), daemon=True)
    closing.start()
    closing.join(5)
    assert not closing.is_alive()


@pytest.mark.parametrize("slots", [[1] * 9, [2, 1, 2, 2, 1, 1], [2, 2, 2]])
def test_no_mailbox_has_more_than_two_requests_in_flight(slots: list[int]) -> None:
    in_flight, most = 0, 0

    async def hold(limiter: MailboxLimiter, count: int) -> None:
        nonlocal in_flight, most
        async with limiter.hold(Call("Mailbox", slots=count)):
            in_flight += count
            most = max(most, in_flight)
            await asyncio.sleep(0.001)
            in_flight -= count

    async def all_at_once() -> None:
        limiter = MailboxLimiter()
        await asyncio.gather(*(hold(limiter, count) for count in slots))

    asyncio.run(all_at_once())
    assert most == PER_MAILBOX == 2


def test_a_busy_mailbox_does_not_block_another() -> None:
    async def story() -> bool:
        limiter = MailboxLimiter()
        async with (
            limiter.hold(Call("a", slots=PER_MAILBOX)),
            limiter.hold(Call("b")),
            limiter.hold(Call(None)),
        ):
            return True

    assert asyncio.run(asyncio.wait_for(story(), 5))
