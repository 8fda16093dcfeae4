"""The event loop in its thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

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
