"""Interrupts an engine around its calls and transactions, so that it dies or another one works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Engine, Row, TextClause

from webcrm_sync.engine.context import Context
from webcrm_sync.store.database import Database, Tx


@dataclass(slots=True)
class Boundaries:
    """Counts the moments before and after each call and each transaction of one engine."""

    passed: int = 0
    due: dict[int, Callable[[], None]] = field(default_factory=dict)

    def schedule(self, number: int, what: Callable[[], None]) -> None:
        """Run `what` once, at the moment with this number; 1 = the next one."""
        self.due[self.passed + number] = what

    def clear(self) -> None:
        """Drop everything that is scheduled."""
        self.due.clear()

    def cross(self) -> None:
        """Count one moment and run what is scheduled for it."""
        self.passed += 1
        if what := self.due.pop(self.passed, None):
            what()

    def wrap(self, context: Context) -> Context:
        """The context, with a moment before and after each call and each transaction."""
        graph: Any = _Calls(context.graph, self)
        webcrm: Any = _Calls(context.webcrm, self)
        database = _Transactions(context.database, self)
        return replace(context, graph=graph, webcrm=webcrm, database=database)


@dataclass(slots=True)
class _Calls:
    client: Any
    boundaries: Boundaries

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.client, name)
        if not callable(real):
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            self.boundaries.cross()
            answer = real(*arguments, **named)
            self.boundaries.cross()
            return answer

        return call


class _Transactions(Database):
    """A database with a moment before and after each transaction and each read."""

    def __init__(self, database: Database, boundaries: Boundaries) -> None:
        self._database = database
        self._boundaries = boundaries

    @property
    def engine(self) -> Engine:
        """The engine of the database, for observers."""
        return self._database.engine

    @contextmanager
    def begin(self, company_id: int = 0) -> Iterator[Tx]:
        """A transaction, with a moment before it and one after its commit."""
        self._boundaries.cross()
        with self._database.begin(company_id) as tx:
            yield tx
        self._boundaries.cross()

    @contextmanager
    def reading(self, company_id: int = 0) -> Iterator[Tx]:
        """Statements that only read, with a moment before them and one after them."""
        self._boundaries.cross()
        with self._database.reading(company_id) as tx:
            yield tx
        self._boundaries.cross()

    def read(self, query: TextClause, named: Mapping[str, object]) -> Sequence[Row[Any]]:
        """The rows of a statement outside any transaction, with a moment before it."""
        self._boundaries.cross()
        return self._database.read(query, named)
