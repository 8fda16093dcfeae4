"""The command `mailbox unfollow`."""

from __future__ import annotations

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.wanted import OBJECT_ID
from webcrm_sync.engine.mailboxes import groups


@click.command()
@click.argument("group_id", metavar="ID", type=OBJECT_ID)
def unfollow(group_id: str) -> None:
    """Stop following the group with the object id ID. Its mailboxes stay watched."""
    with common.open_tables() as context:
        groups.unfollow(context, group_id)
    click.echo(f"The group {group_id} is no longer followed. Its mailboxes stay watched.")
