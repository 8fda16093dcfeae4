"""Keeps webCRM busy: prepares the next batch while the current one is being sent (ADR 13).

webCRM takes one call at a time, so every moment between two calls makes all mails later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from typing import Generic, TypeVar

from webcrm_sync.core.faults import format_trace
from webcrm_sync.engine.backoff import resume_webcrm
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents
from webcrm_sync.engine.filing import submit
from webcrm_sync.engine.filing.attachment_source import Source
from webcrm_sync.engine.filing.batch import Batch, attach, prepare, run
from webcrm_sync.engine.filing.document_batches import AttachmentGroup
from webcrm_sync.engine.filing.documents import WriteTurn

logger = logging.getLogger(__name__)

R = TypeVar("R")

#: Re-queue the job after this time, so that it forgets what it has listed in Outlook.
_MAX_RUN_S = 60.0
#: While only attachments are left, check this often for a mail that was moved just now.
_CHECK_S = 0.25
#: Requests of attachments in work at a time: while one is sent, the others are read.
_MAX_ATTACHING = 4


class FilingPipeline:
    """Sends batch after batch to webCRM.

    Background tasks run while a batch is being sent. They prepare the next batch, record the
    answers to the previous one, and write attachments in between. No filing is in two of these at
    once.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._source = Source(context)
        self._preparing = _BackgroundTask[Batch]("preparing")
        self._recording = _BackgroundTask[None]("recording")
        self._attaching = _AttachingTasks(context, self._source)
        # Filings whose attachments could be written beside the last batch; None = the first one.
        self._offered: frozenset[int] | None = None

    def __enter__(self) -> FilingPipeline:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the background tasks; release a batch that was prepared and not sent."""
        prepared = self._preparing.close()
        self._recording.close()
        self._attaching.close()
        if prepared:
            submit.release(self._context, prepared.claimed)

    def work(self, *, is_recovering: bool) -> bool:
        """True when more is due and the job has to run again, False when nothing is left.

        `is_recovering`: webCRM failed before, so its first answer resets the back-off.
        Raises Unclear, TryLater or Refused when webCRM is in trouble; no filing is lost.
        """
        end = time.monotonic() + _MAX_RUN_S
        self._prepare()
        is_last = False
        while not is_last:
            batch = self._preparing.result()
            if batch.is_empty and not batch.to_attach and not self._busy_filings():
                return False
            is_last = batch.is_webcrm_wanted or self._must_end(end)
            with self._released_on_error(batch):
                self._attach(batch, at_most=1 if is_last else _MAX_ATTACHING)
                if batch.is_empty:
                    self._wait_for_change()
                if not is_last:
                    self._prepare(exclude=batch.filing_ids)
            if not batch.is_empty:
                self._run(batch, is_recovering=is_recovering)
                is_recovering = False
        self._recording.finish()
        self._attaching.finish()
        return True

    def _must_end(self, end: float) -> bool:
        return self._context.stopping.is_set() or time.monotonic() > end

    def _run(self, batch: Batch, *, is_recovering: bool) -> None:
        result = run(self._context, self._source, batch)
        self._recording.finish()
        self._recording.start(batch.filing_ids, submit.record, self._context, result)
        if is_recovering:  # Made progress: restart the back-off from its shortest delay.
            resume_webcrm(self._context)

    @contextmanager
    def _released_on_error(self, batch: Batch) -> Iterator[None]:
        """An error before the batch is sent must not leave its filings unclear."""
        try:
            yield
        except BaseException:
            submit.release(self._context, batch.claimed)
            raise

    def _prepare(self, *, exclude: frozenset[int] = frozenset()) -> None:
        busy = exclude | self._busy_filings()
        self._preparing.start((), prepare, self._context, self._source, busy)

    def _wait_for_change(self) -> None:
        """Wait for a moment at most, until more may be due."""
        self._recording.finish()
        self._attaching.wait(_CHECK_S)

    def _busy_filings(self) -> frozenset[int]:
        return self._recording.filing_ids | self._attaching.filing_ids

    def _attach(self, batch: Batch, *, at_most: int) -> None:
        """Start writing attachments beside this batch.

        Those of mails that were filed a moment ago wait for one more batch: so requests fill up.
        None are written beside updates of Activities, since both may be about the same Activity.
        """
        groups, offered = batch.to_attach, self._offered
        if offered is not None and not batch.is_empty:
            groups = [g for g in groups if not offered.isdisjoint(g.filing_ids)]
        self._offered = frozenset(i for g in batch.to_attach for i in g.filing_ids)
        if batch.has_updates:
            self._attaching.stop()
        else:
            self._attaching.start(groups, at_most=at_most)


class _AttachingTasks:
    """Background tasks that each write one request of attachments."""

    def __init__(self, context: Context, source: Source) -> None:
        self._context = context
        self._source = source
        self._turn = WriteTurn()
        self._tasks = [_BackgroundTask[None](f"attaching {n}") for n in range(_MAX_ATTACHING)]
        self._alone: frozenset[int] = frozenset()

    @property
    def filing_ids(self) -> frozenset[int]:
        """The filings whose attachments are being written."""
        return frozenset().union(*(task.filing_ids for task in self._tasks))

    def start(self, groups: Iterable[AttachmentGroup], *, at_most: int) -> None:
        """Start with the first of these groups, until `at_most` are in work.

        Only one large attachment is in work at a time. Raises what a task raised that has ended.
        """
        self.wait(0)
        idle = [task for task in self._tasks if not task.filing_ids]
        left = at_most - (len(self._tasks) - len(idle))
        for group in groups:
            if left <= 0:
                return
            if group.is_alone:
                if self._alone & self.filing_ids:
                    continue
                self._alone = frozenset(group.filing_ids)
            ids = group.filing_ids
            idle.pop().start(ids, attach, self._context, self._source, self._turn, ids)
            left -= 1

    def wait(self, timeout_s: float) -> None:
        """Wait until a task ends, at most this long. Raises what a task raised that has ended."""
        running = [task.future for task in self._tasks if task.future]
        wait(running, timeout_s, FIRST_COMPLETED)
        for task in self._tasks:
            task.wait(0)

    def finish(self) -> None:
        """Wait for the end of all tasks. Raises the first error."""
        for task in self._tasks:
            task.finish()

    def stop(self) -> None:
        """Wait for the end of all tasks. What is not sent yet remains due. Raises as `finish`."""
        self._turn.close()
        self.finish()
        self._turn.open()

    def close(self) -> None:
        """End the threads. What is not sent yet remains due."""
        self._turn.close()
        for task in self._tasks:
            task.close()


class _BackgroundTask(Generic[R]):
    """One thread for one kind of work, and the ids of the filings that it is working on.

    An error reaches the pipeline where it waits for the work. An error that nobody waits for any
    more, since the pipeline has failed for another reason, is logged by `close`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._executor = ThreadPoolExecutor(1, name)
        self.future: Future[R] | None = None
        self.filing_ids: frozenset[int] = frozenset()

    def start(self, filing_ids: Iterable[int], work: Callable[..., R], *args: object) -> None:
        """Start work on these filings. The work that was started before must be finished."""
        self.filing_ids = frozenset(filing_ids)
        self.future = self._executor.submit(copy_context().run, work, *args)

    def result(self) -> R:
        """What the started work returns. Raises what it raised."""
        assert self.future is not None
        future, self.future = self.future, None
        result = future.result()
        self.filing_ids = frozenset()
        return result

    def finish(self) -> None:
        """Wait for the end of the work. Raises what it raised."""
        self.wait(None)

    def wait(self, timeout_s: float | None) -> None:
        """Wait for the end of the work, at most this long. Raises what it raised."""
        if self.future and wait([self.future], timeout_s).done:
            self.result()

    def close(self) -> R | None:
        """The result that nobody has asked for, None = there is none; ends the thread."""
        self._executor.shutdown()
        if self.future is None:
            return None
        if error := self.future.exception():
            log = logger.warning if incidents.is_trouble(error) else logger.error
            told = {"background_task": self._name, "trace": format_trace(error)}
            log("background_task_failed", extra=told)
            return None
        return self.future.result()
