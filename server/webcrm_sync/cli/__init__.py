"""The command `webcrm-sync`. Each command says what it did, or what to do about a failure."""

from __future__ import annotations

import sys

import click

from webcrm_sync import logs
from webcrm_sync.cli.lazy_commands import LazyCommands


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="webcrm-sync")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
    default="info",
    show_default=True,
    help="The least important log lines that are written.",
)
def cli(log_level: str) -> None:
    """Sync Outlook and webCRM.

    Mails in the folder "webCRM sync" are filed in webCRM under their Organisation; mails sent from
    webCRM appear in Outlook. Settings come from environment variables WEBCRM_SYNC_... and `.env`.
    """
    logs.configure(log_level.upper())


def main() -> None:
    """The entry point of the command."""
    sys.exit(cli())
