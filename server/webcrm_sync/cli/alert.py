"""The command `alert`: which troubles people were told about, and a test of the ways to them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from webcrm_sync.cli import common
from webcrm_sync.core.alerts import Channel
from webcrm_sync.store import alerts
from webcrm_sync.store.alerts import Alert

_NAMES = {Channel.MAIL: "mail", Channel.WEBHOOK: "webhook"}
_NOBODY = (
    "Nobody is told: no receiver is set. For mails set WEBCRM_SYNC_ALERT_MAIL_TO and "
    "WEBCRM_SYNC_SMTP_HOST, for a webhook WEBCRM_SYNC_ALERT_WEBHOOK_URL and "
    "WEBCRM_SYNC_ALERT_WEBHOOK_SECRET."
)


@click.command()
@click.option("--test", is_flag=True, help="Send a test message and say what came back.")
@common.as_json
def alert(test: bool, is_json: bool) -> None:
    """Show the alerts, or send a test message.

    `--test` works without a database. Exit code 1: a message was not accepted, or nobody is told.
    """
    if test:
        _test(is_json=is_json)
        return
    with common.open_tables() as context, context.begin() as tx:
        found = [one for one in alerts.read_all(tx) if one.state.is_open]
        unsent = alerts.read_unsent(tx)
    if is_json:
        common.print_json({"open": [_as_json(one) for one in found], "unsent": unsent})
        return
    _print(found)
    for channel, why in unsent.items():
        click.echo(f"Messages by {_NAMES[channel]} cannot be sent: {why}")


def _as_json(one: Alert) -> dict[str, Any]:
    state = one.state
    facts = {"kind": one.kind, "severity": one.severity, "sentence": one.sentence}
    return {**facts, "number": one.number, "since": state.opened_at, "seen": state.last_seen_at}


def _print(found: Sequence[Alert]) -> None:
    for one in found:
        click.echo(f"{one.state.opened_at:%Y-%m-%d %H:%M} UTC  {one.severity}: {one.sentence}")
    if not found:
        click.echo("No alert is open.")


def _test(*, is_json: bool) -> None:
    from webcrm_sync.engine.alerts.trial import try_channels  # loads httpx

    with common.plain_errors():
        results = list(try_channels(common.settings()))
    if is_json:
        common.print_json([asdict(result) for result in results])
    elif not results:
        raise click.ClickException(_NOBODY)
    else:
        for result in results:
            word = "sent" if result.is_sent else "NOT SENT"
            click.echo(f"{_NAMES[result.channel]}: {word}: {result.text}")
    sys.exit(0 if results and all(result.is_sent for result in results) else 1)
