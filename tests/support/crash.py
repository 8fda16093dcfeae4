"""A worker that ends at one point of its work, as by SIGKILL, and the parts it works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, event

from support.interleave import Death
from webcrm_sync.engine.context import Context
from webcrm_sync.store.database import Database, Tx


@dataclass(slots=True)
class CrashingWorker:
    """One worker's life. Commits that wrote nothing leave nothing behind and do not count.

    `ends_before`, `ends_after`: the number of the commit around which it ends. `commits`: what
    each of them wrote.
    """

    ends_before: int | None = None
    ends_after: int | None = None
    commits: list[str] = field(default_factory=list)
    is_over: bool = False

    def end(self) -> None:
        """From here on whatever the worker does next is not done."""
        self.is_over = True

    def go_on(self) -> None:
        """Return if it may. Raises Death, which no engine code can catch."""
        if self.is_over:
            raise Death

    def given(self, context: Context) -> Context:
        """The same parts, in the hands of this worker."""
        graph: Any = _Mortal(context.graph, self)
        webcrm: Any = _Mortal(context.webcrm, self)
        database: Any = _MortalDatabase(context.database, self)
        metadata = replace(context.metadata, fetch=webcrm.fields)
        return replace(context, graph=graph, webcrm=webcrm, database=database, metadata=metadata)


@dataclass(frozen=True, slots=True)
class _Mortal:
    """A client whose answers a dead worker does not hear."""

    client: Any
    life: CrashingWorker

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real = getattr(self.client, name)

        def call(*given: Any, **named: Any) -> Any:
            self.life.go_on()
            try:
                answer = real(*given, **named)
            finally:
                self.life.go_on()
            return self._each(answer) if isinstance(answer, Iterator) else answer

        return call

    def _each(self, answers: Iterator[Any]) -> Iterator[Any]:
        try:
            for answer in answers:
                self.life.go_on()
                yield answer
        finally:
            self.life.go_on()


class _MortalDatabase:
    """The database, whose connections a dying worker drops."""

    def __init__(self, database: Database, life: CrashingWorker) -> None:
        self._database = database
        self._life = life
        event.listen(database.engine, "after_cursor_execute", _note_writing)

    @contextmanager
    def begin(self, company_id: int = 0) -> Iterator[Tx]:
        """A transaction; the worker may end just before or just after its commit."""
        life = self._life
        life.go_on()
        with self._database.begin(company_id) as tx:
            wrote = tx.connection.info["wrote"] = []
            yield tx
            wrote += ["a job"] if tx.deferred else []
            if wrote:
                life.commits.append(", ".join(dict.fromkeys(wrote)))
            if wrote and len(life.commits) == life.ends_before:
                life.end()
            life.go_on()
        if wrote and len(life.commits) == life.ends_after:
            life.end()
        life.go_on()


def _note_writing(
    connection: Connection, cursor: Any, statement: str, _given: Any, _context: Any, _many: bool
) -> None:
    words = statement.split()[:3]
    if words[0].upper() != "SELECT" and cursor.rowcount and "wrote" in connection.info:
        connection.info["wrote"].append(" ".join(words))
