"""The product's own PostgreSQL, for a machine without one. It is started and stopped as needed.

Several processes share one server, which ends with the last of them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy import URL

from webcrm_sync.localdb import role
from webcrm_sync.localdb.cluster import (
    LOGIN,
    DatabaseTrouble,
    make_cluster,
    make_socket_dir,
    start,
    start_watch,
)
from webcrm_sync.localdb.lifetime import Home
from webcrm_sync.settings import PREFIX
from webcrm_sync.store.encryption import read_or_create_secret

__all__ = ["DatabaseMissing", "DatabaseTrouble", "embedded"]

#: Long enough for the server's recovery after a crash, on a slow disk.
_START_PATIENCE_S = 120.0
_POLL_EVERY_S = 0.01
#: What the system, and so PostgreSQL, says when a disk is full; and less than PostgreSQL needs to
#: recover: a file of its log.
_NO_SPACE, _NEEDED_BYTES = "No space left on device", 16_777_216


class DatabaseMissing(Exception):
    """There is no database yet, and this command does not create one."""

    def __init__(self) -> None:
        super().__init__(
            "There is no database yet. "
            "Run `webcrm-sync serve` or `webcrm-sync migrate` first, "
            "or set WEBCRM_SYNC_DATABASE_URL."
        )


@contextmanager
def embedded(data_dir: Path, *, create: bool) -> Iterator[str]:
    """The SQLAlchemy URL (`postgresql+psycopg://...`) of the server in `data_dir`.

    The server runs while any process is in such a block. The URL has the password of a login that
    owns the product's tables and is not a superuser. `create`: create a missing directory (0700)
    and database. Otherwise raises DatabaseMissing. Raises DatabaseTrouble if the server cannot be
    created, started or reached.
    """
    home = Home(data_dir.absolute())
    if create:
        home.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not home.cluster.exists():
        raise DatabaseMissing
    home.make_locks()
    user = _join(home)
    try:
        yield role.address(_plain(home))
    finally:
        _leave(home, user)


def _join(home: Home) -> int:
    """Register this process as a user and wait for the server. Returns the lock's descriptor."""
    with home.guard():
        user = home.lock("users", fcntl.LOCK_SH)
        try:
            _start_and_wait(home)
        except BaseException:
            os.close(user)
            home.stop_if_unused()
            raise
    return user


def _leave(home: Home, user: int) -> None:
    with home.guard():
        os.close(user)
        home.stop_if_unused()


def _start_and_wait(home: Home) -> None:
    """Start the server if necessary, and return when it accepts a connection."""
    _ensure_cluster(home)
    start_watch(home)
    is_started = False
    deadline = time.monotonic() + _START_PATIENCE_S
    while (trouble := _connection_error(home)) is not None:
        if _NO_SPACE in str(trouble):
            raise _DiskFull
        if not home.is_held("alive"):
            if is_started:
                raise _explain_end(home)
            start(home)
            is_started = True
        if time.monotonic() > deadline:
            raise DatabaseTrouble(f"PostgreSQL does not answer: {trouble}") from trouble
        time.sleep(_POLL_EVERY_S)
    read_or_create_secret(home.app_password)
    role.ensure_login(_superuser(home), _plain(home))


class _DiskFull(DatabaseTrouble):
    """PostgreSQL has ended or does not start, since its disk is full."""

    def __init__(self) -> None:
        super().__init__(
            f"The disk of {PREFIX}DATA_DIR is full, so the database does not work: make room. A"
            " running service goes on by itself then."
        )


def _explain_end(home: Home) -> DatabaseTrouble:
    """Why the server that was just started has ended."""
    with suppress(OSError):
        is_full = shutil.disk_usage(home.data_dir).free < _NEEDED_BYTES
        if is_full or _NO_SPACE in home.log.read_text("utf-8", errors="replace"):
            return _DiskFull()
    return DatabaseTrouble(f"PostgreSQL did not start; see {home.log}")


def _ensure_cluster(home: Home) -> None:
    if not home.cluster.exists():
        read_or_create_secret(home.password)
        make_cluster(home)
    if not home.password.exists():
        raise DatabaseTrouble(f"The password of the database is missing: {home.password}")
    make_socket_dir(home)


def _connection_error(home: Home) -> psycopg.OperationalError | None:
    """The error of an attempt to connect, None = it succeeded."""
    try:
        url = _superuser(home).set(drivername="postgresql")
        psycopg.connect(role.address(url), connect_timeout=10).close()
    except psycopg.OperationalError as error:
        return error
    return None


def _superuser(home: Home) -> URL:
    return _url(home, LOGIN, home.password.read_text("ascii"))


def _plain(home: Home) -> URL:
    return _url(home, role.ROLE, home.app_password.read_text("ascii"))


def _url(home: Home, login: str, password: str) -> URL:
    return URL.create(
        "postgresql+psycopg",
        username=login,
        password=password,
        database="postgres",
        query={"host": str(home.socket_dir), "port": "5432"},
    )
