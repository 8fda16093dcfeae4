"""What every command needs: the settings, the company's context, and errors in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import OperationalError

from webcrm_sync.bootstrap import DatabaseOutdated, open_context
from webcrm_sync.core.errors import SyncError
from webcrm_sync.engine.context import Context
from webcrm_sync.localdb.cluster import DatabaseTrouble
from webcrm_sync.localdb.embedded import DatabaseMissing
from webcrm_sync.settings import Settings, SettingsError, read_settings
from webcrm_sync.store.companies import AnotherCompany
from webcrm_sync.store.migrate import DatabaseNewer
from webcrm_sync.web.serving.listening import CannotListen

_TROUBLE = (
    *(
        AnotherCompany,
        CannotListen,
        DatabaseMissing,
        DatabaseNewer,
        DatabaseOutdated,
        DatabaseTrouble,
    ),
    SyncError,
)

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON.")


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what can go wrong into one clear message and exit code 1."""
    try:
        yield
    except SettingsError as error:
        raise click.ClickException(f"These settings need your attention:\n{error}") from error
    except _TROUBLE as error:
        raise click.ClickException(str(error)) from error
    except OperationalError as error:
        reason = str(error.orig).splitlines()[0]
        text = f"The database does not answer ({reason}). Check WEBCRM_SYNC_DATABASE_URL."
        raise click.ClickException(text) from error


def settings() -> Settings:
    """The settings of this run. Raises SettingsError."""
    return read_settings()


@contextmanager
def open_company() -> Iterator[Context]:
    """The context of this run, with errors in plain words."""
    with plain_errors(), open_context(settings()) as opened:
        yield opened


def print_json(value: object) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))
