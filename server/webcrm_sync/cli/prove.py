"""`prove`: that the folders, our rows and webCRM say the same."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from webcrm_sync.cli import common
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.reconciliation.differences import (
    Difference,
    FolderProof,
    MailboxProof,
    WebcrmProof,
)
from webcrm_sync.engine.reconciliation.prove import prove_mailboxes, prove_webcrm


@click.command()
@click.option("--mailbox", metavar="ADDRESS", help="Compare this mailbox alone, webCRM not.")
@common.as_json
def prove(mailbox: str | None, is_json: bool) -> None:
    """Compare the folders, our rows and webCRM, and mend what differs.

    Reads no content of mails and writes nothing to webCRM. Exit code 0: all of it is equal.
    1: something differed, mended or not, or could not be compared.
    """
    with common.open_company() as context:
        boxes = _mailboxes(context, mailbox, is_json=is_json)
        crm = None if mailbox else _webcrm(context, is_json=is_json)
    found = [d for box in boxes for d in box.differences] + list(crm.differences if crm else ())
    troubles = [part.trouble for part in (*boxes, crm) if part and part.trouble]
    is_equal = not found and not troubles
    if is_json:
        told = [_plain(box) for box in boxes]
        plain = _plain(crm) if crm else None
        common.print_json({"is_equal": is_equal, "mailboxes": told, "webcrm": plain})
    else:
        click.echo(_verdict(found, troubles))
    sys.exit(0 if is_equal else 1)


def _mailboxes(context: Context, address: str | None, *, is_json: bool) -> list[MailboxProof]:
    boxes = []
    for proof in prove_mailboxes(context, address):
        boxes.append(proof)
        if not is_json:
            _say_mailbox(proof)
    return boxes


def _webcrm(context: Context, *, is_json: bool) -> WebcrmProof:
    """The comparison with webCRM, which may take minutes: each page is told on standard error."""
    proof = WebcrmProof()
    for proof in prove_webcrm(context):
        click.echo(f"webCRM: {proof.activities} Activities of ours compared ...", err=True)
    if not is_json:
        _say_webcrm(proof)
    return proof


def _say_mailbox(proof: MailboxProof) -> None:
    click.echo(proof.address)
    for folder in proof.folders:
        click.echo(f"  {folder.place}: {_equation(folder)}")
    if proof.mirrors_removed:
        click.echo(f"  {proof.mirrors_removed} mails sent from webCRM were removed by the owner")
    if proof.trouble:
        click.echo(f"  could not be compared: {proof.trouble}")
    _say_differences(proof.differences)


def _equation(folder: FolderProof) -> str:
    parts = [f"{number} {name}" for name, number in sorted(folder.counts.items())]
    return f"{folder.in_folder} in the folder = {' + '.join(parts) or '0'}"


def _say_webcrm(proof: WebcrmProof) -> None:
    click.echo("webCRM")
    click.echo(f"  {proof.activities} Activities with our key, {proof.filings} filings")
    if proof.others:
        click.echo(f"  {proof.others} more Activities of mails that no watched mailbox holds")
    if proof.trouble:
        click.echo(f"  could not be compared: {proof.trouble}")
    _say_differences(proof.differences)


def _say_differences(differences: Sequence[Difference]) -> None:
    for one in differences:
        state = "mended" if one.is_healed else "NEEDS YOU"
        facts = [one.message_id, *(f"Activity {i}" for i in one.activities), one.key]
        more = ", ".join(fact for fact in facts if fact)
        click.echo(f"  {state}: {one.sentence}{f' ({more})' if more else ''}")


def _verdict(found: Sequence[Difference], troubles: Sequence[str]) -> str:
    if not found and not troubles:
        return "Equal."
    open_ = sum(not d.is_healed for d in found)
    text = f"{len(found)} differences: {len(found) - open_} mended, {open_} need you."
    return f"{text} {len(troubles)} could not be compared." if troubles else text


def _plain(proof: MailboxProof | WebcrmProof) -> dict[str, object]:
    sentences = [asdict(d) | {"sentence": d.sentence} for d in proof.differences]
    return asdict(proof) | {"differences": sentences}
