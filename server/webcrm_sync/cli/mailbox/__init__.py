"""The commands `mailbox add`, `list`, `remove` and their kin."""

from __future__ import annotations

import click

from webcrm_sync.cli.mailbox.add import add
from webcrm_sync.cli.mailbox.listing import list_
from webcrm_sync.cli.mailbox.pause import pause, resume
from webcrm_sync.cli.mailbox.remove import remove
from webcrm_sync.cli.mailbox.unfollow import unfollow


@click.group()
def mailbox() -> None:
    """Manage the watched mailboxes."""


for command in (add, list_, pause, resume, remove, unfollow):
    mailbox.add_command(command)
