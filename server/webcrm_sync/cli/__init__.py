"""The command `webcrm-sync`. Each command says what it did, or what to do about a failure."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import click

from webcrm_sync import logs
from webcrm_sync.cli import doctor, mailbox, manifest, prove, rebuild, serve, status


class _Commands(click.Group):
    """The product's commands, and those that other distributions add, such as `demo`.

    An added command is loaded by its entry point when somebody runs it: the product never imports
    the sandbox.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        added = [entry.name for entry in entry_points(group=_GROUP)]
        return sorted([*super().list_commands(ctx), *added])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for entry in entry_points(group=_GROUP, name=cmd_name):
            command: click.Command = entry.load()
            return command
        return super().get_command(ctx, cmd_name)


_GROUP = "webcrm_sync.commands"


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="webcrm-sync")
@click.option("--log-level", default="info", show_default=True, help="debug, info or warning.")
def cli(log_level: str) -> None:
    """Sync Outlook and webCRM.

    Mails in the folder "webCRM sync" are filed in webCRM under their Organisation; mails sent from
    webCRM appear in Outlook. Settings come from environment variables WEBCRM_SYNC_... and `.env`.
    """
    logs.configure(log_level.upper())


cli.add_command(serve.serve)
cli.add_command(serve.web)
cli.add_command(serve.worker)
cli.add_command(serve.migrate)
cli.add_command(mailbox.mailbox)
cli.add_command(status.status)
cli.add_command(status.explain)
cli.add_command(prove.prove)
cli.add_command(rebuild.rebuild)
cli.add_command(doctor.doctor)
cli.add_command(manifest.manifest)


def main() -> None:
    """The entry point of the command."""
    sys.exit(cli())
