"""The command `explain`: what happened to a mail."""

from __future__ import annotations

from dataclasses import asdict

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.company import open_company
from webcrm_sync.engine.history.timeline import Timeline, read_timelines


@click.command()
@click.argument("message_id")
@common.as_json
def explain(message_id: str, is_json: bool) -> None:
    """Show what happened to a mail, in sentences.

    MESSAGE_ID: from the mail's internet headers.
    """
    if not message_id.strip():
        raise click.UsageError("Give the Message-ID of a mail, such as <1@mail.example>.")
    with open_company() as context:
        timelines = read_timelines(context, message_id)
    if is_json and timelines:
        common.print_json([asdict(timeline) for timeline in timelines])
        return
    if not timelines:
        raise click.ClickException(
            "No mail with this Message-ID was found in a sync folder. "
            "Is its mailbox watched (`webcrm-sync mailbox list`), and is the mail in the folder?"
        )
    for timeline in timelines:
        _print_timeline(timeline)


def _print_timeline(timeline: Timeline) -> None:
    click.echo(f"{timeline.subject or '(no subject)'}  ({timeline.direction})")
    for copy in timeline.copies:
        click.echo(f"  {copy.mailbox}: {copy.sentence}")
    for activity_id, organisation in timeline.activities.items():
        click.echo(f"  In webCRM: Activity {activity_id} under {organisation}")
    for entry in timeline.lines:
        click.echo(f"  {entry.at:%Y-%m-%d %H:%M:%S}  {entry.sentence}")
