"""What the commands share: settings, the tables, error messages, JSON, plurals."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

import click
from sqlalchemy.exc import DBAPIError

from webcrm_sync import logs
from webcrm_sync.bootstrap.local import DatabaseOutdated, open_local_context
from webcrm_sync.core.errors import SyncError
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.localdb.cluster import DatabaseTrouble
from webcrm_sync.localdb.embedded import DatabaseMissing
from webcrm_sync.settings import Settings, SettingsError, read_settings
from webcrm_sync.store.companies import AnotherCompany
from webcrm_sync.store.database_errors import describe_database_error
from webcrm_sync.store.revision import DatabaseNewer
from webcrm_sync.store.webcrm_in_use import AnotherWebCrm

_WITH_MESSAGE = (
    AnotherCompany,
    AnotherWebCrm,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseOutdated,
    DatabaseTrouble,
    SyncError,
)

#: The time between two lines of progress.
PROGRESS_S = 2

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON.")
without_asking = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


#: The errors that no restart of the same version with the same settings mends.
_FINAL = (AnotherCompany, AnotherWebCrm, DatabaseNewer)
#: The errors that an administrator can do something about.
EXPECTED_ERRORS = (SettingsError, *_WITH_MESSAGE, DBAPIError)


class FinalError(click.ClickException):
    """An error after which a process of `serve` is not started again."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn each expected error into one message and exit code 1."""
    try:
        yield
    except _FINAL as error:
        raise FinalError(describe(error)) from error
    except EXPECTED_ERRORS as error:
        raise click.ClickException(describe(error)) from error


def describe(error: Exception) -> str:
    """The message of one of EXPECTED_ERRORS."""
    if isinstance(error, SettingsError):
        return f"These settings are missing or wrong:\n{error}"
    return describe_database_error(error) if isinstance(error, DBAPIError) else str(error)


def settings() -> Settings:
    """The settings of this process. Raises SettingsError."""
    found = read_settings()
    logs.use_format(found.log_format)
    return found


@contextmanager
def open_tables() -> Iterator[LocalContext]:
    """Open the company's tables; expected errors become messages (`plain_errors`)."""
    with plain_errors(), open_local_context(settings()) as context:
        yield context


def print_json(value: object) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def count(number: int, noun: str) -> str:
    """The number with its noun, in the plural unless it is one.

    >>> count(1, "mailbox"), count(2, "mailbox"), count(3, "Activity")
    ('1 mailbox', '2 mailboxes', '3 Activities')
    """
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y"):
        return f"{number} {noun[:-1]}ies"
    return f"{number} {noun}{'es' if noun.endswith('x') else 's'}"


def need_attention(number: int) -> str:
    """Say how many things only a person can fix."""
    return f"{number} need{'s' if number == 1 else ''} your attention"


def confirm(*, yes: bool, default: bool = True) -> None:
    """Ask whether to continue. Without a terminal only `yes` does. Raises Abort and UsageError.

    `default`: what Enter means; False before something that cannot be taken back.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(
            "Nothing was done: there is no terminal to ask at. Add --yes to do it without a"
            " question."
        )
    click.confirm("Continue?", default=default, abort=True)


@contextmanager
def call_off_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl+C into True of the function; a second one ends the command at once."""
    is_called_off = Event()

    def note(number: int, _: FrameType | None) -> None:
        if is_called_off.is_set():
            raise KeyboardInterrupt
        is_called_off.set()
        # Standard error itself: the signal may have interrupted a `click.echo`.
        os.write(2, b"Calling off: what has begun is finished first.\n")

    before = signal.signal(signal.SIGINT, note)
    try:
        yield is_called_off.is_set
    finally:
        signal.signal(signal.SIGINT, before)


class Progress:
    """Lines on standard error that say how far long work is, one every few seconds."""

    def __init__(self, text: str, total: int) -> None:
        self._text, self._total, self._done = text, total, 0
        self._next_at = time.monotonic() + PROGRESS_S

    def advance(self) -> None:
        """Count one more thing as done."""
        self._done += 1
        if time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + PROGRESS_S
            click.echo(f"{self._text}: {self._done} of {self._total}", err=True)
