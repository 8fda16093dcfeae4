"""What an unforeseen exception means, told by where it came from and how often. Pure.

An exception that is no trouble of the database, a vendor or the machine is about the one thing
that was worked on. Equal ones on many things are a fault of this program.
"""

from __future__ import annotations

import traceback
from datetime import timedelta

_OWN = "webcrm_sync."
#: So many things may have the same exception within this time before it is no fault of theirs.
MAX_THINGS_PER_FAULT = 20
SAME_FAULT_WINDOW = timedelta(minutes=10)
#: The first death of a job names nothing; from then on a marker names what is worked on.
_MOST_BEGUN = 2
#: SQLSTATE classes of a database that does not work now, or has other tables than we know
#: (PostgreSQL: appendix A): connection, state, login, catalog, rollback, names, resources,
#: locks, operator, system. The others speak of a value, 54 too: it is too long for an index.
_TROUBLE = frozenset({"08", "25", "26", "28", "3D", "40", "42", "53", "55", "57", "58"})


def fault_signature(error: BaseException) -> str:
    """The exception's type and its innermost place in our own code: equal for equal faults."""
    frames = traceback.walk_tb(error.__traceback__)
    ours = [(frame.f_globals.get("__name__", ""), line) for frame, line in frames]
    ours = [(module, line) for module, line in ours if module.startswith(_OWN)]
    if not ours:
        return type(error).__name__
    module, line = ours[-1]
    return f"{type(error).__name__} in {module.removeprefix(_OWN)}:{line}"


def format_trace(error: BaseException) -> str:
    """Where the exception and those behind it came from, without their words.

    The words may be those of a mail.
    """
    cause = error.__cause__ or error.__context__
    behind = format_trace(cause) if cause is not None and cause is not error else ""
    places = "".join(traceback.format_tb(error.__traceback__))
    return f"{behind}{places}{type(error).__name__}\n"


def is_infrastructure_error(sqlstate: str) -> bool:
    """True for a SQLSTATE that says nothing about what was to be written.

    >>> is_infrastructure_error("40P01"), is_infrastructure_error("22021")
    (True, False)
    """
    return sqlstate[:2] in _TROUBLE


def is_widespread(alike: int) -> bool:
    """True when this many things with the same exception are no fault of theirs."""
    return alike > MAX_THINGS_PER_FAULT


def is_given_up(begun: int) -> bool:
    """True for a thing that was begun this often by name, each time without an end."""
    return begun >= _MOST_BEGUN
