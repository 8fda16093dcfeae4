"""One line a minute while the database is away, instead of the traces of all that need it."""

from __future__ import annotations

import logging
import time
from threading import Lock

#: The attributes of any LogRecord; further ones are our fields.
STANDARD_ATTRIBUTES = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
)
#: Seconds between two lines.
_EVERY_S = 60.0
#: The most causes of an error that are followed: an error may lead back to itself.
_MAX_CAUSES = 20
#: The classes of SQLSTATEs with which a database says that it cannot serve: connection, login,
#: catalog, resources, operator, system (PostgreSQL: appendix A). A cancelled statement is none.
_LOSSES, _CANCELLED = frozenset({"08", "28", "3D", "53", "57", "58"}), "57014"


class DatabaseAway(logging.Filter):
    """Lets one line in a minute through, which says that the database is away. Thread-safe."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._next_at = 0.0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """True for records about something else, and for the first one of a minute, shortened."""
        reason = _reason(record)
        if reason is None:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._next_at:
                self._left_out += 1
                return False
            self._next_at, left_out, self._left_out = now + _EVERY_S, self._left_out, 0
        _replace(record, why=reason, left_out=left_out)
        return True


def _reason(record: logging.LogRecord) -> str | None:
    """Why the database is away, None = the record is about something else."""
    if record.name in {"psycopg", "psycopg.pool"} and record.levelno >= logging.WARNING:
        return "no connection"
    if record.exc_info and record.exc_info[1]:
        return _find_loss(record.exc_info[1])
    # procrastinate formats some traces itself; its own error has no text but this one.
    is_queue = record.name.startswith("procrastinate") and record.levelno >= logging.WARNING
    return "no connection" if is_queue and "Database error." in record.getMessage() else None


def is_database_loss(error: BaseException) -> bool:
    """True for an error of a database that is away or cannot serve, such as with a full disk."""
    return _find_loss(error) is not None


def _find_loss(error: BaseException | None) -> str | None:
    for _ in range(_MAX_CAUSES):
        if error is None:
            return None
        if _is_loss(error):
            return (str(error).strip().splitlines() or [type(error).__name__])[0]
        error = error.__cause__ or error.__context__
    return None


def _is_loss(error: BaseException) -> bool:
    """True for psycopg's OperationalError, known by its name: `--help` must not load psycopg."""
    kinds = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("psycopg")}
    sqlstate = getattr(error, "sqlstate", None)  # None = there is no server that could send one
    is_lost = sqlstate is None or (sqlstate[:2] in _LOSSES and sqlstate != _CANCELLED)
    return "OperationalError" in kinds and is_lost


def _replace(record: logging.LogRecord, **fields: object) -> None:
    """Turn the record into our own line, without its trace."""
    for name in set(vars(record)) - STANDARD_ATTRIBUTES:
        delattr(record, name)
    record.msg, record.args, record.exc_info, record.exc_text = "database_away", (), None, None
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    vars(record).update(fields)
