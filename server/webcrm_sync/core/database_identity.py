"""Decides whether a database is a copy of the one that its rows were written in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """What tells a database from its copies.

    `cluster`: the server's identifier and the database's number in it; a restored dump and a
    template's copy have others. `files`: the number of a file of the embedded server, which a copy
    of its folder does not keep; `place`: that folder and its machine. Both are empty for a database
    in DATABASE_URL.
    """

    cluster: str
    files: str = ""
    place: str = ""


def is_copy(recorded: DatabaseIdentity, current: DatabaseIdentity) -> bool:
    """True if the rows were written in another database, whose service may still run.

    A folder that was moved keeps its files, and some file systems number their files anew at each
    start: only a change of both means another database.
    """
    has_other_files = recorded.files != current.files and recorded.place != current.place
    return recorded.cluster != current.cluster or has_other_files
