"""The worker threads of one lane."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from webcrm_sync.web.serving.limits import Lane

logger = logging.getLogger(__name__)

Work = Callable[[], None]


class LaneWorkers:
    """The threads of a lane and their queue. The threads are daemons: the process need not wait."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"{lane.name}-{number}", daemon=True)
            for number in range(lane.threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Work) -> bool:
        """Queue the work for the next free thread. False if the queue is full."""
        if self._queue.qsize() >= self.lane.waiting:
            return False
        self._queue.put(work)
        return True

    def close(self) -> None:
        """End each thread after its present work."""
        for _ in self._threads:
            self._queue.put(None)

    def _run(self) -> None:
        while work := self._queue.get():
            try:
                work()
            except Exception:
                logger.exception("worker_thread_failed")
