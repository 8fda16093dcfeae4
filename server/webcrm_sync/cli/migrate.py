"""The command `migrate`: creates or upgrades the database."""

from __future__ import annotations

import click

from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync.cli import common


@click.command()
def migrate() -> None:
    """Create the database if it is missing and upgrade it to this version."""
    with common.plain_errors():
        migrate_database(common.settings())
    click.echo("The database is ready.")
