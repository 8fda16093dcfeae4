"""The meaning of an unexpected exception, judged by its origin and frequency.

An exception that does not come from the database, a vendor or the machine concerns the one mail,
record or copy that a job was working on: its subject. If many subjects raise the same exception,
the program has a fault.
"""

from __future__ import annotations

import traceback
from datetime import timedelta

_OWN_PACKAGE = "webcrm_sync."
#: When more subjects than this raise the same exception within the time window, none of them is
#: the cause.
MAX_SUBJECTS_PER_FAULT = 20
SAME_FAULT_WINDOW = timedelta(minutes=10)
#: After its worker's last death a job stays careful for this long, whatever it does meanwhile.
#: Longer than the pause between two tries (`core.retry`) or before a verification: what killed the
#: worker may not be due at once.
CAREFUL_FOR = timedelta(minutes=15)
#: A crash marker is deleted when no worker has died for this long. What it names was due again
#: meanwhile, if it ever is: a service may ask for a pause of an hour (`net.retry_after`).
CRASH_MARKERS_FOR = timedelta(hours=2)
#: The first crash of a job names no subject; from then on a crash marker does.
GIVEN_UP_AFTER = 2
#: From this many deaths while a page of a folder was read, its mails are read one by one; from the
#: second number on, each further one doubles the pause before the next attempt.
ONE_BY_ONE_FROM, _PAUSE_FROM = 3, 6
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
#: SQLSTATE classes of a database that does not work, or whose tables differ from this version's
#: (PostgreSQL: appendix A): connection, state, login, catalog, rollback, names, resources, locks,
#: operator, system. The other classes concern a value, and so does 54: it is too long for an index.
_INFRASTRUCTURE = frozenset({"08", "25", "26", "28", "3D", "40", "42", "53", "55", "57", "58"})


def fault_signature(error: BaseException) -> str:
    """The exception's type and the innermost line of the product's code. Equal for equal faults."""
    frames = traceback.walk_tb(error.__traceback__)
    places = [(frame.f_globals.get("__name__", ""), line) for frame, line in frames]
    places = [(module, line) for module, line in places if module.startswith(_OWN_PACKAGE)]
    if not places:
        return type(error).__name__
    module, line = places[-1]
    return f"{type(error).__name__} in {module.removeprefix(_OWN_PACKAGE)}:{line}"


def format_trace(error: BaseException) -> str:
    """The traceback of the exception and its causes, without their messages.

    The messages may quote a mail.
    """
    cause = error.__cause__ or error.__context__
    traces_of_causes = format_trace(cause) if cause is not None and cause is not error else ""
    places = "".join(traceback.format_tb(error.__traceback__))
    return f"{traces_of_causes}{places}{type(error).__name__}\n"


def is_infrastructure_error(sqlstate: str) -> bool:
    """True for a SQLSTATE that says nothing about the value being written.

    >>> is_infrastructure_error("40P01"), is_infrastructure_error("22021")
    (True, False)
    """
    return sqlstate[:2] in _INFRASTRUCTURE


def is_widespread(affected: int) -> bool:
    """True if too many subjects raise the same exception for one of them to be the cause."""
    return affected > MAX_SUBJECTS_PER_FAULT


def is_given_up(starts: int) -> bool:
    """True for a subject whose crash marker was written this often without finishing."""
    return starts >= GIVEN_UP_AFTER


def pause_after(deaths: int) -> timedelta:
    """How long a page rests after the last of these deaths, which no mail of it explains.

    It ends in any case: somebody may kill workers for a reason of their own.

    >>> [int(pause_after(deaths).total_seconds()) for deaths in (5, 6, 7, 99)]
    [0, 60, 120, 3600]
    """
    if deaths < _PAUSE_FROM:
        return timedelta()
    return min(_FIRST_PAUSE * (1 << min(deaths - _PAUSE_FROM, 10)), _LONGEST_PAUSE)
