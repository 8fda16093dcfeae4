"""The line before webCRM, which takes one call at a time and shall not wait for us."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager

from webcrm_sync.engine.backoff import resume_webcrm
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.filing import submit
from webcrm_sync.engine.filing.attachment_source import Source
from webcrm_sync.engine.filing.batch import Batch, attach, prepare, run

#: After this time the job ends and comes again, so that a worker that is to stop can.
_AT_MOST_S = 8.0
#: While nothing but attachments is left, it is looked this often for a mail moved just now.
_LOOK_S = 0.25


class FilingPipeline:
    """Turn after turn at webCRM.

    While a turn is taken, three things go on beside it: the next one is chosen, the answers to
    the one before are recorded, and attachments are read in Outlook and written between the turns.
    """

    def __init__(self, context: Context) -> None:
        self._parts = context
        self._source = Source(context)
        self._ahead = ThreadPoolExecutor(1, "ahead")
        self._next: Future[Batch] | None = None
        self._recording = _BackgroundTask("recording")
        self._attaching = _BackgroundTask("attaching")

    def __enter__(self) -> FilingPipeline:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for what runs; a turn that was chosen and not taken is given back."""
        with ExitStack() as stack:
            for threads in (self._ahead, self._recording.threads, self._attaching.threads):
                stack.enter_context(threads)
            if self._next:
                submit.release(self._parts, self._next.result().bulk)

    def work(self, *, is_troubled: bool) -> bool:
        """Work until nothing is due or others want the line; True in the latter case.

        Raises Unclear, TryLater or Refused when webCRM is in trouble; nothing is lost.
        """
        end = time.monotonic() + _AT_MOST_S
        self._choose()
        is_last = False
        while not is_last:
            turn = self._chosen()
            if turn.is_idle and not turn.filed:
                return False
            is_last = turn.is_last or time.monotonic() > end
            with self._given_back(turn):
                self._attach(turn)
                if not is_last:
                    self._choose(besides=turn.filing_ids)
            answered = run(self._parts, self._source, turn)
            self._recording.finish()
            self._recording.begin(turn.filing_ids, submit.record, self._parts, answered)
            if is_troubled and not turn.is_idle:
                # It got on: what fails after this begins with the shortest wait.
                resume_webcrm(self._parts)
                is_troubled = False
        self._recording.finish()
        self._attaching.finish()
        return True

    @contextmanager
    def _given_back(self, turn: Batch) -> Iterator[None]:
        """What raises before a turn is taken must not leave it unclear."""
        try:
            yield
        except BaseException:
            submit.release(self._parts, turn.bulk)
            raise

    def _choose(self, *, besides: frozenset[int] = frozenset()) -> None:
        others = besides | self._recording.filing_ids | self._attaching.filing_ids
        self._next = self._ahead.submit(prepare, self._parts, self._source, besides=others)

    def _chosen(self) -> Batch:
        """The next turn. It is idle only when nothing else can be done at the moment."""
        assert self._next
        turn = self._next.result()
        self._next = None
        while turn.is_idle and self._are_any_under_way():
            self._recording.finish()
            self._attaching.look(_LOOK_S)
            turn = prepare(self._parts, self._source, besides=self._attaching.filing_ids)
        return turn

    def _are_any_under_way(self) -> bool:
        return bool(self._recording.filing_ids or self._attaching.filing_ids)

    def _attach(self, turn: Batch) -> None:
        """Let attachments be written beside this turn, unless some are or it changes Activities."""
        self._attaching.look(None if turn.has_wishes else 0)
        if turn.filed and not turn.has_wishes and not self._attaching.filing_ids:
            self._attaching.begin(turn.filed, attach, self._parts, self._source, turn.filed)


class _BackgroundTask:
    """A thread for one kind of work, and the filings that the work under way is about."""

    def __init__(self, name: str) -> None:
        self.threads = ThreadPoolExecutor(1, name)
        self.filing_ids: frozenset[int] = frozenset()
        self._work: Future[None] | None = None

    def begin(self, filing_ids: Iterable[int], work: Callable[..., None], *given: object) -> None:
        """Begin work about these filings; what was begun before is finished."""
        self.filing_ids = frozenset(filing_ids)
        self._work = self.threads.submit(work, *given)

    def finish(self) -> None:
        """Wait for the end of the work. Raises what it raised."""
        self.look(None)

    def look(self, patience_s: float | None) -> None:
        """Wait a while for the end of the work. Raises what it raised."""
        if self._work and wait([self._work], patience_s).done:
            work, self._work = self._work, None
            work.result()
            self.filing_ids = frozenset()
