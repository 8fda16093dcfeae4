"""The commands `mailbox pause` and `mailbox resume`."""

from __future__ import annotations

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.company import open_company
from webcrm_sync.engine.mailboxes import admin, pausing

_addresses = click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)


@click.command()
@_addresses
def pause(addresses: tuple[str, ...]) -> None:
    """Pause mailboxes: nothing is read or written.

    Their subscriptions at Microsoft end.
    What happens meanwhile in Outlook and webCRM is found after `mailbox resume`.
    """
    with open_company() as context:
        boxes = [admin.find_watched(context, address) for address in addresses]
        for box in boxes:
            was_running = pausing.pause(context, box)
            state = "is now paused" if was_running else "was paused already"
            click.echo(f"{box.address} {state}. Resume it: webcrm-sync mailbox resume")


@click.command()
@_addresses
def resume(addresses: tuple[str, ...]) -> None:
    """Resume paused mailboxes and catch up."""
    with common.open_tables() as context:
        boxes = [admin.find_watched(context, address) for address in addresses]
        for box in boxes:
            was_paused = pausing.resume(context, box)
            click.echo(
                f"{box.address} is resumed and catches up now."
                if was_paused
                else f"{box.address} was not paused."
            )
