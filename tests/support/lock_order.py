"""Checks that transactions lock rows in the order that docs/architecture.md gives.

It watches every statement of a test: a deadlock needs two transactions at the same moment, but a
wrong order shows in each of them alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import Connection, Engine, event

#: The kinds of locks in their order: a company as a whole, then rows.
_ORDER = ("company", "mailbox", "folder", "item")
_COMPANY = "pg_advisory_xact_lock"
_CHANGED = re.compile(r"\s*(?:UPDATE|DELETE FROM) (mailbox|folder|item)\b")
_LOCKING_READ = re.compile(r"\bFROM (mailbox|folder|item)\b.*\bFOR (?:NO KEY )?UPDATE", re.DOTALL)
#: An event of a mailbox locks it by the foreign key, against deletion of the mailbox.
_MAILBOX_EVENT = re.compile(r'"mailbox_id": \d')


@dataclass(slots=True)
class _Locked:
    """The locks of one transaction so far."""

    kinds: set[str] = field(default_factory=set)
    last_folder_id: int = 0
    has_locked_folders: bool = False

    def is_late(self, kind: str, statement: str) -> bool:
        """True when the transaction holds a lock that must come after this one."""
        if kind in self.kinds or ("company" in self.kinds and kind != "company"):
            return False  # conflicting transactions wait for the company
        after = set(_ORDER[_ORDER.index(kind) + 1 :])
        if statement.startswith("INSERT"):
            after -= {"item"}  # who deletes a mailbox begins again, see `people.remove`
        return bool(after & self.kinds)

    def is_out_of_order(self, folder_id: object) -> bool:
        """True for a folder that had to be locked before the last one."""
        if self.has_locked_folders or not isinstance(folder_id, int):
            return False
        last, self.last_folder_id = self.last_folder_id, folder_id
        return folder_id < last


class LockOrder:
    """Collects the statements that took a lock too late."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self._open: dict[int, _Locked] = {}

    def begin(self, connection: Connection) -> None:
        """Begin a transaction: it holds no lock."""
        self._open[id(connection)] = _Locked()

    def executed(
        self, connection: Connection, _: object, statement: str, parameters: object, *__: object
    ) -> None:
        """Record the lock of a statement."""
        kind = _locks(statement, parameters)
        if kind is None:
            return
        locked = self._open.setdefault(id(connection), _Locked())
        locked.has_locked_folders |= kind == "folder" and bool(_LOCKING_READ.search(statement))
        named = parameters.get("id_1") if isinstance(parameters, Mapping) else None
        if locked.is_late(kind, statement) or (kind == "folder" and locked.is_out_of_order(named)):
            self.broken.append(f"after {sorted(locked.kinds)}: {statement}")
        locked.kinds.add(kind)


def _locks(statement: str, parameters: object) -> str | None:
    if kind := _locks_by_itself(statement):
        return kind
    is_mailbox_event = statement.startswith("INSERT INTO event") and _MAILBOX_EVENT.search(
        str(parameters)
    )
    return "mailbox" if is_mailbox_event else None


@lru_cache(maxsize=5000)
def _locks_by_itself(statement: str) -> str | None:
    if _COMPANY in statement:
        return "company"
    found = _CHANGED.match(statement) or _LOCKING_READ.search(statement)
    return found[1] if found else None


@contextmanager
def in_one_order(engine: Engine) -> Iterator[LockOrder]:
    """Watch the engine's statements; fails at the end if one took a lock too late."""
    order = LockOrder()
    event.listen(engine, "begin", order.begin)
    event.listen(engine, "before_cursor_execute", order.executed)
    try:
        yield order
    finally:
        event.remove(engine, "begin", order.begin)
        event.remove(engine, "before_cursor_execute", order.executed)
    late = "\n".join(order.broken)
    assert not order.broken, f"locked in another order than docs/architecture.md gives:\n{late}"
