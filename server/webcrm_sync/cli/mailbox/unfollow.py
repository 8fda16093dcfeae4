"""The command `mailbox unfollow`."""

from __future__ import annotations

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.wanted import OBJECT_ID
from webcrm_sync.core.group_members import describe_group
from webcrm_sync.engine.mailboxes import groups


@click.command()
@click.argument("group_id", metavar="ID", type=OBJECT_ID)
def unfollow(group_id: str) -> None:
    """Stop following a group; its mailboxes stay.

    ID: its object id in Entra; `status` shows it.
    """
    with common.open_tables() as context:
        group = groups.unfollow(context, group_id)
    label = describe_group(group.group_id, group.name)
    click.echo(f"The group {label} is no longer followed. Its mailboxes stay watched.")
