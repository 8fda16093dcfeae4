"""One thing stops no other: what is raised about one mail, record or folder holds back that alone.

Work goes on together as long as nothing is raised, so that this costs nothing. What raises is done
again in halves, until the culprit is found and set aside.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.faults import (
    MAX_THINGS_PER_FAULT,
    SAME_FAULT_WINDOW,
    fault_signature,
    format_trace,
    is_given_up,
    is_widespread,
)
from webcrm_sync.engine.context import Care, Context
from webcrm_sync.store import emails, incidents, job_troubles
from webcrm_sync.store.database import Tx, is_database_in_trouble
from webcrm_sync.store.incidents import Thing

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

#: After an exception between intent and record the thing is looked for this soon.
_LOOK_AFTER = timedelta(seconds=2)


class Widespread(Exception):
    """The same exception came with so many things that it is no fault of theirs."""

    def __init__(self, fingerprint: str) -> None:
        super().__init__(
            f"The same error ({fingerprint}) came with more than {MAX_THINGS_PER_FAULT} mails: "
            "that is a fault of this program, not of the mails"
        )
        self.fingerprint = fingerprint


class BegunTooOften(Exception):
    """The process died with it, again and again."""


@dataclass(frozen=True, slots=True)
class Aside:
    """A thing, and how it is held back when something is raised about it.

    `name`: its kind and number. `hold`: writes it down with a detail, and returns what it is.
    """

    name: str
    hold: Callable[[Tx, str], Thing]


def mail(email_id: int, *, is_looked_for: bool = True) -> Aside:
    """The mail, parked as a whole. `is_looked_for`: where its outcome is unclear, once."""
    name = f"mail {email_id}"

    def hold(tx: Tx, detail: str) -> Thing:
        verify_at = tx.now + _LOOK_AFTER if is_looked_for else None
        incidents.park_mail(tx, email_id, detail=detail, verify_at=verify_at)
        return Thing(name, email_id)

    return Aside(name, hold)


def noted(name: str) -> Aside:
    """A thing that needs no holding back: it is left out."""
    return Aside(name, lambda tx, detail: Thing(name))


def is_trouble(error: BaseException) -> bool:
    """True for trouble of the database, a vendor or the machine: it waits and hits no mail."""
    outside = (SyncError, OSError, MemoryError, Widespread)
    return isinstance(error, outside) or is_database_in_trouble(error)


def together(
    context: Context,
    step: str,
    things: Sequence[T],
    act: Callable[[Sequence[T]], R],
    aside: Callable[[T], Aside],
) -> list[R]:
    """What `act` returns about these things, taken together; of what raises, nothing.

    `act` may be called again about some of them: what it did before it raised must bear that.
    Raises trouble, and Widespread.
    """
    if not things:
        return []
    is_alone = len(things) == 1
    if context.care is None or is_alone:
        try:
            with _marked(context, aside(things[0]).name):
                return [act(things)]
        except Exception as error:
            if is_alone:
                set_aside(context, step, aside(things[0]), error)
                return []
            if is_trouble(error):
                raise
    half = len(things) // 2
    parted = (things[:half], things[half:])
    return [r for some in parted for r in together(context, step, some, act, aside)]


def each(
    context: Context,
    step: str,
    things: Sequence[T],
    act: Callable[[T], R],
    aside: Callable[[T], Aside],
) -> list[R]:
    """What `act` returns about each of these, one after another; of what raises, nothing."""
    done = [together(context, step, [one], lambda some: act(some[0]), aside) for one in things]
    return [result for some in done for result in some]


def within(
    context: Context,
    tx: Tx,
    step: str,
    things: Sequence[T],
    act: Callable[[Sequence[T]], None],
    aside: Callable[[T], Aside],
) -> None:
    """Do `act` about these things within one transaction; what raises is set aside in it.

    Raises trouble, and Widespread: then the transaction must not be committed.
    """
    if not things:
        return
    is_alone = len(things) == 1
    if context.care is None or is_alone:
        try:
            with _marked(context, aside(things[0]).name), tx.connection.begin_nested():
                act(things)
            return
        except Exception as error:
            if is_alone:
                write_aside(context, tx, step, aside(things[0]), error)
                return
            if is_trouble(error):
                raise
    half = len(things) // 2
    for some in (things[:half], things[half:]):
        within(context, tx, step, some, act, aside)


def attempted(
    context: Context, things: Iterable[T], act: Callable[[T], R], name: Callable[[T], str]
) -> tuple[list[R], list[tuple[T, Exception]]]:
    """What `act` returns about each thing by itself, and what it raised about others."""
    done, faults = [], []
    for one in things:
        try:
            with _marked(context, name(one)):
                done.append(act(one))
        except Exception as error:
            if is_trouble(error):
                raise
            faults.append((one, error))
    return done, faults


class OthersFirst:
    """Within it, what is unforeseen about one thing is raised after the others were done."""

    def __init__(self) -> None:
        self.fault: Exception | None = None

    @contextmanager
    def one(self) -> Iterator[None]:
        """What is done about one thing. Raises trouble at once."""
        try:
            yield
        except Exception as error:
            if is_trouble(error):
                raise
            self.fault = self.fault or error

    def __enter__(self) -> OthersFirst:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self.fault:
            raise self.fault


def but_for_culprits(
    things: Sequence[T], act: Callable[[Sequence[T]], R]
) -> tuple[R, list[tuple[T, Exception]]]:
    """What `act` returns about all of these but those about which it raises even alone.

    `act` may be called again: what it did before it raised must bear that.
    """
    try:
        return act(things), []
    except Exception as error:
        if is_trouble(error):
            raise
    faults = culprits(things, act)
    odd = {id(one) for one, _ in faults}
    return act([one for one in things if id(one) not in odd]), faults


def culprits(
    things: Sequence[T], act: Callable[[Sequence[T]], object]
) -> list[tuple[T, Exception]]:
    """Those of these about which `act` raises even alone, and what it raises; found by halving."""
    try:
        act(things)
    except Exception as error:
        if is_trouble(error):
            raise
        if len(things) == 1:
            return [(things[0], error)]
        half = len(things) // 2
        return culprits(things[:half], act) + culprits(things[half:], act)
    return []


def note_once(context: Context, step: str, name: str, error: Exception) -> None:
    """Write down a thing that is left out each time it is met. Raises trouble, and Widespread."""
    with context.begin() as tx:
        is_known = incidents.is_open(tx, name, version=context.version)
    if not is_known:
        set_aside(context, step, noted(name), error)


def set_aside(context: Context, step: str, aside: Aside, error: Exception) -> None:
    """Hold the thing back, with the exception written down once. Raises trouble, and Widespread."""
    with go_on_with_alike(context), context.begin() as tx:
        emails.lock_company(tx)
        write_aside(context, tx, step, aside, error)


def write_aside(context: Context, tx: Tx, step: str, aside: Aside, error: Exception) -> None:
    """The same within a transaction; see `go_on_with_alike`."""
    if is_trouble(error):
        raise error
    fingerprint = fault_signature(error)
    told = {
        "step": step,
        "thing": aside.name,
        "fingerprint": fingerprint,
        "trace": format_trace(error),
    }
    logger.error("thing_set_aside", extra=told)
    thing = aside.hold(tx, f"{fingerprint}, in the step '{step}'")
    incidents.add(tx, thing, step=step, fingerprint=fingerprint, version=context.version)
    if is_widespread(incidents.count_alike(tx, fingerprint, since=tx.now - SAME_FAULT_WINDOW)):
        raise Widespread(fingerprint) from error


@contextmanager
def go_on_with_alike(context: Context) -> Iterator[None]:
    """Where an exception turns out to be widespread, what it holds back is taken up again.

    The transaction in which that turned out must end within the block, without a commit.
    """
    try:
        yield
    except Widespread as error:
        with context.begin() as tx:
            since = tx.now - SAME_FAULT_WINDOW
            incidents.take_up(tx, incidents.end_alike(tx, error.fingerprint, since=since))
        raise


def take_up_after_upgrade(context: Context) -> None:
    """Go on with what another version of the product could not do. Idempotent."""
    with context.begin() as tx:
        incidents.take_up(tx, incidents.end_of_other_versions(tx, context.version))


# ---- after a death -------------------------------------------------------------------------


@contextmanager
def _marked(context: Context, name: str) -> Iterator[None]:
    """Where a worker has died with the job, a marker is committed before the thing is begun.

    It goes when the thing comes to an end. One at a time: were two marked at once, the wrong one
    could be blamed.
    """
    if context.care is None:
        yield
        return
    care = context.care
    with care.turn:
        with context.begin() as tx:
            before = job_troubles.begin(tx, care.task, care.subject_id, name)
        try:
            if is_given_up(before):
                raise BegunTooOften(f"The process died {before + 1} times at it.")
            yield
        except MemoryError:
            raise  # as good as a death: the marker stays
        except Exception:
            _unmark(context, care, name)
            raise
        _unmark(context, care, name)


def _unmark(context: Context, care: Care, name: str) -> None:
    with context.begin() as tx:
        job_troubles.end(tx, care.task, care.subject_id, name)
