"""The command `mailbox list`."""

from __future__ import annotations

from dataclasses import asdict

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.groups import departure_sentence, pause_sentence, print_group
from webcrm_sync.engine.operations.status import read_status


@click.command(name="list")
@common.as_json
def list_(is_json: bool) -> None:
    """List the watched mailboxes."""
    with common.open_tables() as context:
        found = read_status(context)
    boxes = found.mailboxes
    if is_json:
        common.print_json([asdict(box) for box in boxes])
        return
    for box in boxes:
        click.echo(f"{box.address}{f'  ({box.trouble})' if box.trouble else ''}")
        if box.paused_at:
            click.echo(f"  {pause_sentence(box.paused_at)}")
        if box.left_group_at and box.left_group:
            click.echo(f"  {departure_sentence(box.left_group_at, box.left_group)}")
    for group in found.groups:
        print_group(group)
    if not boxes:
        click.echo("No mailbox is watched yet. Add one: webcrm-sync mailbox add ADDRESS")
