"""One id for all that follows from one request or job: log lines, further jobs, calls to Graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar
from uuid import UUID, uuid4

T = TypeVar("T")
R = TypeVar("R")

_current: ContextVar[str | None] = ContextVar("correlation", default=None)


def current() -> str | None:
    """The id of what this thread works on, None = nothing in particular."""
    return _current.get()


@contextmanager
def correlated(given: object = None) -> Iterator[str]:
    """Work under this id during the block, or under a new one if it is no id."""
    correlation_id = _checked(given) or str(uuid4())
    token = _current.set(correlation_id)
    try:
        yield correlation_id
    finally:
        _current.reset(token)


def carried(work: Callable[[T], R]) -> Callable[[T], R]:
    """`work` for another thread, where it runs under the id of this one."""
    correlation_id = current()
    if correlation_id is None:
        return work

    def run(thing: T) -> R:
        with correlated(correlation_id):
            return work(thing)

    return run


def _checked(given: object) -> str | None:
    """The id as it was made here, None for anything else: it gets into logs and headers."""
    try:
        return str(UUID(given)) if isinstance(given, str) else None
    except ValueError:
        return None
