"""The command `prove`: checks that the folders, the tables and webCRM agree."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from webcrm_sync.cli import common
from webcrm_sync.cli.company import open_company
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.reconciliation.differences import (
    Difference,
    FolderProof,
    MailboxProof,
    WebcrmProof,
)
from webcrm_sync.engine.reconciliation.prove import prove_mailboxes, prove_webcrm


@click.command()
@click.option("--mailbox", metavar="ADDRESS", help="Compare only this mailbox, and not webCRM.")
@common.as_json
def prove(mailbox: str | None, is_json: bool) -> None:
    """Compare folders, tables and webCRM; fix what differs.

    Reads no content of mails and writes nothing to webCRM, and leaves out paused mailboxes.
    Exit code 0: everything else is equal. 1: something differed, fixed or not, or could not be
    compared.
    """
    with open_company() as context:
        boxes = _prove_mailboxes(context, mailbox, is_json=is_json)
        crm = None if mailbox else _prove_webcrm(context, is_json=is_json)
    found = [d for box in boxes for d in box.differences] + list(crm.differences if crm else ())
    troubles = [part.trouble for part in (*boxes, crm) if part and part.trouble]
    paused = [box.address for box in boxes if box.is_paused]
    is_equal = not found and not troubles
    if is_json:
        mailboxes, webcrm = [_to_json(box) for box in boxes], _to_json(crm) if crm else None
        parts = {"left_out": paused, "mailboxes": mailboxes, "webcrm": webcrm}
        common.print_json({"is_equal": is_equal, **parts})
    else:
        click.echo(_result_sentence(found, troubles) + _left_out_sentence(paused))
    sys.exit(0 if is_equal else 1)


def _prove_mailboxes(context: Context, address: str | None, *, is_json: bool) -> list[MailboxProof]:
    boxes = []
    for proof in prove_mailboxes(context, address):
        boxes.append(proof)
        if not is_json:
            _print_mailbox(proof)
    return boxes


def _prove_webcrm(context: Context, *, is_json: bool) -> WebcrmProof:
    """Compare with webCRM. This may take minutes, so standard error shows the progress."""
    proof = WebcrmProof()
    for proof in prove_webcrm(context):
        click.echo(f"webCRM: {proof.activities} Activities compared ...", err=True)
    if not is_json:
        _print_webcrm(proof)
    return proof


def _print_mailbox(proof: MailboxProof) -> None:
    click.echo(proof.address)
    for folder in proof.folders:
        click.echo(f"  {folder.place}: {_folder_equation(folder)}")
    if proof.mirrors_removed:
        click.echo(
            f"  the owner removed {common.count(proof.mirrors_removed, 'mail')} sent from webCRM"
        )
    if proof.is_paused:
        click.echo("  left out: an administrator has paused it")
    if proof.trouble:
        click.echo(f"  could not be compared: {proof.trouble}")
    _print_differences(proof.differences)


def _folder_equation(folder: FolderProof) -> str:
    parts = [f"{number} {name}" for name, number in sorted(folder.counts.items())]
    return f"{folder.in_folder} in the folder = {' + '.join(parts) or '0'}"


def _print_webcrm(proof: WebcrmProof) -> None:
    click.echo("webCRM")
    click.echo(f"  {proof.activities} Activities with our key, {proof.filings} filings")
    if proof.others:
        click.echo(f"  {proof.others} more Activities of mails that no watched mailbox holds")
    if proof.trouble:
        click.echo(f"  could not be compared: {proof.trouble}")
    _print_differences(proof.differences)


def _print_differences(differences: Sequence[Difference]) -> None:
    for one in differences:
        status = "fixed" if one.is_healed else "NEEDS ATTENTION"
        facts = [one.message_id, *(f"Activity {i}" for i in one.activities), one.key]
        more = ", ".join(fact for fact in facts if fact)
        click.echo(f"  {status}: {one.sentence}{f' ({more})' if more else ''}")


def _result_sentence(found: Sequence[Difference], troubles: Sequence[str]) -> str:
    if not found and not troubles:
        return "Equal."
    open_ = sum(not d.is_healed for d in found)
    differences, attention = common.count(len(found), "difference"), common.need_attention(open_)
    text = f"{differences}: {len(found) - open_} fixed, {attention}."
    return f"{text} {len(troubles)} could not be compared." if troubles else text


def _left_out_sentence(paused: Sequence[str]) -> str:
    if not paused:
        return ""
    return f" Left out: {common.count(len(paused), 'paused mailbox')}."


def _to_json(proof: MailboxProof | WebcrmProof) -> dict[str, object]:
    sentences = [asdict(d) | {"sentence": d.sentence} for d in proof.differences]
    return asdict(proof) | {"differences": sentences}
