"""The moments at which an engine can die or another one can work: around calls and transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from webcrm_sync.engine.context import Context
from webcrm_sync.store.database import Tx, again_after_conflict

T = TypeVar("T")


@dataclass(slots=True)
class Boundaries:
    """Counts the moments before and after each call and each transaction of one engine.

    `happen(number, what)` runs `what` once, at the moment of that number from now on.
    """

    passed: int = 0
    due: dict[int, Callable[[], None]] = field(default_factory=dict)

    def happen(self, number: int, what: Callable[[], None]) -> None:
        """Run `what` at that moment; 1 is the next one."""
        self.due[self.passed + number] = what

    def clear(self) -> None:
        """Run nothing any more."""
        self.due.clear()

    def cross(self) -> None:
        """Count one moment, and run what is planned for it."""
        self.passed += 1
        if what := self.due.pop(self.passed, None):
            what()

    def around(self, context: Context) -> Context:
        """The context with these moments around its calls and transactions."""
        graph: Any = _Calls(context.graph, self)
        webcrm: Any = _Calls(context.webcrm, self)
        database: Any = _Transactions(context.database, self)
        return replace(context, graph=graph, webcrm=webcrm, database=database)


@dataclass(slots=True)
class _Calls:
    client: Any
    boundaries: Boundaries

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.client, name)

        def call(*given: Any, **named: Any) -> Any:
            self.boundaries.cross()
            answer = real(*given, **named)
            self.boundaries.cross()
            return answer

        return call


@dataclass(slots=True)
class _Transactions:
    database: Any
    boundaries: Boundaries

    @contextmanager
    def begin(self, company_id: int = 0) -> Iterator[Tx]:
        """A transaction with a moment before it and one after its commit."""
        self.boundaries.cross()
        with self.database.begin(company_id) as tx:
            yield tx
        self.boundaries.cross()

    def transact(self, company_id: int, step: Callable[[Tx], T]) -> T:
        """What `step` returns, from such a transaction."""

        def once() -> T:
            with self.begin(company_id) as tx:
                return step(tx)

        return again_after_conflict(once)

    def read(self, *asked: Any) -> Any:
        """The rows of a statement outside of transactions."""
        self.boundaries.cross()
        return self.database.read(*asked)

    @property
    def engine(self) -> Any:
        """The engine of the database, for observers."""
        return self.database.engine
