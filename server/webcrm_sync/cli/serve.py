"""The service's processes: `serve` runs a `web` and two `worker`; each runs alone too."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial

import click

from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.bootstrap.local import database_url
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync.cli import common
from webcrm_sync.cli.newer_version import stop_when_newer
from webcrm_sync.cli.supervisor import Supervisor
from webcrm_sync.core.jobs import Queue
from webcrm_sync.core.platforms import is_platform
from webcrm_sync.engine.operations import tallies
from webcrm_sync.graph.sdk import preload
from webcrm_sync.settings import Settings
from webcrm_sync.store.webcrm_line import Caller
from webcrm_sync.web import headers
from webcrm_sync.web.app import create_app
from webcrm_sync.web.lanes import LANES
from webcrm_sync.web.serving.listening import CannotListen, bind_sockets, tls_context
from webcrm_sync.web.serving.server import Server
from webcrm_sync.worker import SHARES, run_worker


@click.command()
def serve() -> None:
    """Run the service: migrate the database, then web and worker until stopped."""
    with common.plain_errors():
        settings = common.settings()
        with database_url(settings, create=True):  # until the last child has stopped
            migrate_database(settings)
            click.echo(f"Serving on {settings.public_url} (listening on {settings.listen})")
            _load_what_is_shared()
            workers = {
                f"worker --only {share}": partial(_run_worker, settings, queues)
                for share, queues in SHARES.items()
            }
            supervisor = Supervisor({"web": partial(_run_web, settings), **workers})
            if not supervisor.run():
                sys.exit(1)


def _load_what_is_shared() -> None:
    """Load what each process would otherwise load by itself when it first needs it."""
    preload()
    is_platform("example.com")


@click.command()
def web() -> None:
    """Run the web process alone, to scale out; `worker` runs the jobs."""
    with common.plain_errors():
        settings = common.settings()
    _run_web(settings)


def _run_web(settings: Settings) -> None:
    with common.plain_errors(), ExitStack() as stack:
        with _listening_errors():
            tls = tls_context(settings.tls_cert, settings.tls_key)
            sockets = bind_sockets(settings.listen)
        for one in sockets:
            stack.enter_context(closing(one))
        url = stack.enter_context(database_url(settings))
        context = stack.enter_context(open_context(settings, caller=Caller.PERSON, url=url))
        stack.enter_context(stop_when_newer(context.database.engine))
        stack.enter_context(tallies.saved(context))
        refusals = headers.server_error_headers(settings)
        Server(create_app(context), LANES, tls=tls, headers=refusals).run(sockets)


@contextmanager
def _listening_errors() -> Iterator[None]:
    try:
        yield
    except CannotListen as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.option(
    "--only",
    type=click.Choice(list(SHARES)),
    help="Run a part of the jobs: those of the mailboxes, or matching, webCRM and the clock. "
    "Each part needs a worker.",
)
def worker(only: str | None) -> None:
    """Run a worker process alone; any number can share one database."""
    with common.plain_errors():
        settings = common.settings()
    _run_worker(settings, SHARES[only] if only else tuple(Queue))


def _run_worker(settings: Settings, queues: Collection[Queue]) -> None:
    with (
        common.plain_errors(),
        database_url(settings) as url,
        open_context(settings, url=url) as context,
        stop_when_newer(context.database.engine),
    ):
        run_worker(context, url, queues)
