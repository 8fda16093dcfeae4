"""The command `doctor`: what is wrong, and how to fix it."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.company import open_company
from webcrm_sync.engine.operations.doctor import Verdict, run_checks
from webcrm_sync.store.webcrm_line import Caller

_LABELS = {Verdict.OK: "ok     ", Verdict.WARNING: "warning", Verdict.FAILED: "FAILED "}


@click.command()
@common.as_json
def doctor(is_json: bool) -> None:
    """Check the settings and every service.

    Checks database, sign-in, permissions, webCRM and reachability, and says how to fix what fails.

    Exit code 1: a check failed.
    """
    with open_company(Caller.PERSON) as context:
        found = []
        for check in run_checks(context):
            found.append(check)
            if not is_json:
                click.echo(f"{_LABELS[check.verdict]}  {check.name}: {check.text}")
    if is_json:
        common.print_json([asdict(check) for check in found])
    sys.exit(1 if any(c.verdict is Verdict.FAILED for c in found) else 0)
