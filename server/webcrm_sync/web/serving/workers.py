"""The threads of a lane."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from webcrm_sync.web.serving.limits import Lane

logger = logging.getLogger(__name__)

Work = Callable[[], None]


class LaneWorkers:
    """A lane's threads. They end with the process, which waits for none of them."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{lane.name}-{number}", daemon=True)
            for number in range(lane.threads)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, work: Work) -> bool:
        """Do it in one of the threads; False when too many wait for one already."""
        if self._queue.qsize() >= self.lane.waiting:
            return False
        self._queue.put(work)
        return True

    def close(self) -> None:
        """Let each thread end after what it does now."""
        for _ in self._threads:
            self._queue.put(None)

    def _work(self) -> None:
        while work := self._queue.get():
            try:
                work()
            except Exception:
                logger.exception("worker_thread_failed")
