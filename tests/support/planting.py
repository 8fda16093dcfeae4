"""Raises an exception in one function whenever it is called about one mail, in any thread.

It patches nothing: the interpreter's hook for debuggers raises the exception at the call.
"""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

_MAX_DEPTH, _MAX_WIDTH = 6, 400
_LAYERS = tuple(f"webcrm_sync.{name}." for name in ("core", "engine", "store", "graph", "webcrm"))


#: Fields of objects about one mail that hold data of other mails too.
_SHARED = {"context", "settings", "lists", "facts", "known", "levels"}


class PlantedError(Exception):
    """The exception that is raised on purpose."""


@dataclass(frozen=True, slots=True)
class MailTraces:
    """The words of a mail and the ids of its rows, by which it is recognised."""

    words: tuple[str, ...]
    numbers: frozenset[int]

    def are_in(self, value: object, depth: int = _MAX_DEPTH) -> bool:
        """True for a value that mentions the mail."""
        if isinstance(value, str):
            return any(word in value for word in self.words)
        if isinstance(value, int):
            return not isinstance(value, bool) and value in self.numbers
        if depth == 0:
            return False
        return any(self.are_in(part, depth - 1) for part in _parts_of(value))


def _parts_of(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return [*list(value)[:_MAX_WIDTH], *list(value.values())[:_MAX_WIDTH]]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)[:_MAX_WIDTH]
    if dataclasses.is_dataclass(value) and type(value).__module__.startswith(_LAYERS):
        names = [f.name for f in dataclasses.fields(value)]
        return [getattr(value, n, None) for n in names if n not in _SHARED]
    return ()


def name_of(frame: FrameType) -> str:
    """The called function with its module, as `module:function`."""
    module = str(frame.f_globals.get("__name__", "")).removeprefix("webcrm_sync.")
    return f"{module}:{frame.f_code.co_qualname}"


def _is_called_by_the_product(frame: FrameType) -> bool:
    """False for calls of the simulated services, which run in threads of the same process."""
    above: FrameType | None = frame
    while above is not None:
        if str(above.f_globals.get("__name__", "")).startswith("webcrm_sync_sandbox"):
            return False
        above = above.f_back
    return True


@dataclass(slots=True)
class ErrorPlanter:
    """Raises `error` in calls of `place` about a mail; with `place` None it only counts calls."""

    marks: MailTraces
    place: str | None = None
    error: type[BaseException] = PlantedError
    seen: dict[str, int] = field(default_factory=dict)
    raised: int = 0
    #: by the identity of their code, which is compared fast: the functions that were called, and
    #: their names if calls of them are looked at
    _names: dict[int, tuple[CodeType, str | None]] = field(default_factory=dict)

    def trace(self, frame: FrameType, event: str, argument: Any) -> None:
        """The debugger hook: raises `error` when `place` is called about the mail.

        The interpreter calls it for each call of any function, so the first line must be fast.
        """
        _, name = self._names.get(id(frame.f_code)) or self._learn_name(frame)
        if name is None or event != "call":
            return
        if not self.marks.are_in(list(frame.f_locals.values())) or not _is_called_by_the_product(
            frame
        ):
            return
        self.seen[name] = self.seen.get(name, 0) + 1
        if self.place is not None:
            self.raised += 1
            sys.setprofile(self.again)
            raise self.error(f"planted in {name}")

    def _learn_name(self, frame: FrameType) -> tuple[CodeType, str | None]:
        is_ours = str(frame.f_globals.get("__name__", "")).startswith(_LAYERS)
        name = name_of(frame) if is_ours and "<" not in frame.f_code.co_name else None
        learned = frame.f_code, name if self.place in {None, name} else None
        self._names[id(frame.f_code)] = learned
        return learned

    def again(self, frame: FrameType, event: str, argument: Any) -> None:
        """Install the debugger hook again: the interpreter removes it when it raises."""
        if sys.gettrace() is None:
            sys.settrace(self.trace)
            sys.setprofile(None)

    @contextmanager
    def watching(self) -> Iterator[ErrorPlanter]:
        """Watch this thread, and the threads that the block starts."""
        before, profiled = sys.gettrace(), sys.getprofile()
        threading.settrace(self.trace)
        sys.settrace(self.trace)
        try:
            yield self
        finally:
            sys.setprofile(profiled)
            sys.settrace(before)
            threading.settrace(before)
