"""The mailboxes that a command names: as arguments, in a file, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO
from uuid import UUID

import click

from webcrm_sync.cli.common import count
from webcrm_sync.core.address_list import LARGEST_FILE, AddressList, read_addresses
from webcrm_sync.core.addresses import find_addresses

#: Problems of a file that are shown; their number follows.
_SHOWN = 20


class _ObjectId(click.ParamType[str]):
    """The object id of a group in Entra."""

    name = "object id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return str(UUID(value))
        except ValueError:
            self.fail(
                f"'{value}' is no object id such as 11111111-2222-3333-4444-555555555555."
                " Entra shows it under Groups, on the group's Overview.",
                param,
                ctx,
            )


OBJECT_ID = _ObjectId()

from_file = click.option(
    "--from",
    "list_file",
    metavar="FILE",
    type=click.File("rb"),
    help="A file that names mailboxes: one address per line, or CSV with a header; - = standard"
    " input.",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mailbox that a command names. `key`: its address or user id, by which Graph finds it."""

    name: str
    key: str


def named_mailboxes(arguments: Sequence[str], file: IO[bytes] | None) -> Sequence[Wanted]:
    """The mailboxes in the arguments and the file, in order, each once.

    Raises ClickException if an argument or lines of the file name no mailbox: nothing is done then.
    """
    listed = _read(file) if file else AddressList((), 0, ())
    if listed.repeated:
        lines = count(listed.repeated, "line")
        click.echo(f"The file repeats mailboxes on {lines}.", err=True)
    named = dict.fromkeys([*map(_address_in, arguments), *listed.addresses])
    return [Wanted(address, address) for address in named]


def _address_in(argument: str) -> str:
    """The address that an argument holds, also `Kim <kim@x.example>`. Raises UsageError."""
    addresses = find_addresses(argument)
    if len(addresses) != 1:
        raise click.UsageError(f"'{argument}' is no address such as kim@example.com.")
    return addresses[0]


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
