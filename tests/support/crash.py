"""A worker that dies at one point of its work, as by SIGKILL, and its context."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, TextClause, event

from support.interleave import Death
from webcrm_sync.engine.context import Context
from webcrm_sync.store.database import Database, Tx


@dataclass(slots=True)
class CrashingWorker:
    """A worker that dies before or after one of its commits. Commits without writes do not count.

    `dies_before`, `dies_after`: the number of the commit. `commits`: what each commit wrote.
    """

    dies_before: int | None = None
    dies_after: int | None = None
    commits: list[str] = field(default_factory=list)
    is_dead: bool = False

    def die(self) -> None:
        """Let the worker die: its next call or statement raises Death."""
        self.is_dead = True

    def check_alive(self) -> None:
        """Raise Death if the worker is dead. No engine code catches it."""
        if self.is_dead:
            raise Death

    def wrap(self, context: Context) -> Context:
        """The context with clients and a database that die with this worker."""
        graph: Any = _CrashingClient(context.graph, self)
        webcrm: Any = _CrashingClient(context.webcrm, self)
        database = _CrashingDatabase(context.database, self)
        metadata = replace(context.metadata, fetch=webcrm.list_fields)
        return replace(context, graph=graph, webcrm=webcrm, database=database, metadata=metadata)


@dataclass(frozen=True, slots=True)
class _CrashingClient:
    """A client whose calls raise Death once the worker is dead."""

    client: Any
    worker: CrashingWorker

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.client, name)
        if not callable(real):
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            self.worker.check_alive()
            try:
                answer = real(*arguments, **named)
            finally:
                self.worker.check_alive()
            return self._yield_while_alive(answer) if isinstance(answer, Iterator) else answer

        return call

    def _yield_while_alive(self, answers: Iterator[Any]) -> Iterator[Any]:
        try:
            for answer in answers:
                self.worker.check_alive()
                yield answer
        finally:
            self.worker.check_alive()


class _CrashingDatabase(Database):
    """A database whose transactions fail once the worker is dead."""

    def __init__(self, database: Database, worker: CrashingWorker) -> None:
        self._database = database
        self._worker = worker
        event.listen(database.engine, "after_cursor_execute", _note_writing)

    @property
    def engine(self) -> Engine:
        """The engine of the database, for observers."""
        return self._database.engine

    @contextmanager
    def begin(self, company_id: int = 0) -> Iterator[Tx]:
        """A transaction; the worker may die just before or just after its commit."""
        worker = self._worker
        worker.check_alive()
        with self._database.begin(company_id) as tx:
            wrote = tx.connection.info["wrote"] = []
            yield tx
            wrote += ["a job"] if tx.deferred else []
            if wrote:
                worker.commits.append(", ".join(dict.fromkeys(wrote)))
            if wrote and len(worker.commits) == worker.dies_before:
                worker.die()
            worker.check_alive()
        if wrote and len(worker.commits) == worker.dies_after:
            worker.die()
        worker.check_alive()

    @contextmanager
    def reading(self, company_id: int = 0) -> Iterator[Tx]:
        """Statements that only read."""
        self._worker.check_alive()
        with self._database.reading(company_id) as tx:
            yield tx
        self._worker.check_alive()

    def read(self, query: TextClause, parameters: Mapping[str, object]) -> Sequence[Row[Any]]:
        """The rows of one statement."""
        self._worker.check_alive()
        rows = self._database.read(query, parameters)
        self._worker.check_alive()
        return rows


def _note_writing(
    connection: Connection, cursor: Any, statement: str, _given: Any, _context: Any, _many: bool
) -> None:
    words = statement.split()[:3]
    if words[0].upper() != "SELECT" and cursor.rowcount and "wrote" in connection.info:
        connection.info["wrote"].append(" ".join(words))
