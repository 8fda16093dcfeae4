"""File locks that show which processes use the embedded PostgreSQL and whether it runs.

The kernel releases a lock when the last process that holds it ends, even by SIGKILL; process ids
would be reused. Each process that uses the server holds `postgres.users` (shared). The server and
its children hold `postgres.alive` (shared, inherited). A process holds `postgres.guard` while it
starts, stops or checks the server.

Run as a program, this file is the watch: it stops the server when the last user ended without
stopping it, and starts one again that ended while it is used: PostgreSQL ends by itself when its
disk is full. It imports only the standard library, to stay small.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

#: sun_path holds 104 bytes on macOS, 108 on Linux, the closing zero included (unix(4), unix(7)).
_LONGEST_SOCKET = 100
_STOP_PATIENCE_S = 60.0
_POLL_EVERY_S = 0.01
_WATCH_EVERY_S = 1.0
#: Seconds between two starts of a server that ends again.
_START_EVERY_S = 5.0
_LOCKS = ("guard", "users", "alive", "watch")


@dataclass(frozen=True, slots=True)
class Home:
    """The places of one embedded server. `data_dir` is absolute."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own directory. If it exists, it is complete."""
        return self.data_dir / "postgres"

    @property
    def password(self) -> Path:
        """The file with the superuser's password."""
        return self.data_dir / "postgres.password"

    @property
    def app_password(self) -> Path:
        """The file with the password of the product's processes."""
        return self.data_dir / "postgres.app.password"

    @property
    def log(self) -> Path:
        """The server's log since its last start."""
        return self.data_dir / "postgres.log"

    @property
    def socket_dir(self) -> Path:
        """The directory of the server's socket, in /tmp when the path of `data_dir` is too long.

        It depends on `data_dir` alone and not on TMPDIR, so that all users find it.
        """
        inside = self.data_dir / "socket"
        if len(os.fsencode(inside / ".s.PGSQL.5432")) <= _LONGEST_SOCKET:
            return inside
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:24]
        # Other users may write to /tmp, so `make_socket_dir` checks the owner.
        return Path("/tmp", f"webcrm-sync-{digest}")  # noqa: S108 - short, and checked

    def make_locks(self) -> None:
        """Create the lock files. The watch creates none, so that `data_dir` can be removed."""
        for name in _LOCKS:
            os.close(os.open(self._lock_file(name), os.O_RDWR | os.O_CREAT, 0o600))

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Lets one process at a time start, stop or check the server."""
        descriptor = self.lock("guard", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)

    def lock(self, name: str, kind: int) -> int:
        """The descriptor that holds the lock `name` until it is closed in every process.

        Raises BlockingIOError if `kind` has LOCK_NB and the lock is taken.
        """
        descriptor = os.open(self._lock_file(name), os.O_RDWR)
        try:
            fcntl.flock(descriptor, kind)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def is_held(self, name: str) -> bool:
        """True while a process holds the lock `name`. Hold the guard."""
        try:
            os.close(self.lock(name, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except BlockingIOError:
            return True
        return False

    def _lock_file(self, name: str) -> Path:
        return self.data_dir / f"postgres.{name}"

    def stop_if_unused(self) -> bool:
        """Stop the server if no process uses it. True if it is down. Hold the guard."""
        if self.is_held("users"):
            return False
        self._stop()
        return True

    def _stop(self) -> None:
        """Shut down fast, or immediately when that takes too long (pg_ctl(1), stop)."""
        signalled: set[tuple[int, int]] = set()
        started = time.monotonic()
        while self.is_held("alive"):
            is_late = time.monotonic() - started > _STOP_PATIENCE_S
            order = signal.SIGQUIT if is_late else signal.SIGINT
            process_id = self._postmaster()
            if process_id and (process_id, order) not in signalled:
                signalled.add((process_id, order))
                with suppress(ProcessLookupError):
                    os.kill(process_id, order)
            time.sleep(_POLL_EVERY_S)
        if self.socket_dir.parent != self.data_dir:
            with suppress(OSError):
                self.socket_dir.rmdir()

    def _postmaster(self) -> int:
        """The server's process id, 0 = not written yet. Valid only while `alive` is held.

        The file is never stale, since it is removed before a server starts.
        """
        with suppress(FileNotFoundError, ValueError, IndexError):
            return int((self.cluster / "postmaster.pid").read_text().split("\n")[0])
        return 0


def start_server(home: Home, command: Sequence[str]) -> None:
    """Start the server of `home` by this command line. Hold the guard; no server may be running.

    Returns before the server accepts connections.
    """
    # After a crash these files may name a process id that another process has now.
    (home.cluster / "postmaster.pid").unlink(missing_ok=True)
    (home.socket_dir / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    home.log.unlink(missing_ok=True)
    launch(command, home.log, home.lock("alive", fcntl.LOCK_SH))


def launch(command: Sequence[str], log: Path, lock: int) -> None:
    """Start `command` detached from this process and its terminal. It inherits `lock`."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            env=own_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[lock],
            start_new_session=True,
            check=True,
        )
    finally:
        os.close(output)
        os.close(lock)


def own_environment() -> dict[str, str]:
    """The environment without PostgreSQL's own variables, which would change its programs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def watch(home: Home, lock: int, command: Sequence[str]) -> None:
    """Keep the server of `home` running by `command`, and stop it once no process uses it.

    `lock`: shows that a watch runs.

    The watch polls. If it waited for the users' lock, it would hold that lock for a moment, and a
    process that leaves at that moment would count the watch as a user.
    """
    is_down, start_at = False, 0.0
    while not is_down:
        time.sleep(_WATCH_EVERY_S)
        with home.guard():
            if is_down := home.stop_if_unused():
                os.close(lock)
            elif not home.is_held("alive") and time.monotonic() >= start_at:
                start_at = time.monotonic() + _START_EVERY_S
                with suppress(OSError, subprocess.CalledProcessError):  # the disk is full
                    start_server(home, command)


if __name__ == "__main__":
    with suppress(FileNotFoundError):  # the data directory was removed
        watch(Home(Path(sys.argv[1])), int(sys.argv[2]), sys.argv[3:])
