"""What an unexpected exception means, judged by its origin and frequency.

An exception that does not come from the database, a vendor or the machine concerns the one thing in
work. If many things raise the same exception, the program has a fault.
"""

from __future__ import annotations

import traceback
from datetime import timedelta

_OWN_PACKAGE = "webcrm_sync."
#: When more things than this raise the same exception within the time window, none of them is the
#: cause.
MAX_THINGS_PER_FAULT = 20
SAME_FAULT_WINDOW = timedelta(minutes=10)
#: The first crash of a job names no thing; afterwards a marker names the thing in work.
_MAX_STARTS = 2
#: SQLSTATE classes of a database that does not work, or whose tables differ from ours (PostgreSQL:
#: appendix A): connection, state, login, catalog, rollback, names, resources, locks, operator,
#: system. The other classes concern a value; so does 54: it is too long for an index.
_INFRASTRUCTURE = frozenset({"08", "25", "26", "28", "3D", "40", "42", "53", "55", "57", "58"})


def fault_signature(error: BaseException) -> str:
    """The exception's type and the innermost line of our own code; the same for the same fault."""
    frames = traceback.walk_tb(error.__traceback__)
    ours = [(frame.f_globals.get("__name__", ""), line) for frame, line in frames]
    ours = [(module, line) for module, line in ours if module.startswith(_OWN_PACKAGE)]
    if not ours:
        return type(error).__name__
    module, line = ours[-1]
    return f"{type(error).__name__} in {module.removeprefix(_OWN_PACKAGE)}:{line}"


def format_trace(error: BaseException) -> str:
    """The traceback of the exception and its causes, without their messages.

    The messages may quote a mail.
    """
    cause = error.__cause__ or error.__context__
    behind = format_trace(cause) if cause is not None and cause is not error else ""
    places = "".join(traceback.format_tb(error.__traceback__))
    return f"{behind}{places}{type(error).__name__}\n"


def is_infrastructure_error(sqlstate: str) -> bool:
    """True for a SQLSTATE that says nothing about the value being written.

    >>> is_infrastructure_error("40P01"), is_infrastructure_error("22021")
    (True, False)
    """
    return sqlstate[:2] in _INFRASTRUCTURE


def is_widespread(affected: int) -> bool:
    """True if too many things raise the same exception for one of them to be the cause."""
    return affected > MAX_THINGS_PER_FAULT


def is_given_up(starts: int) -> bool:
    """True for a thing that was started by name this often without finishing."""
    return starts >= _MAX_STARTS
