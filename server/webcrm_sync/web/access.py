"""Declares who may call each route. A test checks that every route has a guard."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

View = TypeVar("View", bound=Callable[..., object])


class Guard(Enum):
    """Who may call a route."""

    #: Anybody: the route reveals nothing and changes nothing.
    OPEN = "open"
    #: Microsoft Graph: each notification carries a client state that nobody else knows.
    CLIENT_STATE = "client state"
    #: A monitor with the token of the settings.
    MONITOR = "monitor"
    #: A signed-in person, for that person's own mailbox.
    PERSON = "person"


_GUARDS: dict[object, Guard] = {}


def guarded(guard: Guard) -> Callable[[View], View]:
    """Declare the guard of a view."""

    def declare(view: View) -> View:
        _GUARDS[view] = guard
        return view

    return declare


def guard_of(view: object) -> Guard | None:
    """The guard of a view, None = it declares none."""
    return _GUARDS.get(view)
