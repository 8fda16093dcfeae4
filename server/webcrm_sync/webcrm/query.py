"""The one builder of `/Queries` scripts: every name is known, every value is escaped.

The grammar seen in the vendor's own clients is small (GitHub webCRMdotcom/ErpIntegrations):
SELECT a list FROM one table, WHERE with = and >= joined by AND, ORDER BY one field. There are no
bind parameters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

Table = Literal["Activity", "Person", "Organisation"]
Operator = Literal["=", ">="]
Value = str | int | datetime

_OPERATORS = frozenset({"=", ">="})
#: Letters, their marks and digits: what text outside of ASCII may hold. Not so what looks like a
#: quote (U+2019, U+02BC, U+FF07), which a database of one code page may turn into one.
_WRITABLE = frozenset({"Lu", "Ll", "Lt", "Lo", "Mn", "Mc", "Nd"})
#: A letter that is drawn as a quote.
_SALTILLO = "\ua78b\ua78c"


def _names(table: Table, own: str) -> frozenset[str]:
    numbered = [*(f"Custom{n}" for n in range(1, 16)), *(f"Plus{n}" for n in range(1, 21))]
    shared = ["Id", "Comment", "Memo", "CreatedAt", "CreatedBy", "UpdatedAt", "UpdatedBy"]
    return frozenset(table + name for name in [*shared, *numbered, *own.split()])


#: The fields a script may name (webCRM's Swagger: ActivityDto, PersonDto, OrganisationDto).
FIELDS: Mapping[Table, frozenset[str]] = MappingProxyType(
    {
        "Activity": _names(
            "Activity",
            "Action AssignedTo DateTime Description Note OpportunityId OrganisationId PersonId "
            "Product Status Type",
        ),
        "Person": _names(
            "Person",
            "Email Email2 FirstName LastName MiddleName Name OrganisationId Status Title",
        ),
        "Organisation": _names(
            "Organisation",
            "Domain Name DivisionName Owner Owner2 Status Type Www",
        ),
    }
)


class UnsafeText(ValueError):
    """A text holds something that could end it before its end; no script is made of it."""


@dataclass(frozen=True, slots=True)
class Select:
    """A `/Queries` script; `str()` gives its text. Each step returns a new one.

    Raises ValueError for a name that the table does not have and for a value that cannot be
    written safely.

    >>> str(Select("Person", ["PersonId"]).where("PersonEmail", "=", "o'hara@acme.example"))
    "SELECT PersonId FROM Person WHERE PersonEmail = 'o''hara@acme.example'"
    """

    table: Table
    fields: Iterable[str]
    _conditions: tuple[str, ...] = ()
    _order: str = ""

    def __post_init__(self) -> None:
        names = tuple(self.fields)
        if self.table not in FIELDS or not names:
            raise ValueError("A script needs a known table and at least one field.")
        for name in names:
            self._known(name)
        object.__setattr__(self, "fields", names)

    def where(self, field: str, operator: Operator, value: Value) -> Select:
        """The same script with one more condition; all of them must hold."""
        if operator not in _OPERATORS:
            raise ValueError(f"{operator!r} is no operator a script may use.")
        condition = f"{self._known(field)} {operator} {literal(value)}"
        return replace(self, _conditions=(*self._conditions, condition))

    def order_by(self, field: str) -> Select:
        """The same script, rows in ascending order of `field`."""
        return replace(self, _order=self._known(field))

    def _known(self, field: str) -> str:
        if field not in FIELDS[self.table]:
            raise ValueError(f"{self.table} has no field {field!r} that a script may name.")
        return field

    def _clauses(self) -> Iterator[str]:
        columns = ", ".join(self.fields)
        yield f"SELECT {columns} FROM {self.table}"  # noqa: S608 - allow-listed names alone
        if self._conditions:
            yield f"WHERE {' AND '.join(self._conditions)}"
        if self._order:
            yield f"ORDER BY {self._order} ASC"

    def __str__(self) -> str:
        return " ".join(self._clauses())


def literal(value: Value) -> str:
    """`value` as a script writes it: a bare number, or text in quotes, quotes within doubled.

    Times are written as UTC with 7 decimals and Z, as the vendor does (ErpIntegrations).
    Raises Unwritable where no spelling of a text is safe, ValueError for other values.
    """
    if isinstance(value, bool):
        raise ValueError("A script has no way to write a truth value.")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"'{_utc(value)}'"
    if unwritable := next((c for c in value if not _is_writable(c)), None):
        raise UnsafeText(f"A script has no safe way to write {unwritable!a}.")
    return "'" + value.replace("'", "''") + "'"


def _is_writable(character: str) -> bool:
    """True for what no database takes for the end of a text, whatever it makes of letters.

    A backslash is none: some databases let it take away the meaning of the quote behind it.
    """
    if character.isascii():
        return character.isprintable() and character != "\\"
    parts = unicodedata.normalize("NFKD", character)
    return character not in _SALTILLO and all(
        unicodedata.category(part) in _WRITABLE for part in parts
    )


def _utc(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("A time without a zone cannot be written into a script.")
    moment = at.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "0Z"
