"""What a caller wraps around the reading of an entry, since reading may end the process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

#: Opens what surrounds the reading of the entry with this id. What it raises counts as raised by
#: the entry.
EntryGuard = Callable[[str], AbstractContextManager[None]]


def no_guard(graph_id: str) -> AbstractContextManager[None]:
    """Surrounds the reading with nothing."""
    del graph_id
    return nullcontext()
