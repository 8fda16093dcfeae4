"""The service's processes: `serve` starts a `web` and two `worker` and keeps them running."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from socket import socket
from types import FrameType

import click

from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.bootstrap.local import database_url
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync.cli import common
from webcrm_sync.core.jobs import Queue
from webcrm_sync.store.webcrm_line import Caller
from webcrm_sync.web import headers
from webcrm_sync.web.app import create_app
from webcrm_sync.web.lanes import LANES
from webcrm_sync.web.serving.listening import CannotListen, bind_sockets, tls_context
from webcrm_sync.web.serving.server import Server
from webcrm_sync.worker import SHARES, run_worker

logger = logging.getLogger(__name__)

#: The longest pause before a child that keeps dying is started again.
_MAX_PAUSE_S = 5.0
#: A child that has not stopped after this time is killed.
_STOP_S = 25

#: Set by `serve` for its children: their standard input ends when the parent does.
_with_parent = click.option("--with-parent", is_flag=True, hidden=True)


@click.command()
def serve() -> None:
    """Run the service: migrate the database, then web and worker until stopped."""
    with common.plain_errors():
        settings = common.settings()
        migrate_database(settings)
        with database_url(settings, create=True):
            click.echo(f"Serving on {settings.public_url} (listening on {settings.listen})")
            level = click.get_current_context().find_root().params["log_level"]
            workers = [("worker", "--only", share) for share in SHARES]
            _Supervisor([("web",), *workers], log_level=level).run()


@click.command()
@_with_parent
def web(with_parent: bool) -> None:
    """Run the web process alone, to scale out; `worker` runs the jobs."""
    _follow_parent(with_parent)
    with common.plain_errors():
        settings = common.settings()
        tls = tls_context(settings.tls_cert, settings.tls_key)
        sockets = _bind(settings.listen)
        with ExitStack() as stack:
            for one in sockets:
                stack.enter_context(closing(one))
            url = stack.enter_context(database_url(settings))
            context = stack.enter_context(open_context(settings, caller=Caller.PERSON, url=url))
            refusals = headers.server_error_headers(settings)
            Server(create_app(context), LANES, tls=tls, headers=refusals).run(sockets)


def _bind(listen: str) -> Sequence[socket]:
    try:
        return bind_sockets(listen)
    except CannotListen as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.option(
    "--only",
    type=click.Choice(list(SHARES)),
    help="Run a part of the jobs: those of the mailboxes, or matching, webCRM and the clock. "
    "Each part needs a worker.",
)
@_with_parent
def worker(only: str | None, with_parent: bool) -> None:
    """Run a worker process alone; any number can share one database."""
    queues = SHARES[only] if only else tuple(Queue)
    _follow_parent(with_parent)
    with common.plain_errors():
        settings = common.settings()
        with database_url(settings) as url, open_context(settings, url=url) as context:
            run_worker(context, url, queues)


class _Supervisor:
    """Starts the child processes, restarts one that dies, and stops them together."""

    def __init__(self, commands: Sequence[tuple[str, ...]], *, log_level: str) -> None:
        self._commands = commands
        self._command_line = [sys.executable, "-m", "webcrm_sync", "--log-level", log_level]
        self._children: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}
        self._stopped = threading.Event()

    def run(self) -> None:
        """Keep the children running until SIGTERM or SIGINT, then stop them."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        watchers = [threading.Thread(target=self._supervise, args=(c,)) for c in self._commands]
        for watcher in watchers:
            watcher.start()
        self._stopped.wait()
        for child in list(self._children.values()):
            child.terminate()
        for watcher in watchers:
            watcher.join()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopped.set()

    def _supervise(self, command: tuple[str, ...]) -> None:
        pause = 0.5
        while not self._stopped.is_set():
            started_at = time.monotonic()
            child = self._start(command)
            code = self._wait(child)
            if self._stopped.is_set():
                return
            logger.error("child_ended", extra={"child": " ".join(command), "exit_code": code})
            lived_long = time.monotonic() - started_at > _MAX_PAUSE_S
            pause = 0.5 if lived_long else min(pause * 2, _MAX_PAUSE_S)
            self._stopped.wait(pause)

    def _start(self, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [*self._command_line, *command, "--with-parent"], stdin=subprocess.PIPE
        )
        self._children[command] = child
        return child

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        """The exit code of the child, which is killed when it does not stop in time."""
        while True:
            try:
                return child.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                if not self._stopped.is_set():
                    continue
            child.terminate()
            try:
                return child.wait(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()


def _follow_parent(with_parent: bool) -> None:
    """End this process when its parent ends, even if the parent is killed."""
    if with_parent:
        threading.Thread(target=_until_parent_ends, args=(_stop_self,), daemon=True).start()


def _until_parent_ends(then: Callable[[], None]) -> None:
    while os.read(0, 1024):
        pass
    then()


def _stop_self() -> None:
    """Stop like after SIGTERM; exit at the latest after the time that a stop may take."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_S)
    os._exit(1)
