"""`status` and `explain`."""

from __future__ import annotations

from dataclasses import asdict

import click

from webcrm_sync.cli import ground
from webcrm_sync.engine.status import MailboxStatus, read_status
from webcrm_sync.engine.story import Story
from webcrm_sync.engine.story import explain as stories_of


@click.command()
@ground.as_json
def status(is_json: bool) -> None:
    """Say how the service stands: push, webCRM, and every mailbox."""
    with ground.parts() as parts:
        found = read_status(parts)
    if is_json:
        ground.print_json(asdict(found))
        return
    click.echo(f"Push is {'on' if found.is_pushed else 'off'}: {found.push_why}.")
    click.echo(f"webCRM: {found.webcrm_trouble or 'no trouble'}.")
    if found.directory_read_at is None:
        click.echo("The addresses of webCRM's contacts have not been read yet.")
    for box in found.mailboxes:
        click.echo(_line(box))
    if not found.mailboxes:
        click.echo("No mailbox is watched yet. Add one: webcrm-sync mailbox add ADDRESS")


def _line(box: MailboxStatus) -> str:
    order = ("synced", "mirrored", "waiting", "parked", "skipped")
    counts = [f"{box.counts.get(state, 0)} {state}" for state in order if box.counts.get(state)]
    if box.on_the_way:
        counts.append(f"{box.on_the_way} on the way")
    text = f"{box.address}: {', '.join(counts) or 'no mails yet'}"
    return f"{text}. {box.trouble}" if box.trouble else text


@click.command()
@click.argument("message_id")
@ground.as_json
def explain(message_id: str, is_json: bool) -> None:
    """Tell the story of the mail with MESSAGE_ID, in sentences."""
    with ground.parts() as parts:
        stories = stories_of(parts, message_id)
    if is_json:
        ground.print_json([asdict(story) for story in stories])
        return
    if not stories:
        raise click.ClickException(
            "No mail with this Message-ID was met in a sync folder. "
            "Is its mailbox watched (`webcrm-sync mailbox list`), and is it in the folder?"
        )
    for story in stories:
        _tell(story)


def _tell(story: Story) -> None:
    click.echo(f"{story.subject or '(no subject)'}  ({story.direction})")
    for copy in story.copies:
        click.echo(f"  {copy.mailbox}: {copy.sentence}")
    for activity_id, organisation in story.activities.items():
        click.echo(f"  In webCRM: Activity {activity_id} under {organisation}")
    for line in story.lines:
        click.echo(f"  {line.at:%Y-%m-%d %H:%M:%S}  {line.sentence}")
