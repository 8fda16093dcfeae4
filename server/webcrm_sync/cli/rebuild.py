"""The command `rebuild`: restores the tables after the database was lost."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import IO

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.company import open_company
from webcrm_sync.cli.wanted import from_file, named_mailboxes
from webcrm_sync.core.errors import Gone, TryLater
from webcrm_sync.core.outlook import MailUser
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.reconciliation import call_off
from webcrm_sync.engine.reconciliation import recover as engine
from webcrm_sync.engine.reconciliation.recover import Rebuilt

_INTERRUPTED = (
    "No mail is filed until the rebuild is complete. Run it again: it continues; or call it off:"
    " webcrm-sync rebuild --call-off"
)


@click.command()
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@from_file
@click.option(
    "--call-off",
    "is_ending",
    is_flag=True,
    help="End a rebuild that was interrupted, and forget the mailboxes that it added.",
)
@click.option(
    "--take-over",
    is_flag=True,
    help="Take the mailboxes over from the installation whose database was lost.",
)
@common.without_asking
@common.as_json
def rebuild(
    addresses: tuple[str, ...],
    list_file: IO[bytes] | None,
    is_ending: bool,
    take_over: bool,
    yes: bool,
    is_json: bool,
) -> None:
    """Restore the tables after the database was lost.

    Start with an empty database (`migrate` creates one) and name the mailboxes that were watched.
    The command reads the stamps in Outlook and the keys in webCRM. It writes nothing to webCRM;
    mails that were not synced yet are filed afterwards. It asks first. Ctrl+C calls it off. After
    any other interruption run it again: it continues.
    """
    named = [one.key for one in named_mailboxes(addresses, list_file)]
    with open_company() as context:
        if is_ending:
            _call_off(context, named, yes=yes, is_json=is_json)
            return
        users = _find_users(context, named)
        _confirm(context, users, yes=yes)
        rebuilt = _run(context, users, take_over=take_over)
        if rebuilt is None:
            _print_called_off(call_off.call_off(context), is_json=is_json)
            sys.exit(1)
    if is_json:
        common.print_json(asdict(rebuilt))
    else:
        _print_result(rebuilt)
    sys.exit(1 if rebuilt.doubles else 0)


def _run(context: Context, users: tuple[MailUser, ...], *, take_over: bool) -> Rebuilt | None:
    """The result of the rebuild, None = a person called it off."""
    with common.call_off_on_interrupt() as is_called_off:
        try:
            for step in engine.rebuild(context, users, take_over=take_over):
                if isinstance(step, Rebuilt):
                    return step
                if is_called_off():
                    return None
                _refuse_ended(context)
                click.echo(step, err=True)
        except TryLater as error:
            if is_called_off():
                return None
            _refuse_ended(context)
            raise click.ClickException(f"{error}\n{_INTERRUPTED}") from error
    raise AssertionError("a rebuild ends with its result")


def _refuse_ended(context: Context) -> None:
    if not call_off.is_under_way(context):
        raise click.ClickException("Another command has called this rebuild off.")


def _call_off(context: Context, named: list[str], *, yes: bool, is_json: bool) -> None:
    if named:
        raise click.UsageError("--call-off takes no mailboxes: it ends the rebuild as a whole.")
    for box in call_off.added_mailboxes(context):
        click.echo(f"{box.display_name} <{box.address}>", err=True)
    click.echo(
        "The rows of these mailboxes will be deleted. webCRM and Outlook stay unchanged.", err=True
    )
    common.confirm(yes=yes, default=False)
    _print_called_off(call_off.call_off(context), is_json=is_json)


def _print_called_off(removed: Sequence[str], *, is_json: bool) -> None:
    if is_json:
        common.print_json({"is_called_off": True, "removed": removed})
        return
    boxes = common.count(len(removed), "mailbox")
    click.echo(f"The rebuild is called off; {boxes} that it added are forgotten.")


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


def _confirm(context: Context, users: tuple[MailUser, ...], *, yes: bool) -> None:
    watched = len(read_status(context).mailboxes)
    for user in users:
        click.echo(f"{user.display_name} <{user.address}>", err=True)
    click.echo(
        f"The sync folders of these and of all watched mailboxes ({watched}) will be read, then the"
        " Activities in webCRM. Until that is complete, no mail is filed.",
        err=True,
    )
    common.confirm(yes=yes, default=False)


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
