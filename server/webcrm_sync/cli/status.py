"""`status` and `explain`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from webcrm_sync.cli import common
from webcrm_sync.engine.history.timeline import Timeline
from webcrm_sync.engine.history.timeline import read_timelines as stories_of
from webcrm_sync.engine.operations.status import LastProof, MailboxStatus, read_status


@click.command()
@click.option("--mails", is_flag=True, help="Name the newest mails that wait or need a person.")
@common.as_json
def status(mails: bool, is_json: bool) -> None:
    """Say how the service stands: push, webCRM, and every mailbox.

    What `--mails` names (or `--json`), `explain` tells the story of.
    """
    with common.open_company() as context:
        found = read_status(context)
    if is_json:
        common.print_json(asdict(found))
        return
    click.echo(f"Push is {'on' if found.is_pushed else 'off'}: {found.push_why}.")
    click.echo(f"webCRM: {found.webcrm_trouble or 'no trouble.'}")
    if found.directory_read_at is None:
        click.echo("The addresses of webCRM's contacts have not been read yet.")
    if found.rebuilding_since:
        click.echo(
            "A rebuilding is under way or was broken off: nothing is filed before "
            "`webcrm-sync rebuild` has come to its end."
        )
    for job in found.held_jobs:
        about = f" of {job.about}" if job.about else ""
        click.echo(f"The job '{job.task}'{about} waits. {job.trouble}")
    click.echo(_proof(found.proved, [box.proved for box in found.mailboxes]))
    for box in found.mailboxes:
        _say(box, mails=mails)
    if not found.mailboxes:
        click.echo("No mailbox is watched yet. Add one: webcrm-sync mailbox add ADDRESS")


def _proof(webcrm: LastProof, boxes: Sequence[LastProof]) -> str:
    """What the last proofs found, all of them together; the oldest of them tells the time."""
    every = [webcrm, *boxes]
    if any(proved.at is None for proved in every):
        return "Not proved yet: that happens each night, or by `webcrm-sync prove`."
    at = min(proved.at for proved in every if proved.at)
    mended, open_ = (sum(getattr(p, name) for p in every) for name in ("mended", "open"))
    if not mended and not open_:
        return f"Proved equal on {at:%Y-%m-%d %H:%M} UTC."
    told = f"Proved on {at:%Y-%m-%d %H:%M} UTC: {mended} differences mended"
    return f"{told}, {open_} need you. Run `webcrm-sync prove`." if open_ else f"{told}."


def _say(box: MailboxStatus, *, mails: bool) -> None:
    order = ("synced", "mirrored", "waiting", "parked", "skipped")
    counts = [f"{box.counts.get(state, 0)} {state}" for state in order if box.counts.get(state)]
    if box.on_the_way:
        counts.append(f"{box.on_the_way} on the way")
    text = f"{box.address}: {', '.join(counts) or 'no mails yet'}"
    click.echo(f"{text}. {box.trouble}" if box.trouble else text)
    if box.latest and box.latest_at:
        click.echo(f"  latest: {box.latest_at:%Y-%m-%d %H:%M}  {box.latest}")
    for group in box.pending:
        click.echo(f"  {group.count} {group.state.value}: {group.sentence}")
        for message_id in group.message_ids if mails else ():
            click.echo(f"    {message_id}")


@click.command()
@click.argument("message_id")
@common.as_json
def explain(message_id: str, is_json: bool) -> None:
    """Tell the story of the mail with MESSAGE_ID, in sentences."""
    with common.open_company() as context:
        stories = stories_of(context, message_id)
    if is_json:
        common.print_json([asdict(story) for story in stories])
        return
    if not stories:
        raise click.ClickException(
            "No mail with this Message-ID was met in a sync folder. "
            "Is its mailbox watched (`webcrm-sync mailbox list`), and is it in the folder?"
        )
    for story in stories:
        _tell(story)


def _tell(story: Timeline) -> None:
    click.echo(f"{story.subject or '(no subject)'}  ({story.direction})")
    for copy in story.copies:
        click.echo(f"  {copy.mailbox}: {copy.sentence}")
    for activity_id, organisation in story.activities.items():
        click.echo(f"  In webCRM: Activity {activity_id} under {organisation}")
    for line in story.lines:
        click.echo(f"  {line.at:%Y-%m-%d %H:%M:%S}  {line.sentence}")
