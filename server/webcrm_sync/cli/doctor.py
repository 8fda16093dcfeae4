"""The command `doctor`: what is wrong, and how to fix it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import chain

import click

from webcrm_sync.bootstrap.clients import open_clients
from webcrm_sync.bootstrap.context import open_unchecked_context
from webcrm_sync.bootstrap.local import utc_now
from webcrm_sync.cli import common
from webcrm_sync.cli.doctor_checks import check_addin, check_listen
from webcrm_sync.core.addresses import find_addresses
from webcrm_sync.engine.operations.doctor import Check, Verdict, run_checks
from webcrm_sync.engine.operations.doctor.machine import check_machine
from webcrm_sync.engine.operations.doctor.mailboxes import MailboxToTry
from webcrm_sync.engine.operations.doctor.public_url import check_public_url
from webcrm_sync.engine.operations.doctor.run import check_services
from webcrm_sync.settings import Settings, SettingsError
from webcrm_sync.store.webcrm_line import Caller

_LABELS = {Verdict.OK: "ok     ", Verdict.WARNING: "warning", Verdict.FAILED: "FAILED "}


@click.command()
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@common.as_json
def doctor(addresses: tuple[str, ...], is_json: bool) -> None:
    """Check the settings and every service.

    Checks this machine, the database, sign-in, permissions, every mailbox, webCRM and
    reachability, and says how to fix what fails. It writes a draft and a category into one watched
    mailbox, and a small Document into webCRM, and deletes them at once. With ADDRESS it tries these
    mailboxes too, before you add them.

    Exit code 1: a check failed.
    """
    found = []
    named = {argument: find_addresses(argument) for argument in addresses}
    wrong = [argument for argument, one in named.items() if len(one) != 1]
    right = [one[0] for one in named.values() if len(one) == 1]
    for check in chain(_refuse_arguments(wrong), _find_checks([*dict.fromkeys(right)])):
        found.append(check)
        if not is_json:
            click.echo(f"{_LABELS[check.verdict]}  {check.name}: {check.text}")
    if is_json:
        common.print_json([asdict(check) for check in found])
    sys.exit(1 if any(c.verdict is Verdict.FAILED for c in found) else 0)


def _refuse_arguments(wrong: Sequence[str]) -> Iterator[Check]:
    for argument in wrong:
        text = f"'{argument}' is no address such as kim@example.com. Nothing was tried with it"
        yield Check("mailboxes", Verdict.FAILED, text)


def _find_checks(addresses: Sequence[str]) -> Iterator[Check]:
    """Every check that is possible: without settings no other, without a database the others."""
    try:
        settings = common.settings()
    except SettingsError as error:
        yield from (Check("settings", Verdict.FAILED, line) for line in error.lines)
        return
    yield from check_machine(settings, utc_now())
    yield from check_addin()
    yield from check_listen(settings)
    try:
        with open_unchecked_context(settings, caller=Caller.PERSON) as context:
            yield from run_checks(context, addresses)
    except common.EXPECTED_ERRORS as error:
        yield Check("database", Verdict.FAILED, common.describe(error))
        yield from _check_without_database(settings, addresses)


def _check_without_database(settings: Settings, addresses: Sequence[str]) -> Iterator[Check]:
    with open_clients(settings) as clients:
        yield from check_services(clients, [MailboxToTry(address, None) for address in addresses])
    yield from check_public_url(settings, (), utc_now())
