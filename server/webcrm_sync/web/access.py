"""Every route says who may call it; a test walks them all."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

View = TypeVar("View", bound=Callable[..., object])


class Guard(Enum):
    """Who may call a route."""

    #: anybody: it tells and changes nothing
    OPEN = "open"
    #: Microsoft Graph: every line carries a client state that only it and we know
    CLIENT_STATE = "client state"
    #: somebody who is signed in, for the own mailbox and no other
    PERSON = "person"


_DECLARED: dict[object, Guard] = {}


def guarded(guard: Guard) -> Callable[[View], View]:
    """Declare a view's guard."""

    def declare(view: View) -> View:
        _DECLARED[view] = guard
        return view

    return declare


def guard_of(view: object) -> Guard | None:
    """The guard a view declares, None when it forgot to."""
    return _DECLARED.get(view)
