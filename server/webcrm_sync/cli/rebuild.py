"""`rebuild`: the tables again, after the database was lost."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TextIO

import click

from webcrm_sync.cli import common
from webcrm_sync.core.errors import Gone
from webcrm_sync.core.outlook import MailUser
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.reconciliation import recover as engine
from webcrm_sync.engine.reconciliation.recover import Rebuilt


@click.command()
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@click.option(
    "--from", "file", metavar="FILE", type=click.File(), help="Addresses, one a line; - = input."
)
@click.option("--yes", is_flag=True, help="Do not ask before doing it.")
@common.as_json
def rebuild(addresses: tuple[str, ...], file: TextIO | None, yes: bool, is_json: bool) -> None:
    """Bring back the rows of these mailboxes from Outlook's stamps and webCRM's keys.

    For an empty database (`migrate` makes one): nobody but you knows which mailboxes were
    watched. Writes nothing to webCRM; whatever was not synced yet goes its way afterwards. Can be
    run again at any time, and goes on where it was broken off.
    """
    wanted = [*addresses, *(line.strip() for line in file or () if line.strip())]
    with common.open_company() as context:
        users = _users(context, wanted)
        if not is_json and not yes and sys.stdin.isatty():
            _ask(users)
        rebuilt: Rebuilt | None = None
        for step in engine.rebuild(context, users):
            if isinstance(step, Rebuilt):
                rebuilt = step
            else:
                click.echo(step, err=True)
    assert rebuilt is not None
    if is_json:
        common.print_json(asdict(rebuilt))
    else:
        _say(rebuilt)
    sys.exit(1 if rebuilt.doubles else 0)


def _users(context: Context, wanted: list[str]) -> tuple[MailUser, ...]:
    if not wanted and not read_status(context).mailboxes:
        raise click.UsageError(
            "Name the mailboxes that were watched, or a file that lists them: the database is "
            "empty and cannot tell."
        )
    try:
        return engine.find(context, wanted)
    except Gone as error:
        raise click.ClickException(
            f"One of these mailboxes is not in this tenant. Check the spelling. ({error})"
        ) from error


def _ask(users: tuple[MailUser, ...]) -> None:
    for user in users:
        click.echo(f"{user.display_name} <{user.address}>")
    click.echo("The sync folders of these mailboxes are read, then webCRM's Activities.")
    click.confirm("Go on?", default=True, abort=True)


def _say(rebuilt: Rebuilt) -> None:
    counts = ", ".join(f"{n} {state}" for state, n in sorted(rebuilt.counts.items()))
    click.echo(f"{len(rebuilt.mailboxes)} mailboxes: {counts or 'no mails'}.")
    click.echo(f"{rebuilt.activities} Activities and {rebuilt.mirrors} mirrors were recognised.")
    if rebuilt.others:
        click.echo(f"{rebuilt.others} Activities belong to mails that lie in no sync folder now.")
    for activity_id in rebuilt.doubles:
        click.echo(
            f"Activity {activity_id} stands beside another one of the same mail under the same "
            "Organisation. Delete one of them in webCRM."
        )
