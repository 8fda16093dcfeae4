"""Operations of the API: each declares its method, path and shapes beside its view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel

from webcrm_sync.engine.context import Context
from webcrm_sync.web.api.watch import ChangeWatch


class Caller(Enum):
    """Whom a view is given as the one who asks."""

    #: the owner of a watched mailbox, an `Asker`
    OWNER = "owner"
    #: whoever is signed in, a `Visitor`: the view asks the database once, and for all it needs
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class SignedInCaller:
    """Somebody who is signed in, and where that person's looks can wait."""

    user_id: str
    watch: ChangeWatch


@dataclass(frozen=True, slots=True)
class DeferredAnswer:
    """An answer that may change while the person waits. `now`: what it is at this moment.

    `begin` is called with a function that sends the final one; not where a server cannot wait.
    """

    now: BaseModel
    begin: Callable[[Callable[[BaseModel], None]], None]


#: A view is given the parts, who asks, and what was asked, and answers with a shape or nothing.
View = Callable[[Context, Any, Any], BaseModel | DeferredAnswer | None]
V = TypeVar("V", bound=Callable[..., BaseModel | DeferredAnswer | None])


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `asks`: its body, query or path as a shape; `answers` None = 204."""

    method: str
    path: str
    asks: type[BaseModel] | None
    answers: type[BaseModel] | None
    view: View
    by: Caller

    @property
    def name(self) -> str:
        """Its name in the OpenAPI document."""
        return getattr(self.view, "__name__", self.path)

    @property
    def summary(self) -> str:
        """What it answers, from the view's own words."""
        return (self.view.__doc__ or "").splitlines()[0]


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations of an API, collected as their views are declared."""

    declared: list[Operation] = field(default_factory=list)

    def get(
        self, path: str, *, asks: type[BaseModel] | None = None, answers: type[BaseModel]
    ) -> Callable[[V], V]:
        """Declare a view that reads. `asks`: its query."""
        return self._declare("GET", path, asks, answers)

    def post(
        self,
        path: str,
        *,
        asks: type[BaseModel],
        answers: type[BaseModel],
        by: Caller = Caller.OWNER,
    ) -> Callable[[V], V]:
        """Declare a view that acts on its JSON body."""
        return self._declare("POST", path, asks, answers, by)

    def put(self, path: str, *, asks: type[BaseModel]) -> Callable[[V], V]:
        """Declare a view that sets what its path names, and answers nothing."""
        return self._declare("PUT", path, asks, None)

    def delete(self, path: str, *, asks: type[BaseModel]) -> Callable[[V], V]:
        """Declare a view that ends what its path names, and answers nothing."""
        return self._declare("DELETE", path, asks, None)

    def _declare(
        self,
        method: str,
        path: str,
        asks: type[BaseModel] | None,
        answers: type[BaseModel] | None,
        by: Caller = Caller.OWNER,
    ) -> Callable[[V], V]:
        def declare(view: V) -> V:
            self.declared.append(Operation(method, path, asks, answers, view, by))
            return view

        return declare
