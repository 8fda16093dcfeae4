"""Declares operations of the API: method, path, JSON models and caller stand beside each view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel

from webcrm_sync.engine.context import Context
from webcrm_sync.web.api.watch import ChangeWatch


class Caller(Enum):
    """Who may call an operation, and what its view receives about that person."""

    #: The owner of a watched mailbox; the view receives a `CurrentUser`.
    MAILBOX_OWNER = "owner"
    #: Any signed-in person; the view receives a `SignedInCaller` and costs one query at most.
    SIGNED_IN = "visitor"


@dataclass(frozen=True, slots=True)
class SignedInCaller:
    """A signed-in person whose mailbox nobody has looked up. `watch`: where answers can wait."""

    user_id: str
    watch: ChangeWatch


@dataclass(frozen=True, slots=True)
class DeferredAnswer:
    """An answer that may change before it is sent.

    The server calls `begin` with a function that sends the final answer. It sends `now` instead if
    it cannot wait.
    """

    now: BaseModel
    begin: Callable[[Callable[[BaseModel], None]], None]


#: Takes the context, the caller and the validated request. Returns the answer, None = 204.
View = Callable[[Context, Any, Any], BaseModel | DeferredAnswer | None]
V = TypeVar("V", bound=Callable[..., BaseModel | DeferredAnswer | None])


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `request`: the model of its body, query or path; `answer` None = 204."""

    method: str
    path: str
    request: type[BaseModel] | None
    answer: type[BaseModel] | None
    view: View
    caller: Caller

    @property
    def name(self) -> str:
        """The operation's id in the OpenAPI document."""
        return getattr(self.view, "__name__", self.path)

    @property
    def summary(self) -> str:
        """The first line of the view's docstring."""
        return (self.view.__doc__ or "").splitlines()[0]


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations of an API, in the order of their declaration."""

    declared: list[Operation] = field(default_factory=list)

    def get(
        self, path: str, *, request: type[BaseModel] | None = None, answer: type[BaseModel]
    ) -> Callable[[V], V]:
        """Declare a view that reads. `request`: its query."""
        return self._declare("GET", path, request, answer)

    def post(
        self,
        path: str,
        *,
        request: type[BaseModel],
        answer: type[BaseModel],
        caller: Caller = Caller.MAILBOX_OWNER,
    ) -> Callable[[V], V]:
        """Declare a view that acts on its JSON body."""
        return self._declare("POST", path, request, answer, caller)

    def put(self, path: str, *, request: type[BaseModel]) -> Callable[[V], V]:
        """Declare a view that adds what its path names and has no answer."""
        return self._declare("PUT", path, request, None)

    def delete(self, path: str, *, request: type[BaseModel]) -> Callable[[V], V]:
        """Declare a view that removes what its path names and has no answer."""
        return self._declare("DELETE", path, request, None)

    def _declare(
        self,
        method: str,
        path: str,
        request: type[BaseModel] | None,
        answer: type[BaseModel] | None,
        caller: Caller = Caller.MAILBOX_OWNER,
    ) -> Callable[[V], V]:
        def declare(view: V) -> V:
            self.declared.append(Operation(method, path, request, answer, view, caller))
            return view

        return declare
