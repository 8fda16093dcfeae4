"""The command `status`: push, webCRM and every mailbox, from the tables alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from webcrm_sync.cli import common
from webcrm_sync.engine.operations.status import LastProof, MailboxStatus, read_status

_STATES_SHOWN = ("synced", "mirrored", "waiting", "parked", "skipped")


@click.command()
@click.option("--mails", is_flag=True, help="Name the newest mails that wait or need attention.")
@common.as_json
def status(mails: bool, is_json: bool) -> None:
    """Show the status of push, webCRM and every mailbox.

    `--mails` (or `--json`) prints Message-IDs for `explain`.
    """
    with common.open_tables() as context:
        found = read_status(context)
    if is_json:
        common.print_json(asdict(found))
        return
    click.echo(f"Push is {'on' if found.is_pushed else 'off'}: {found.push_why}.")
    click.echo(f"webCRM: {found.webcrm_trouble or 'no trouble.'}")
    made, limit = found.webcrm_calls.calls, found.webcrm_calls.limit
    click.echo(f"Calls to webCRM in the last minute: {made} of {limit}.")
    if found.directory_read_at is None:
        click.echo("The addresses of webCRM's contacts have not been read yet.")
    if found.rebuilding_since:
        click.echo(
            "A rebuild is running or was interrupted: no mail is filed before "
            "`webcrm-sync rebuild` is complete."
        )
    for job in found.held_jobs:
        about = f" of {job.about}" if job.about else ""
        click.echo(f"The job '{job.task}'{about} waits. {job.trouble}")
    click.echo(_proof_sentence(found.proved, [box.proved for box in found.mailboxes]))
    for box in found.mailboxes:
        _print_mailbox(box, mails=mails)
    if not found.mailboxes:
        click.echo("No mailbox is watched yet. Add one: webcrm-sync mailbox add ADDRESS")


def _proof_sentence(webcrm: LastProof, boxes: Sequence[LastProof]) -> str:
    """The results of the latest proofs together, with the time of the oldest one."""
    proofs = [webcrm, *boxes]
    if any(proof.at is None for proof in proofs):
        return "Not proved yet: this happens each night, or with `webcrm-sync prove`."
    at = min(proof.at for proof in proofs if proof.at)
    fixed, open_ = sum(proof.mended for proof in proofs), sum(proof.open for proof in proofs)
    if not fixed and not open_:
        return f"Proved equal on {at:%Y-%m-%d %H:%M} UTC."
    text = f"Proved on {at:%Y-%m-%d %H:%M} UTC: {common.count(fixed, 'difference')} fixed"
    if not open_:
        return f"{text}."
    return f"{text}, {common.need_attention(open_)}. Run `webcrm-sync prove`."


def _print_mailbox(box: MailboxStatus, *, mails: bool) -> None:
    counts = [f"{n} {state}" for state in _STATES_SHOWN if (n := box.counts.get(state, 0))]
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
