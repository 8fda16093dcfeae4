"""`doctor`: what is wrong, and what to mend."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from webcrm_sync.cli import common
from webcrm_sync.engine.operations.doctor import CheckStatus, run_checks

_SIGNS = {CheckStatus.GOOD: "ok     ", CheckStatus.WARNING: "warning", CheckStatus.BAD: "FAILED "}


@click.command()
@common.as_json
def doctor(is_json: bool) -> None:
    """Check settings, database, sign-in, permissions, webCRM and reachability."""
    with common.open_company() as context:
        found = []
        for check in run_checks(context):
            found.append(check)
            if not is_json:
                click.echo(f"{_SIGNS[check.verdict]}  {check.name}: {check.text}")
    if is_json:
        common.print_json([asdict(check) for check in found])
    sys.exit(1 if any(c.verdict is CheckStatus.BAD for c in found) else 0)
