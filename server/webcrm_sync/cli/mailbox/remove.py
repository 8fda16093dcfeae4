"""The command `mailbox remove`."""

from __future__ import annotations

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.company import open_company
from webcrm_sync.core.group_members import describe_group
from webcrm_sync.engine.mailboxes import admin


@click.command()
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@common.without_asking
def remove(addresses: tuple[str, ...], yes: bool) -> None:
    """Stop watching mailboxes and delete their rows.

    Asks first; without a terminal it needs --yes.
    Filed mails in webCRM and mails in Outlook stay unchanged.
    """
    with open_company() as context:
        boxes = {box.id: box for box in (admin.find_watched(context, a) for a in addresses)}
        for box in boxes.values():
            click.echo(f"{box.display_name} <{box.address}>")
        click.echo(
            "The rows of these mailboxes will be deleted, and mails that are not filed yet will not"
            " be filed. Mails in Outlook and Activities in webCRM stay unchanged."
        )
        common.confirm(yes=yes, default=False)
        for box in boxes.values():
            for trouble in admin.remove(context, box.address):
                click.echo(f"Not removed at Microsoft; it ends by itself: {trouble}", err=True)
            click.echo(f"{box.address} is no longer watched.")
            for group in admin.groups_of(context, box.user_id):
                label = describe_group(group.group_id, group.name)
                click.echo(
                    f"Its owner is a member of the followed group {label}, which will not add it"
                    " again: only `mailbox add` does."
                )
