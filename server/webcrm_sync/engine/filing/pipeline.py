"""Keeps webCRM busy: prepares the next batch while the current one is being sent (ADR 13).

webCRM takes one call at a time, so every moment between two calls makes all mails later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Generic, TypeVar

from webcrm_sync.core.faults import format_trace
from webcrm_sync.engine.backoff import resume_webcrm
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents
from webcrm_sync.engine.filing import submit
from webcrm_sync.engine.filing.attachment_source import Source
from webcrm_sync.engine.filing.batch import Batch, attach, prepare, run

logger = logging.getLogger(__name__)

R = TypeVar("R")

#: Re-queue the job after this time, so that a worker can shut down gracefully.
_MAX_RUN_S = 8.0
#: While only attachments are left, check this often for a mail that was moved just now.
_CHECK_S = 0.25


class FilingPipeline:
    """Sends batch after batch to webCRM.

    Three background tasks run while a batch is being sent. They prepare the next batch, record
    the answers to the previous one, and write attachments in between. No filing is in two of
    these at once.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._source = Source(context)
        self._preparing = _BackgroundTask[Batch]("preparing")
        self._recording = _BackgroundTask[None]("recording")
        self._attaching = _BackgroundTask[None]("attaching")

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
            batch = self._next_batch()
            if batch.is_empty and not batch.to_attach:
                return False
            is_last = batch.is_webcrm_wanted or time.monotonic() > end
            with self._released_on_error(batch):
                self._attach(batch)
                if not is_last:
                    self._prepare(exclude=batch.filing_ids)
            result = run(self._context, self._source, batch)
            self._recording.finish()
            self._recording.start(batch.filing_ids, submit.record, self._context, result)
            if is_recovering and not batch.is_empty:
                # Made progress: restart the back-off from its shortest delay.
                resume_webcrm(self._context)
                is_recovering = False
        self._recording.finish()
        self._attaching.finish()
        return True

    @contextmanager
    def _released_on_error(self, batch: Batch) -> Iterator[None]:
        """An error before the batch is sent must not leave its filings unclear."""
        try:
            yield
        except BaseException:
            submit.release(self._context, batch.claimed)
            raise

    def _prepare(self, *, exclude: frozenset[int] = frozenset()) -> None:
        busy = exclude | self._recording.filing_ids | self._attaching.filing_ids
        self._preparing.start((), prepare, self._context, self._source, busy)

    def _next_batch(self) -> Batch:
        """The next batch. It is empty only when nothing else can be done at the moment."""
        batch = self._preparing.result()
        while batch.is_empty and self._is_any_filing_busy():
            self._recording.finish()
            self._attaching.wait(_CHECK_S)
            batch = prepare(self._context, self._source, self._attaching.filing_ids)
        return batch

    def _is_any_filing_busy(self) -> bool:
        return bool(self._recording.filing_ids or self._attaching.filing_ids)

    def _attach(self, batch: Batch) -> None:
        """Start writing attachments beside this batch, unless some are being written already.

        A batch with updates of Activities waits instead: both may be about the same Activity.
        """
        self._attaching.wait(None if batch.has_updates else 0)
        if batch.to_attach and not batch.has_updates and not self._attaching.filing_ids:
            ids = batch.to_attach
            self._attaching.start(ids, attach, self._context, self._source, ids)


class _BackgroundTask(Generic[R]):
    """One thread for one kind of work, and the ids of the filings that it is working on.

    An error reaches the pipeline where it waits for the work. An error that nobody waits for any
    more, since the pipeline has failed for another reason, is logged by `close`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._executor = ThreadPoolExecutor(1, name)
        self._future: Future[R] | None = None
        self.filing_ids: frozenset[int] = frozenset()

    def start(self, filing_ids: Iterable[int], work: Callable[..., R], *args: object) -> None:
        """Start work on these filings. The work that was started before must be finished."""
        self.filing_ids = frozenset(filing_ids)
        self._future = self._executor.submit(work, *args)

    def result(self) -> R:
        """What the started work returns. Raises what it raised."""
        assert self._future is not None
        future, self._future = self._future, None
        result = future.result()
        self.filing_ids = frozenset()
        return result

    def finish(self) -> None:
        """Wait for the end of the work. Raises what it raised."""
        self.wait(None)

    def wait(self, timeout_s: float | None) -> None:
        """Wait for the end of the work, at most this long. Raises what it raised."""
        if self._future and wait([self._future], timeout_s).done:
            self.result()

    def close(self) -> R | None:
        """The result that nobody has asked for, None = there is none; ends the thread."""
        self._executor.shutdown()
        if self._future is None:
            return None
        if error := self._future.exception():
            log = logger.warning if incidents.is_trouble(error) else logger.error
            told = {"background_task": self._name, "trace": format_trace(error)}
            log("background_task_failed", extra=told)
            return None
        return self._future.result()
