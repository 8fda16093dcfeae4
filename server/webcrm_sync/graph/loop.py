"""The one event loop, in a thread of its own, that makes the asynchronous SDK synchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from threading import Lock, Thread, current_thread
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """An event loop that any number of threads may run coroutines on.

    The SDK's client belongs to the loop of its first call; a loop per call breaks the second one
    with "Event loop is closed" (GitHub: microsoftgraph/msgraph-sdk-python#366).
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._is_open = True
        self._closing = Lock()
        self._thread = Thread(target=self._loop.run_forever, name="graph-loop", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result; what it raises is raised here.

        Raises RuntimeError after `close`, and on the loop's own thread.
        """
        if not self._is_open or current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("the Graph loop is closed or was asked from within")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise RuntimeError("the Graph loop was closed during the call") from None
        except BaseException:  # KeyboardInterrupt in the caller: do not leave the call behind
            future.cancel()
            raise

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancels what still runs, runs `last`, ends the thread. Idempotent."""
        with self._closing:
            if not self._is_open:
                return
            self._is_open = False
            asyncio.run_coroutine_threadsafe(self._wind_down(last), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _wind_down(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await last()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()
