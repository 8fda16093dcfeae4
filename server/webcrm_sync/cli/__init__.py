"""`webcrm-sync`: the commands. Each says what it did and, when it could not, the way out."""

from __future__ import annotations

import sys

import click

from webcrm_sync import logs
from webcrm_sync.cli import demo, doctor, mailbox, report, serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="webcrm-sync")
@click.option("--log-level", default="info", show_default=True, help="debug, info or warning.")
def cli(log_level: str) -> None:
    """Join Outlook and webCRM.

    Mails in the folder "webCRM sync" stand in webCRM under their Organisation; mails sent from
    webCRM stand in Outlook. Settings come from environment variables WEBCRM_SYNC_... and `.env`.
    """
    logs.configure(log_level.upper())


cli.add_command(serve.serve)
cli.add_command(serve.web)
cli.add_command(serve.worker)
cli.add_command(serve.migrate)
cli.add_command(mailbox.mailbox)
cli.add_command(report.status)
cli.add_command(report.explain)
cli.add_command(doctor.doctor)
cli.add_command(demo.demo)


def main() -> None:
    """Entry point of the command."""
    sys.exit(cli())
