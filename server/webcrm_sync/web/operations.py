"""Operations of the API: each declares its method, path and shapes beside its view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from webcrm_sync.engine.mailref import Asker
from webcrm_sync.engine.parts import Parts

#: A view is given the parts, who asks, and what was asked, and answers with a shape or nothing.
View = Callable[[Parts, Asker, Any], BaseModel | None]
V = TypeVar("V", bound=Callable[..., BaseModel | None])


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `asks`: its body, query or path as a shape; `answers` None = 204."""

    method: str
    path: str
    asks: type[BaseModel] | None
    answers: type[BaseModel] | None
    view: View

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
        self, path: str, *, asks: type[BaseModel], answers: type[BaseModel]
    ) -> Callable[[V], V]:
        """Declare a view that acts on its JSON body."""
        return self._declare("POST", path, asks, answers)

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
    ) -> Callable[[V], V]:
        def declare(view: V) -> V:
            self.declared.append(Operation(method, path, asks, answers, view))
            return view

        return declare
