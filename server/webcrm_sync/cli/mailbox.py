"""The commands `mailbox add`, `mailbox list` and `mailbox remove`."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.company import open_company
from webcrm_sync.core.errors import Gone
from webcrm_sync.engine.history.event_text import PLACES
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.mailboxes.admin import Findings, FolderFindings
from webcrm_sync.engine.operations.status import read_status


@click.group()
def mailbox() -> None:
    """Manage the watched mailboxes."""


@mailbox.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@common.as_json
def add(address: str, yes: bool, is_json: bool) -> None:
    """Watch the mailbox ADDRESS.

    Shows what is there and what will happen, asks, and then starts.
    """
    with open_company() as context:
        try:
            findings = admin.inspect(context, address)
        except Gone as error:
            raise click.ClickException(
                f"There is no mailbox {address} in this tenant. Check the spelling."
            ) from error
        if not is_json:
            _print_findings(findings, context.settings.folder_name)
            if sys.stdin.isatty() and not yes:
                click.confirm("Continue?", default=True, abort=True)
        admin.add(context, findings)
    if is_json:
        common.print_json(_to_json(findings))
    else:
        click.echo(f"{findings.user.address} is now watched.")


def _print_findings(findings: Findings, folder_name: str) -> None:
    user = findings.user
    kind = "a shared mailbox" if user.is_shared else "a person's mailbox"
    click.echo(f"{user.display_name} <{user.address}>: {kind}.")
    if findings.is_watched:
        click.echo(
            "It is watched already; its folders and categories will be checked and repaired."
        )
    for folder in findings.folders:
        click.echo(f"  {_folder_sentence(folder, folder_name)}")
    click.echo(
        "Mails in these folders will be filed in webCRM under their Organisation and marked with "
        "the categories 'webCRM sync' and 'Synced'. Nothing outside these folders is read."
    )


def _folder_sentence(folder: FolderFindings, name: str) -> str:
    where = PLACES[folder.place]
    if folder.name is None:
        return f"The folder '{name}' {where} will be created."
    if not folder.mails:
        return f"The folder '{folder.name}' {where} exists and is empty."
    new, mails = folder.mails - folder.synced_before, common.count(folder.mails, "mail")
    text = f"The folder '{folder.name}' {where} holds {mails}: {new} will be synced"
    if folder.synced_before:
        text += f", {folder.synced_before} already marked Synced will stay unchanged"
    return f"{text}."


def _to_json(findings: Findings) -> dict[str, object]:
    return {
        "address": findings.user.address,
        "display_name": findings.user.display_name,
        "is_shared": findings.user.is_shared,
        "was_watched": findings.is_watched,
        "folders": [asdict(folder) for folder in findings.folders],
    }


@mailbox.command(name="list")
@common.as_json
def list_(is_json: bool) -> None:
    """List the watched mailboxes."""
    with open_company() as context:
        boxes = read_status(context).mailboxes
    if is_json:
        common.print_json([asdict(box) for box in boxes])
        return
    for box in boxes:
        click.echo(f"{box.address}{f'  ({box.trouble})' if box.trouble else ''}")
    if not boxes:
        click.echo("No mailbox is watched yet. Add one: webcrm-sync mailbox add ADDRESS")


@mailbox.command()
@click.argument("address")
def remove(address: str) -> None:
    """Stop watching ADDRESS and delete its rows.

    Filed mails in webCRM and mails in Outlook stay unchanged.
    """
    with open_company() as context:
        for trouble in admin.remove(context, address):
            click.echo(f"Not removed at Microsoft; it ends by itself: {trouble}")
    click.echo(f"{address} is no longer watched.")
