"""What the commands say about followed groups, leavers and paused mailboxes."""

from __future__ import annotations

from datetime import datetime

import click

from webcrm_sync.cli.common import count
from webcrm_sync.core.group_members import describe_group
from webcrm_sync.engine.operations.status import GroupStatus


def print_group(group: GroupStatus) -> None:
    """Print how it stands with a followed group, and which mailboxes it could not add."""
    at = f"last look {group.looked_at:%Y-%m-%d %H:%M} UTC" if group.looked_at else "no look yet"
    label = describe_group(group.group_id, group.name)
    click.echo(f"Group {label}: {count(group.members, 'member')}, {at}.")
    if group.trouble:
        click.echo(f"  {group.trouble}")
    for address, why in sorted(group.not_added.items()):
        click.echo(f"  {address} is not watched. {why}")


def departure_sentence(left_at: datetime, group: str) -> str:
    """Say that the owner of a mailbox left its group, and what to do."""
    return (
        f"Left the followed group {group} ({left_at:%Y-%m-%d}). Decide: `webcrm-sync mailbox"
        " remove` or, to keep it, `webcrm-sync mailbox add`."
    )


def pause_sentence(paused_at: datetime) -> str:
    """Say that an administrator paused a mailbox, and how to go on."""
    return (
        f"Paused on {paused_at:%Y-%m-%d %H:%M} UTC: nothing is read or written. Go on:"
        " `webcrm-sync mailbox resume`."
    )
