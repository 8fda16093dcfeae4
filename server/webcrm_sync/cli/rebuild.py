"""The command `rebuild`: restores the tables after the database was lost."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TextIO

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.company import open_company
from webcrm_sync.core.errors import Gone
from webcrm_sync.core.outlook import MailUser
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.reconciliation import recover as engine
from webcrm_sync.engine.reconciliation.recover import Rebuilt


@click.command()
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@click.option(
    "--from",
    "file",
    metavar="FILE",
    type=click.File(),
    help="A file with one address per line; - = standard input.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@common.as_json
def rebuild(addresses: tuple[str, ...], file: TextIO | None, yes: bool, is_json: bool) -> None:
    """Restore the tables after the database was lost.

    Start with an empty database (`migrate` creates one) and name the mailboxes that were watched.
    The command reads the stamps in Outlook and the keys in webCRM. It writes nothing to webCRM;
    mails that were not synced yet are filed afterwards. You can run it again at any time: it
    continues where it was interrupted.
    """
    named = [*addresses, *(line.strip() for line in file or () if line.strip())]
    with open_company() as context:
        users = _find_users(context, named)
        if not is_json and not yes and sys.stdin.isatty():
            _confirm(users)
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
        _print_result(rebuilt)
    sys.exit(1 if rebuilt.doubles else 0)


def _find_users(context: Context, named: list[str]) -> tuple[MailUser, ...]:
    if not named and not read_status(context).mailboxes:
        raise click.UsageError(
            "Name the mailboxes that were watched, or a file that lists them: the database is "
            "empty and does not know them."
        )
    try:
        return engine.find_users(context, named)
    except Gone as error:
        raise click.ClickException(
            f"One of these mailboxes is not in this tenant. Check the spelling. ({error})"
        ) from error


def _confirm(users: tuple[MailUser, ...]) -> None:
    for user in users:
        click.echo(f"{user.display_name} <{user.address}>")
    click.echo("The sync folders of these mailboxes will be read, then the Activities in webCRM.")
    click.confirm("Continue?", default=True, abort=True)


def _print_result(rebuilt: Rebuilt) -> None:
    counts = ", ".join(f"{n} {state}" for state, n in sorted(rebuilt.counts.items()))
    click.echo(f"{common.count(len(rebuilt.mailboxes), 'mailbox')}: {counts or 'no mails'}.")
    activities = common.count(rebuilt.activities, "Activity")
    click.echo(f"Recognised {activities} and {common.count(rebuilt.mirrors, 'mirrored mail')}.")
    if rebuilt.others:
        others = common.count(rebuilt.others, "Activity")
        click.echo(f"Found {others} of mails that are in no sync folder now.")
    for activity_id in rebuilt.doubles:
        click.echo(
            f"Activity {activity_id} is one of two Activities of the same mail under the same "
            "Organisation. Delete one of them in webCRM."
        )
