"""Runs the service as in production: its own processes, over a sandbox in this process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.settings import PREFIX
from webcrm_sync.worker import SHARES
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.http_server import free_port

_PATIENCE_S = 120


@dataclass(slots=True)
class RunningService:
    """A sandbox and the service processes over it."""

    sandbox: Sandbox
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def public_url(self) -> str:
        """The base URL of the web process."""
        return self.environment["WEBCRM_SYNC_PUBLIC_URL"]

    @property
    def port(self) -> int:
        """The port of the web process."""
        return int(self.public_url.rpartition(":")[2])

    def start(
        self, command: str, *arguments: str, name: str | None = None, **settings: str
    ) -> None:
        """Start `serve`, `web` or `worker`. Different names allow several of one kind.

        `settings`: those in which it differs from the others.
        """
        line = [sys.executable, "-m", "webcrm_sync", "--log-level", "warning", command, *arguments]
        own = {PREFIX + name: value for name, value in settings.items()}
        environment = {**os.environ, **self.environment, **own}
        self.processes[name or command] = subprocess.Popen(
            line, env=environment, stdout=subprocess.DEVNULL
        )

    def start_workers(self) -> None:
        """Start the workers that `serve` starts, each under the name of its share."""
        for share in SHARES:
            self.start("worker", "--only", share, name=share)

    def kill(self, name: str) -> None:
        """Send SIGKILL to a process and wait for its end."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """Send SIGTERM to all processes and wait for their end."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(_PATIENCE_S)
        self.processes.clear()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        line = [sys.executable, "-m", "webcrm_sync", *arguments]
        environment = {**os.environ, **self.environment}
        return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)

    def watch(self, *addresses: str) -> None:
        """Add each mailbox, as `mailbox add` does."""
        with open_context(self.sandbox.settings_of(self.environment)) as context:
            for address in addresses:
                admin.add(context, admin.inspect(context, address))

    def await_healthy(self) -> None:
        """Wait until the web process answers."""
        until(lambda: _answers(self.public_url), "the web process")


@contextmanager
def run_service(sandbox: Sandbox, *commands: str, **settings: str) -> Iterator[RunningService]:
    """Run these commands' processes during the block."""
    port = free_port()
    environment = sandbox.environment(
        LISTEN=f"127.0.0.1:{port}", PUBLIC_URL=f"http://127.0.0.1:{port}", **settings
    )
    service = RunningService(sandbox, environment)
    try:
        for command in commands:
            service.start(command)
        if {"serve", "web"} & set(commands):
            service.await_healthy()
        yield service
    finally:
        service.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def until(is_true: Callable[[], bool], what: str, *, patience_s: float = _PATIENCE_S) -> None:
    """Wait until `is_true`. Raises AssertionError after `patience_s`, a limit for slow machines."""
    end = time.monotonic() + patience_s
    while not is_true():
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience_s} s for {what}")
        time.sleep(0.01)
