"""Reads a list of mailboxes as people write and export it: lines, CSV with a header, names beside.

Pure: bytes in, addresses and problems out. A problem names its line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webcrm_sync.core.addresses import find_addresses, is_mailable

#: The largest file. A line of an export is about 200 bytes, so this holds 25,000 mailboxes.
LARGEST_FILE = 5 * 1024 * 1024
_SEPARATORS = ";\t,"
#: A quoted cell may continue on further lines, such as a street. An unclosed quote may not eat
#: the rest of the file.
_MOST_LINES_OF_A_ROW = 10
_LONGEST_ROW = 20_000
#: Names of the column with the address, the most exact first: Exchange and Microsoft 365 export
#: the first four, people write the others.
_COLUMNS = (
    *("primarysmtpaddress", "windowsemailaddress", "mail", "userprincipalname"),
    *("email", "emailaddress", "address", "mailaddress", "mailbox", "smtpaddress", "upn"),
    *("emailadresse", "mailadresse", "adresse", "epost", "user", "username"),
)
#: Words in other names of that column.
_SIMILAR = ("mail", "address", "adresse")


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that names no mailbox. `line`: its number, from 1; 0 = the whole file."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class AddressList:
    """The addresses in a file, folded, in order, each once.

    `repeated`: the number of lines that name an address again.
    """

    addresses: tuple[str, ...]
    repeated: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the file, or several that a quoted cell joins."""

    line: int
    text: str

    @property
    def holds_something(self) -> bool:
        """False for a row of blanks, of empty cells, or with a comment."""
        bare = self.text.strip(f' "{_SEPARATORS}\r\n')
        return bool(bare) and not bare.startswith("#")


def read_addresses(content: bytes) -> AddressList:
    """The mailboxes that a file names. Problems do not hide the addresses of other lines."""
    text, problem = _decode(content)
    if problem:
        return AddressList((), 0, (Problem(0, problem),))
    rows = [row for row in _rows(text) if row.holds_something]
    separator, column = _read_header(rows)
    found: list[str] = []
    problems: list[Problem] = []
    for row in rows[1:] if column is not None else rows:
        addresses, problem = _addresses_in(row, separator, column)
        found += addresses
        if problem:
            problems.append(Problem(row.line, problem))
    if not found and not problems:
        problems.append(Problem(0, "The file names no mailbox."))
    addresses = tuple(dict.fromkeys(found))
    return AddressList(addresses, len(found) - len(addresses), tuple(problems))


def _decode(content: bytes) -> tuple[str, str]:
    """The text of a file and "", or "" and why it has none."""
    if len(content) > LARGEST_FILE:
        return "", "The file is larger than 5 MB: this is no list of mailboxes."
    if content.startswith(b"PK\x03\x04"):
        return "", "This is an Excel workbook. Save it as CSV and name that file."
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # as PowerShell 5 writes
        return content.decode("utf-16", errors="replace"), ""
    if b"\0" in content:
        return "", "This is no text file. Save the list as text or CSV."
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:  # as Excel writes; names may lose letters, addresses do not
        return content.decode("cp1252", errors="replace"), ""


def _rows(text: str) -> Iterator[_Row]:
    """The rows of a file: lines, joined where a quoted cell continues."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        end = _end_of_row(lines, at)
        yield _Row(at + 1, "\n".join(lines[at:end]))
        at = end


def _end_of_row(lines: Sequence[str], begin: int) -> int:
    is_open = False
    for end in range(begin, min(len(lines), begin + _MOST_LINES_OF_A_ROW)):
        is_open ^= lines[end].count('"') % 2 == 1
        if not is_open:
            return end + 1
    return begin + 1  # the quote is never closed, so it means nothing


def _read_header(rows: Sequence[_Row]) -> tuple[str | None, int | None]:
    """The separator and the index of the column with the address; None without a header.

    Only a known name makes a header: otherwise a misspelt first mailbox would be dropped silently.
    """
    if not rows or len(rows[0].text) > _LONGEST_ROW or find_addresses(rows[0].text):
        return None, None
    separator = _separator_of(rows[0].text)
    names = ["".join(filter(str.isalnum, c)).casefold() for c in _cells(rows[0].text, separator)]
    exact = [names.index(known) for known in _COLUMNS if known in names]
    similar = [i for i, name in enumerate(names) if any(word in name for word in _SIMILAR)]
    column = next(iter(exact + similar), None)
    return (None, None) if column is None else (separator, column)


def _separator_of(text: str) -> str:
    """The separator of a row: a comma may be part of a name, the others rarely are."""
    return next((s for s in _SEPARATORS if s in text), ",")


def _cells(text: str, separator: str) -> list[str]:
    return [cell.strip() for row in csv.reader([text], delimiter=separator) for cell in row]


def _addresses_in(
    row: _Row, separator: str | None, column: int | None
) -> tuple[Sequence[str], str]:
    """The addresses that a row names and "", or nothing and why."""
    if len(row.text) > _LONGEST_ROW:
        return (), "The line is too long. Leave one mailbox on each line."
    cells = _cells(row.text, separator or _separator_of(row.text))
    if column is not None:
        cells = cells[column : column + 1]
        if not any(cells):
            return (), "The column with the address is empty."
    filled = [cell for cell in cells if cell]
    found = [find_addresses(cell) for cell in filled]
    addresses = [address for some in found for address in some]
    if not addresses:
        return (), f"There is no address in '{_shorten(' '.join(filled))}'.{_hint(row)}"
    if wrong := [a for a in addresses if not is_mailable(a)]:
        return (), f"'{_shorten(wrong[0])}' is no complete address."
    if len(set(addresses)) > 1 and not all(found):
        return (), "The line names several addresses. Leave one mailbox on each line."
    return addresses, ""


def _hint(row: _Row) -> str:
    """What may be meant by a first line without an address."""
    return " If it is a header, name the column with the address 'Mail'." if row.line == 1 else ""


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else f"{flat[:59]}…"
