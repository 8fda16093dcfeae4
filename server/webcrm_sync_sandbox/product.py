"""Runs the product's own processes as an administrator does: by commands and settings alone."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import click
import httpx

from webcrm_sync.settings import PREFIX

_PATIENCE_S = 120
#: Longer than `serve` takes to stop its own children.
_GRACE_S = 30
_LAST_LINES = 20
_COMMAND = [sys.executable, "-m", "webcrm_sync"]
#: Runs any command of the product under the demo's settings, and under no others.
_COMMAND_SCRIPT = """\
# The demo's settings. Runs the product's commands under them: sh FILE status
for name in $(env | cut -d= -f1 | grep -i '^{prefix}'); do unset "$name"; done
{exports}
cd {place} || exit 1
exec {command} "$@"
"""


class Product:
    """Runs commands under `settings` alone: the caller's variables and `.env` do not count.

    `place`: a folder for the files of this run.
    """

    def __init__(self, settings: dict[str, str], place: Path) -> None:
        self._settings = settings
        self._place = place
        self.log = place / "service.log"

    def run(self, *arguments: str) -> None:
        """Run a command to its end. Raises ClickException with its error output when it fails."""
        with self._process(arguments, subprocess.PIPE) as child:
            _, said = child.communicate()
        if child.returncode:
            raise click.ClickException(f"`webcrm-sync {shlex.join(arguments)}` failed:\n{said}")

    @contextmanager
    def serving(self, health: str) -> Iterator[None]:
        """Run `webcrm-sync serve` in a process of its own, as in production, during the block.

        `health`: a URL that answers 200 once the service runs. Raises ClickException otherwise.
        """
        with self.log.open("w") as log, self._process(["serve"], log) as child:
            patience = time.monotonic() + _PATIENCE_S
            while not _answers(health):
                if child.poll() is not None or time.monotonic() > patience:
                    said = "\n".join(self.log.read_text().splitlines()[-_LAST_LINES:])
                    raise click.ClickException(f"The service does not start:\n{said}")
                time.sleep(0.02)
            yield

    def write_command_script(self) -> Path:
        """The path of a script for `sh` that runs a product command; only its owner reads it."""
        exports = (f"export {name}={shlex.quote(text)}" for name, text in self._settings.items())
        text = _COMMAND_SCRIPT.format(
            prefix=PREFIX,
            exports="\n".join(exports),
            place=shlex.quote(str(self._place)),
            command=shlex.join(_COMMAND),
        )
        path = self._place / "ask"
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
        return path

    @contextmanager
    def _process(
        self, arguments: tuple[str, ...] | list[str], errors: int | IO[str]
    ) -> Iterator[subprocess.Popen[str]]:
        """Run a command during the block; a command that still runs at the end is stopped."""
        foreign = {n: v for n, v in os.environ.items() if not n.upper().startswith(PREFIX)}
        child = subprocess.Popen(
            [*_COMMAND, "--log-level", "warning", *arguments],
            env=foreign | self._settings,
            cwd=self._place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            text=True,
            process_group=0,  # Ctrl+C reaches this process alone, which stops its children in order
        )
        try:
            yield child
        finally:
            _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    """Send the next stronger signal until the command ends: it may ignore SIGINT."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            child.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE_S)
            return


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
