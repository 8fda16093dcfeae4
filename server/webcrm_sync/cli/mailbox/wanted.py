"""The mailboxes that a command names: as arguments, in a file, or both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

import click

from webcrm_sync.core.address_list import LARGEST_FILE, AddressList, read_addresses

#: Problems of a file that are shown; their number follows.
_SHOWN = 20

from_file = click.option(
    "--from",
    "list_file",
    metavar="FILE",
    type=click.File("rb"),
    help="A file that names mailboxes: one address per line, or CSV with a header; - = standard"
    " input.",
)


def named_addresses(arguments: Sequence[str], file: IO[bytes] | None) -> Sequence[str]:
    """The addresses in the arguments and the file, in order, each once.

    Raises ClickException if lines of the file name no mailbox: nothing is done then.
    """
    listed = _read(file) if file else AddressList((), 0, ())
    if listed.repeated:
        click.echo(f"The file names {listed.repeated} mailboxes more than once.", err=True)
    return tuple(dict.fromkeys([*(a.strip().casefold() for a in arguments), *listed.addresses]))


def is_standard_input(file: IO[bytes]) -> bool:
    """True for `--from -`."""
    return getattr(file, "name", "<stdin>") in {"<stdin>", "-"}


def _read(file: IO[bytes]) -> AddressList:
    listed = read_addresses(file.read(LARGEST_FILE + 1))
    if not listed.problems:
        return listed
    lines = [f"{f'Line {p.line}: ' if p.line else ''}{p.text}" for p in listed.problems[:_SHOWN]]
    if more := len(listed.problems) - len(lines):
        lines.append(f"... and {more} more lines like these.")
    name = "standard input" if is_standard_input(file) else file.name
    raise click.ClickException("\n".join([f"Nothing was done. Correct {name}:", *lines]))
