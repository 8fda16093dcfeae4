"""The command `status`: push, webCRM and every mailbox, from the tables alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import click

from webcrm_sync.cli import common, groups, status_check
from webcrm_sync.core.alerts import Channel
from webcrm_sync.core.trouble_kinds import TroubleKind
from webcrm_sync.core.troubles import Facts, Trouble
from webcrm_sync.engine.operations.status import LastProof, MailboxStatus, Status, read_status
from webcrm_sync.engine.operations.troubles import Health, read_health

_STATES_SHOWN = ("synced", "mirrored", "waiting", "parked", "skipped")
#: What a trouble of the service says about one of its mailboxes.
_SHORT = {
    TroubleKind.SILENT: "Nobody has read it in time.",
    TroubleKind.PUSH: "Outlook does not announce its changes.",
    TroubleKind.SUBSCRIPTION: "Nobody has renewed its subscriptions.",
}
_CHANNELS = {Channel.MAIL: "by mail", Channel.WEBHOOK: "to the webhook"}


@click.command()
@click.option("--mails", is_flag=True, help="Name the newest mails that wait or need attention.")
@click.option("--trouble", is_flag=True, help="Show only the mailboxes that are in trouble.")
@click.option("--check", is_flag=True, help="Print one line for a monitor; see the exit codes.")
@common.as_json
def status(mails: bool, trouble: bool, check: bool, is_json: bool) -> None:
    """Show the status of push, webCRM and every mailbox.

    `--mails` (or `--json`) prints Message-IDs for `explain`.

    Exit codes of `--check`: 0 everything works, 1 warning, 2 critical, 3 unknown. A trouble counts
    once it has lasted for a while, as for the alerts.
    """
    if check:
        status_check.run(is_json=is_json)
        return
    with common.open_tables() as context:
        found, health = read_status(context), read_health(context)
    boxes = [b for b in found.mailboxes if b.address in health.in_trouble or not trouble]
    if is_json:
        listed = {**asdict(found), "mailboxes": [_box_as_json(box, health) for box in boxes]}
        common.print_json({**status_check.as_json(health), **listed})
        return
    _print_totals(health)
    _print_company(found)
    for box in boxes:
        _print_mailbox(box, health.in_trouble.get(box.address, ()), mails=mails)
    if not found.mailboxes:
        click.echo("No mailbox is watched yet. Add one: webcrm-sync mailbox add ADDRESS")
    elif not boxes:
        click.echo("No mailbox is in trouble.")


def _box_as_json(box: MailboxStatus, health: Health) -> dict[str, Any]:
    named = [trouble.kind for trouble in health.in_trouble.get(box.address, ())]
    return {**asdict(box), "troubles": named}


def _print_totals(health: Health) -> None:
    """The state of the service, the totals and the oldest age, then the troubles that last."""
    own = "its" if health.number_of_mailboxes == 1 else "their"
    click.echo(
        f"{_state_sentence(health)} {status_check.mailboxes_sentence(health)}, "
        f"{len(health.in_trouble)} with a trouble of {own} own. {_mails_sentence(health.facts)}"
    )
    for one in health.lasting:
        click.echo(f"{one.severity.capitalize()}: {one.sentence}")
    for channel, why in health.unsent.items():
        click.echo(f"Warning: messages {_CHANNELS[channel]} cannot be sent: {why}")


def _state_sentence(health: Health) -> str:
    """The state of the service as `--check` has it, and the number of its troubles."""
    if health.severity is None:
        return "OK: a trouble counts when it lasts." if health.in_trouble else "OK."
    troubles = common.count(len(health.lasting) + len(health.unsent), "trouble")
    return f"{health.severity.capitalize()}: {troubles}."


def _mails_sentence(facts: Facts) -> str:
    mails = facts.mails
    text = f"On the way: {common.count(mails.under_way, 'mail')}"
    if mails.oldest_since:
        text += f", the oldest for {status_check.age(facts.now - mails.oldest_since)}"
    return f"{text}. Waiting: {mails.waiting}. Parked: {mails.parked}."


def _print_company(found: Status) -> None:
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
    for group in found.groups:
        groups.print_group(group)
    click.echo(_proof_sentence(found.proved, [box.proved for box in found.mailboxes]))


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


def _print_mailbox(box: MailboxStatus, troubles: Iterable[Trouble], *, mails: bool) -> None:
    """Print one mailbox. `troubles`: those of the service that name it."""
    counts = [f"{n} {state}" for state in _STATES_SHOWN if (n := box.counts.get(state, 0))]
    if box.on_the_way:
        counts.append(f"{box.on_the_way} on the way")
    text = f"{box.address}: {', '.join(counts) or 'no mails yet'}"
    click.echo(f"{text}. {box.trouble}" if box.trouble else text)
    for kind in _SHORT.keys() & {trouble.kind for trouble in troubles}:
        click.echo(f"  {_SHORT[kind]}")
    if box.paused_at:
        click.echo(f"  {groups.pause_sentence(box.paused_at)}")
    if box.left_group_at and box.left_group:
        click.echo(f"  {groups.departure_sentence(box.left_group_at, box.left_group)}")
    if box.latest and box.latest_at:
        click.echo(f"  latest: {box.latest_at:%Y-%m-%d %H:%M}  {box.latest}")
    for group in box.pending:
        click.echo(f"  {group.count} {group.state.value}: {group.sentence}")
        for message_id in group.message_ids if mails else ():
            click.echo(f"    {message_id}")
