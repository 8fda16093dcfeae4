"""Who uses the embedded PostgreSQL, and whether it lives: told by locks, not by process ids.

The kernel drops a lock when the last process that holds it ends, however it ends. So each user
holds `postgres.users` (shared), the server itself and all its children hold `postgres.alive`
(shared, inherited), and whoever starts, stops or judges the server holds `postgres.guard`.

Run as a program this file is the watch: it stops the server when its last user ended without
doing so, by SIGKILL perhaps. It imports nothing but the standard library, to be small.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

#: sun_path holds 104 bytes on macOS, 108 on Linux, the closing zero included (unix(4), unix(7)).
_LONGEST_SOCKET = 100
_STOP_PATIENCE_S = 60.0
_LOOK_EVERY_S = 0.01
_WATCH_EVERY_S = 1.0
_LOCKS = ("guard", "users", "alive", "watch")


@dataclass(frozen=True, slots=True)
class Home:
    """The places of one embedded server. `data_dir` is absolute."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own directory. Complete as soon as it is there."""
        return self.data_dir / "postgres"

    @property
    def password(self) -> Path:
        """The file with the superuser's password."""
        return self.data_dir / "postgres.password"

    @property
    def app_password(self) -> Path:
        """The file with the password of our own processes."""
        return self.data_dir / "postgres.app.password"

    @property
    def log(self) -> Path:
        """What the server said since its last start."""
        return self.data_dir / "postgres.log"

    @property
    def socket_dir(self) -> Path:
        """The directory of the server's socket; outside of a `data_dir` with a long path.

        Always the same for one `data_dir`, whatever TMPDIR says, since users must meet.
        """
        inside = self.data_dir / "socket"
        if len(os.fsencode(inside / ".s.PGSQL.5432")) <= _LONGEST_SOCKET:
            return inside
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:24]
        # Others may write here too: whoever uses the place makes sure that it is ours.
        return Path("/tmp", f"webcrm-sync-{digest}")  # noqa: S108 - short, and checked

    def make_locks(self) -> None:
        """Make the files of the locks. Only users make them: the watch must not hinder removal."""
        for name in _LOCKS:
            os.close(os.open(self._lock_file(name), os.O_RDWR | os.O_CREAT, 0o600))

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Only one process at a time starts, stops or judges the server."""
        descriptor = self.lock("guard", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)

    def lock(self, name: str, kind: int) -> int:
        """The descriptor that holds the lock `name` until it is closed in every process.

        Raises BlockingIOError when `kind` has LOCK_NB and the lock is taken.
        """
        descriptor = os.open(self._lock_file(name), os.O_RDWR)
        try:
            fcntl.flock(descriptor, kind)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def is_held(self, name: str) -> bool:
        """True while a living process holds the lock `name`. Ask under the guard."""
        try:
            os.close(self.lock(name, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except BlockingIOError:
            return True
        return False

    def _lock_file(self, name: str) -> Path:
        return self.data_dir / f"postgres.{name}"

    def stop_if_unused(self) -> bool:
        """True when the server is down now since nobody uses it; under the guard."""
        if self.is_held("users"):
            return False
        self._stop()
        return True

    def _stop(self) -> None:
        """Fast shutdown, or an immediate one when that takes too long (pg_ctl(1), stop)."""
        told: set[tuple[int, int]] = set()
        started = time.monotonic()
        while self.is_held("alive"):
            is_late = time.monotonic() - started > _STOP_PATIENCE_S
            order = signal.SIGQUIT if is_late else signal.SIGINT
            process_id = self._postmaster()
            if process_id and (process_id, order) not in told:
                told.add((process_id, order))
                with suppress(ProcessLookupError):
                    os.kill(process_id, order)
            time.sleep(_LOOK_EVERY_S)
        if self.socket_dir.parent != self.data_dir:
            with suppress(OSError):
                self.socket_dir.rmdir()

    def _postmaster(self) -> int:
        """Its process id, 0 = not written yet. True only while `alive` is held.

        A stale file cannot mislead: it is removed before a server starts.
        """
        with suppress(FileNotFoundError, ValueError, IndexError):
            return int((self.cluster / "postmaster.pid").read_text().split("\n")[0])
        return 0


def watch(home: Home, lock: int) -> None:
    """Stop the server of `home` once nobody uses it; `lock` tells others that we are there.

    It looks instead of waiting for the users' lock, since holding that, if only for a moment,
    would look like a user to one who leaves.
    """
    is_down = False
    while not is_down:
        time.sleep(_WATCH_EVERY_S)
        with home.guard():
            if is_down := home.stop_if_unused():
                os.close(lock)


if __name__ == "__main__":
    with suppress(FileNotFoundError):  # the data directory was removed: nothing is left to watch
        watch(Home(Path(sys.argv[1])), int(sys.argv[2]))
