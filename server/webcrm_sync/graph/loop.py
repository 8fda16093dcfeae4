"""The event loop in its own thread, which makes the asynchronous SDK synchronous."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from threading import Lock, Thread, current_thread
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: A loop never ends if a coroutine blocks it, or if its thread did not survive a fork.
_CLOSE_TIMEOUT_S = 5.0


class LoopThread:
    """An event loop that runs coroutines for any number of threads.

    The SDK's client belongs to the loop of its first call, so there is one loop for all calls: with
    a loop per call, the second raises "Event loop is closed" (GitHub:
    microsoftgraph/msgraph-sdk-python#366).
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._is_open = True
        self._closing = Lock()
        self._thread = Thread(target=self._loop.run_forever, name="graph-loop", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result; raises what the coroutine raises.

        Raises RuntimeError after `close`, and on the loop's own thread.
        """
        if not self._can_run():
            coroutine.close()
            raise RuntimeError("the Graph loop is closed or was called from its own thread")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise RuntimeError("the Graph loop was closed during the call") from None
        except BaseException:  # a KeyboardInterrupt in the caller must not leave the call running
            future.cancel()
            raise

    def _can_run(self) -> bool:
        return self._is_open and self._thread.is_alive() and current_thread() is not self._thread

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancels running coroutines, runs `last` and ends the thread, in seconds. Idempotent.

        A loop that does not end in time ends with the process, which waits for no daemon thread.
        """
        with self._closing:
            if not self._is_open:
                return
            self._is_open = False
            if self._thread.is_alive():
                self._stop(last)
            if not self._thread.is_alive():
                self._loop.close()

    def _stop(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        end = asyncio.run_coroutine_threadsafe(self._wind_down(last), self._loop)
        try:
            end.result(_CLOSE_TIMEOUT_S)
        except (TimeoutError, CancelledError):
            logger.warning("graph_loop_does_not_end")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSE_TIMEOUT_S)

    async def _wind_down(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await last()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()
