"""Does something with many mailboxes, several at a time. One that fails stops no other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Generic, TypeVar

from webcrm_sync.core.errors import LoginRefused, Refused, SyncError, TryLater, Unclear
from webcrm_sync.core.faults import fault_signature, format_trace
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation.incidents import is_trouble

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

#: Mailboxes at a time. Each makes one call at a time, far below every limit of Graph
#: (Microsoft Graph: throttling limits).
AT_A_TIME = 8
#: Attempts at a mailbox while Graph is busy, and the longest wait between two of them.
PATIENT = 4
_LONGEST_WAIT = timedelta(seconds=30)
#: After this many mailboxes in a row that Graph does not answer for, the others are not tried.
_MOST_IN_A_ROW = AT_A_TIME
#: Graph's code of a mailbox without free space (Microsoft Graph: errors).
MAILBOX_FULL = "errorquotaexceeded"
#: How often a wait looks whether the work was called off.
_GLANCE_S = 0.2


class CalledOff(SyncError):
    """Called off before this mailbox's turn. Run the command again to continue."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T, R]):
    """What became of one thing: its result, or the error."""

    thing: T
    result: R | None
    error: SyncError | None = None


@dataclass(slots=True)
class _Run(Generic[T, R]):
    """One run over many things. `in_a_row`: failures of the service since its last answer."""

    context: Context
    step: Callable[[T], R]
    is_called_off: Callable[[], bool]
    attempts: int
    in_a_row: int = 0
    last_error: SyncError | None = None
    lock: Lock = field(default_factory=Lock)

    def outcome(self, thing: T) -> Outcome[T, R]:
        """The outcome for one thing. Raises trouble of the database and the machine."""
        try:
            result = self._try_patiently(thing)
        except SyncError as error:
            self._note(error)
            return Outcome(thing, None, error)
        except Exception as error:
            if is_trouble(error):
                raise
            logger.error("mailbox_failed", extra={"trace": format_trace(error)})
            text = f"An unforeseen error ({fault_signature(error)}). Please report it."
            return Outcome(thing, None, Refused(text))
        self._note(None)
        return Outcome(thing, result)

    def _try_patiently(self, thing: T) -> R:
        for attempt in range(self.attempts):
            self._refuse_hopeless()
            try:
                return self.step(thing)
            except SyncError as error:
                if attempt == self.attempts - 1 or not _is_of_service(error):
                    raise
                self._wait(error, attempt)
        raise AssertionError("the last attempt returns or raises")

    def _refuse_hopeless(self) -> None:
        if self.is_called_off():
            raise CalledOff
        with self.lock:
            if self.last_error and self.in_a_row >= _MOST_IN_A_ROW:
                raise self.last_error

    def _wait(self, error: SyncError, attempt: int) -> None:
        """Wait as long as Graph asks for, at most half a minute, or until called off."""
        now = self.context.now()
        not_before = error.retry_at if isinstance(error, TryLater) else None
        pause = min(next_attempt_at(now, attempt, not_before=not_before) - now, _LONGEST_WAIT)
        end = time.monotonic() + pause.total_seconds()
        while time.monotonic() < end and not self.is_called_off():
            time.sleep(_GLANCE_S)

    def _note(self, error: SyncError | None) -> None:
        with self.lock:
            if isinstance(error, LoginRefused):  # it holds for every mailbox
                self.in_a_row, self.last_error = _MOST_IN_A_ROW, error
            elif error is not None and _is_of_service(error):
                self.in_a_row, self.last_error = self.in_a_row + 1, error
            elif not isinstance(self.last_error, LoginRefused):
                self.in_a_row = 0


def _is_of_service(error: SyncError) -> bool:
    """True for trouble of the whole service that ends by itself, not of one mailbox."""
    if isinstance(error, LoginRefused) or error.code.casefold() == MAILBOX_FULL:
        return False
    return isinstance(error, TryLater | Unclear)


def run_each(
    context: Context,
    things: Sequence[T],
    step: Callable[[T], R],
    *,
    is_called_off: Callable[[], bool] = lambda: False,
    attempts: int = PATIENT,
) -> Iterator[Outcome[T, R]]:
    """The outcome for each thing, in the order in which they end.

    `step` must be idempotent: it is tried again while Graph is busy, `attempts` times in all. A job
    makes one attempt, since it never waits. When `is_called_off`, what
    has begun is finished and the rest is CalledOff.
    """
    run = _Run(context, step, is_called_off, attempts)
    with ThreadPoolExecutor(AT_A_TIME, "mailboxes") as threads:
        pending: set[Future[Outcome[T, R]]] = {threads.submit(run.outcome, one) for one in things}
        try:
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            for future in pending:
                future.cancel()
