"""Runs a step over many mails, copies or records so that one that raises stops no other.

A step runs over all of them at once, so isolation costs nothing while nothing raises. When the step
raises, they are halved until the culprit is alone.

Every function raises trouble of the database, a vendor or the machine (`incidents.is_trouble`) at
once: no mail causes it. Those that hold culprits back also raise `incidents.Widespread`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation.crash_markers import crash_marker
from webcrm_sync.engine.fault_isolation.incidents import (
    Hold,
    hold_back,
    hold_back_in,
    is_trouble,
)
from webcrm_sync.store.database import Tx

T = TypeVar("T")
R = TypeVar("R")


def run_batch(
    context: Context,
    step: str,
    things: Sequence[T],
    act: Callable[[Sequence[T]], R],
    hold_of: Callable[[T], Hold],
) -> list[R]:
    """Results of `act`: one for the whole batch, or one per part when something raised.

    Culprits are held back. `act` must be repeatable: it runs again over parts of the batch.
    """

    def act_marked(some: Sequence[T]) -> R:
        with crash_marker(context, step, hold_of(some[0]).name):
            return act(some)

    def hold(culprit: T, error: Exception) -> None:
        hold_back(context, step, hold_of(culprit), error)

    return _bisect(things, act_marked, hold, one_by_one=context.careful is not None)


def run_each(
    context: Context,
    step: str,
    things: Sequence[T],
    act: Callable[[T], R],
    hold_of: Callable[[T], Hold],
) -> list[R]:
    """Results of `act` for each thing, in order; culprits are held back and have no result."""
    results = [
        run_batch(context, step, [one], lambda some: act(some[0]), hold_of) for one in things
    ]
    return [result for some in results for result in some]


def run_in_savepoints(
    context: Context,
    tx: Tx,
    step: str,
    things: Sequence[T],
    act: Callable[[Sequence[T]], None],
    hold_of: Callable[[T], Hold],
) -> None:
    """Run `act` over these things in the caller's transaction and hold culprits back in it.

    After an exception from here the caller must not commit the transaction.
    """

    def act_in_savepoint(some: Sequence[T]) -> None:
        marker = crash_marker(context, step, hold_of(some[0]).name)
        with marker, tx.connection.begin_nested():
            act(some)

    def hold(culprit: T, error: Exception) -> None:
        hold_back_in(context, tx, step, hold_of(culprit), error)

    _bisect(things, act_in_savepoint, hold, one_by_one=context.careful is not None)


def try_each(
    context: Context,
    step: str,
    things: Iterable[T],
    act: Callable[[T], R],
    name_of: Callable[[T], str],
) -> tuple[list[R], list[tuple[T, Exception]]]:
    """Results of `act` for each thing, and each culprit with what it raised. Holds nothing back."""
    results, faults = [], []
    for one in things:
        try:
            with crash_marker(context, step, name_of(one)):
                results.append(act(one))
        except Exception as error:
            if is_trouble(error):
                raise
            faults.append((one, error))
    return results, faults


def try_batch(
    things: Sequence[T], act: Callable[[Sequence[T]], R]
) -> tuple[R, list[tuple[T, Exception]]]:
    """One result of `act` over all things but the culprits, and each culprit with what it raised.

    `act` must be repeatable. Holds nothing back.
    """
    faults: list[tuple[T, Exception]] = []
    results = _bisect(things, act, lambda culprit, error: faults.append((culprit, error)))
    if len(results) == 1 and not faults:
        return results[0], []
    culprits = {id(one) for one, _ in faults}
    return act([one for one in things if id(one) not in culprits]), faults


def find_culprits(
    things: Sequence[T], act: Callable[[Sequence[T]], object]
) -> list[tuple[T, Exception]]:
    """Each thing for which `act` raises even alone, with what it raised. Holds nothing back."""
    faults: list[tuple[T, Exception]] = []
    _bisect(things, act, lambda culprit, error: faults.append((culprit, error)))
    return faults


class DeferredErrors:
    """Runs the other steps before the first error of a step is raised.

    Each step runs in `with errors.defer()`, all of them in `with DeferredErrors() as errors`.
    """

    def __init__(self) -> None:
        self._first: Exception | None = None

    @contextmanager
    def defer(self) -> Iterator[None]:
        """Run one step; keep an unforeseen exception for the end."""
        try:
            yield
        except Exception as error:
            if is_trouble(error):
                raise
            self._first = self._first or error

    def __enter__(self) -> DeferredErrors:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._first:
            raise self._first


def _bisect(
    things: Sequence[T],
    act: Callable[[Sequence[T]], R],
    on_culprit: Callable[[T, Exception], None],
    *,
    one_by_one: bool = False,
) -> list[R]:
    """Results of `act` over the largest parts that do not raise, in order.

    `on_culprit` runs as soon as a culprit is found, so that a later crash does not lose it.
    """
    if not things:
        return []
    is_alone = len(things) == 1
    if is_alone or not one_by_one:
        try:
            return [act(things)]
        except Exception as error:
            if is_trouble(error):
                raise
            if is_alone:
                on_culprit(things[0], error)
                return []
    half = len(things) // 2
    return [
        result
        for part in (things[:half], things[half:])
        for result in _bisect(part, act, on_culprit, one_by_one=one_by_one)
    ]
