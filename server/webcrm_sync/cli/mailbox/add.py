"""The command `mailbox add`: shows what is there and what will happen, asks, then starts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import IO

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.company import open_company
from webcrm_sync.cli.mailbox.add_report import NamedGroup, Report
from webcrm_sync.cli.wanted import (
    OBJECT_ID,
    Wanted,
    from_file,
    is_standard_input,
    named_mailboxes,
)
from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.outlook import GroupMember
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.mailboxes import admin, groups, lease
from webcrm_sync.engine.mailboxes.admin import Findings
from webcrm_sync.engine.mailboxes.bulk import CalledOff, run_each

_PAUSED = "It is watched and paused: `webcrm-sync mailbox resume` ends that."
_GUEST = "A guest has no mailbox in this tenant."


@click.command()
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@from_file
@click.option(
    "--group",
    "group_id",
    metavar="ID",
    type=OBJECT_ID,
    help="The object id of a group in Entra, which is followed from then on: members who join it"
    " are added, those who leave it are reported.",
)
@click.option(
    "--take-over",
    is_flag=True,
    help="Take the mailboxes over from another installation, which then stops; without ADDRESS,"
    " --from and --group all those that `status` names as worked on elsewhere.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@common.without_asking
@common.as_json
def add(
    addresses: tuple[str, ...],
    list_file: IO[bytes] | None,
    group_id: str | None,
    take_over: bool,
    dry_run: bool,
    yes: bool,
    is_json: bool,
) -> None:
    """Watch mailboxes: named, in a file, or of a group.

    Shows what is there and what will happen, asks, and then starts. You can run it again at any
    time: it continues with what is missing. The exit code is 1 if a mailbox could not be added.
    """
    wanted = named_mailboxes(addresses, list_file)
    if not (wanted or group_id or take_over):
        raise click.UsageError("Name the mailboxes: ADDRESS..., --from FILE or --group ID.")
    is_typed = list_file is not None and is_standard_input(list_file)
    is_asking = not (is_json or yes or is_typed) and sys.stdin.isatty()
    with open_company() as context, common.call_off_on_interrupt() as is_called_off:
        is_all = not (wanted or group_id)
        if is_all:
            wanted = [Wanted(box, box) for box in lease.list_watched(context)]
        members = _list_members(context, group_id) if group_id else ()
        group = NamedGroup(group_id, groups.read_name(context, group_id)) if group_id else None
        report = Report(
            context.settings.folder_name, group, is_dry_run=dry_run, is_take_over_of_all=is_all
        )
        run = _Run(context, report, is_called_off, take_over=take_over)
        run.inspect([*wanted, *_wanted(members, report)])
        if not is_json:
            report.print_findings()
        if not dry_run and not is_called_off():
            if is_asking and (report.found or group_id):
                common.confirm(yes=yes)
            run.add()
            if not is_called_off():
                run.follow(members)
    if is_json:
        common.print_json(report.to_json())
    else:
        report.print_results()
    sys.exit(report.exit_code)


def _list_members(context: Context, group_id: str) -> Sequence[GroupMember]:
    try:
        return context.graph.list_group_members(group_id)
    except SyncError as error:
        raise click.ClickException(groups.explain_group_failure(error)) from error


def _wanted(members: Sequence[GroupMember], report: Report) -> Sequence[Wanted]:
    """The members without guests, which the report names as left out."""
    for guest in (m for m in members if m.is_guest):
        report.left_out[guest.address] = _GUEST
    return [Wanted(m.address or m.user_id, m.user_id) for m in members if not m.is_guest]


class _Run:
    """One run of the command: what it finds and does goes into the report."""

    def __init__(
        self,
        context: Context,
        report: Report,
        is_called_off: Callable[[], bool],
        *,
        take_over: bool,
    ) -> None:
        self._context = context
        self._report = report
        self._is_called_off = is_called_off
        self._take_over = take_over
        #: why a mailbox failed, by the key that named it and by its user id
        self._troubles: dict[str, str] = {}

    def inspect(self, wanted: Sequence[Wanted]) -> None:
        """Look at each mailbox; several names of one mailbox count once."""
        progress = common.Progress("Looked at", len(wanted))
        found: dict[str, Findings] = {}
        outcomes = run_each(
            self._context,
            wanted,
            self._inspect,
            is_called_off=self._is_called_off,
        )
        for outcome in outcomes:
            progress.advance()
            if outcome.result and outcome.result.is_paused:
                self._report.left_out[outcome.result.user.address] = _PAUSED
            elif outcome.result:
                found[outcome.result.user.user_id] = outcome.result
            elif outcome.error:
                why = self._report.fail(outcome.thing.name, outcome.error)
                self._troubles[outcome.thing.key] = why
        self._report.find(found.values())
        if self._report.is_take_over_of_all:
            self._report.keep_held_elsewhere(lease.list_elsewhere(self._context))

    def _inspect(self, one: Wanted) -> Findings:
        findings = admin.inspect(self._context, one.key)
        if not self._take_over:
            admin.refuse_rival(self._context, findings, is_trial=self._report.is_dry_run)
        return findings

    def add(self) -> None:
        """Add what was found."""
        found = tuple(self._report.found.values())
        progress = common.Progress("Added", len(found))
        outcomes = run_each(
            self._context,
            found,
            lambda one: admin.add(self._context, one, take_over=self._take_over),
            is_called_off=self._is_called_off,
        )
        for outcome in outcomes:
            progress.advance()
            user = outcome.thing.user
            if outcome.error is None:
                self._report.succeed(outcome.thing)
            elif not isinstance(outcome.error, CalledOff):
                self._troubles[user.user_id] = self._report.fail(user.address, outcome.error)

    def follow(self, members: Sequence[GroupMember]) -> None:
        """Follow the named group; members whose mailboxes failed are tried again by themselves."""
        if group := self._report.group:
            groups.follow(self._context, group.group_id, group.name, members, self._troubles)
            self._report.is_followed = True
