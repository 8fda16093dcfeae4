"""The command `mailbox add`: shows what is there and what will happen, asks, then starts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import IO

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.company import open_company
from webcrm_sync.cli.mailbox.add_report import Report
from webcrm_sync.cli.mailbox.wanted import from_file, is_standard_input, named_addresses
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.mailboxes.admin import Findings
from webcrm_sync.engine.mailboxes.bulk import CalledOff, run_each


@click.command()
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@from_file
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@common.without_asking
@common.as_json
def add(
    addresses: tuple[str, ...], list_file: IO[bytes] | None, dry_run: bool, yes: bool, is_json: bool
) -> None:
    """Watch the mailboxes ADDRESS...

    Shows what is there and what will happen, asks, and then starts. You can run it again at any
    time: it continues with what is missing. The exit code is 1 if a mailbox could not be added.
    """
    wanted = named_addresses(addresses, list_file)
    if not wanted:
        raise click.UsageError("Name the mailboxes, or a file that lists them: --from FILE")
    with open_company() as context, common.call_off_on_interrupt() as is_called_off:
        report = Report(context.settings.folder_name, is_dry_run=dry_run)
        found = _inspect(context, wanted, report, is_called_off)
        if not is_json:
            report.print_findings()
        if found and not dry_run and not is_called_off():
            if (
                not is_json
                and sys.stdin.isatty()
                and not (list_file and is_standard_input(list_file))
            ):
                common.confirm(yes=yes)
            _add(context, found, report, is_called_off)
    if is_json:
        common.print_json(report.to_json())
    else:
        report.print_results()
    sys.exit(report.exit_code)


def _inspect(
    context: Context, wanted: Sequence[str], report: Report, is_called_off: Callable[[], bool]
) -> Sequence[Findings]:
    """What each mailbox holds; two addresses of one mailbox count once."""
    progress = common.Progress("Looked at", len(wanted))
    found: dict[str, Findings] = {}

    def inspect(name: str) -> Findings:
        return admin.inspect(context, name)

    for outcome in run_each(context, wanted, inspect, is_called_off=is_called_off):
        progress.advance()
        if outcome.result:
            found[outcome.result.user.user_id] = outcome.result
        elif outcome.error:
            report.fail(outcome.thing, outcome.error)
    report.find(found.values())
    return tuple(found.values())


def _add(
    context: Context,
    found: Sequence[Findings],
    report: Report,
    is_called_off: Callable[[], bool],
) -> None:
    progress = common.Progress("Added", len(found))

    def add_one(findings: Findings) -> int:
        return admin.add(context, findings)

    for outcome in run_each(context, found, add_one, is_called_off=is_called_off):
        progress.advance()
        if outcome.error and not isinstance(outcome.error, CalledOff):
            report.fail(outcome.thing.user.address, outcome.error)
        elif not outcome.error:
            report.succeed(outcome.thing)
