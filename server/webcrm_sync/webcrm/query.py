"""Builds `/Queries` scripts from known names and escaped values. No other module builds any.

The vendor's own clients use a small grammar (GitHub webCRMdotcom/ErpIntegrations): SELECT a list
FROM one table, WHERE with = and >= joined by AND, ORDER BY one field. It has no bind parameters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

Table = Literal["Activity", "Person", "Organisation", "Opportunity"]
Operator = Literal["=", ">="]
Value = str | int | datetime

_OPERATORS = frozenset({"=", ">="})
#: The Unicode categories that text outside of ASCII may hold: letters, their marks, digits. They
#: exclude quote-like characters (U+2019, U+02BC, U+FF07), which a database with a one-byte code
#: page may turn into a quote.
_SAFE_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lo", "Mn", "Mc", "Nd"})
#: Two letters that are drawn like a quote.
_SALTILLO = "\ua78b\ua78c"


def _field_names(table: Table, special: str) -> frozenset[str]:
    numbered = [*(f"Custom{n}" for n in range(1, 16)), *(f"Plus{n}" for n in range(1, 21))]
    shared = ["Id", "Comment", "Memo", "CreatedAt", "CreatedBy", "UpdatedAt", "UpdatedBy"]
    return frozenset(table + name for name in [*shared, *numbered, *special.split()])


#: The fields a script may name (webCRM's Swagger: ActivityDto, PersonDto, OrganisationDto,
#: OpportunityDto).
FIELDS: Mapping[Table, frozenset[str]] = MappingProxyType(
    {
        "Activity": _field_names(
            "Activity",
            "Action AssignedTo DateTime Description Note OpportunityId OrganisationId PersonId "
            "Product Status Type",
        ),
        "Person": _field_names(
            "Person",
            "DirectPhone Email Email2 FirstName LastName MiddleName MobilePhone Name "
            "OrganisationId Status Title",
        ),
        "Organisation": _field_names(
            "Organisation",
            "Domain Name DivisionName Owner Owner2 Status Type Www",
        ),
        "Opportunity": _field_names(
            "Opportunity",
            "AssignedTo CurrencyName Description Level LevelText LostDate Number OrderValue "
            "OrganisationId PersonId WinYesNo",
        ),
    }
)


class UnsafeText(ValueError):
    """A text holds a character that could end the quoted text early."""


@dataclass(frozen=True, slots=True)
class Select:
    """A `/Queries` script; `str()` gives its text. Immutable: each method returns a new one.

    Raises ValueError for a name that the table lacks and for a value that has no safe spelling.

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
            self._check_field(name)
        object.__setattr__(self, "fields", names)

    def where(self, field: str, operator: Operator, value: Value) -> Select:
        """The script with one more condition, joined to the others by AND."""
        if operator not in _OPERATORS:
            raise ValueError(f"{operator!r} is no operator a script may use.")
        condition = f"{self._check_field(field)} {operator} {literal(value)}"
        return replace(self, _conditions=(*self._conditions, condition))

    def order_by(self, field: str) -> Select:
        """The script with its rows in ascending order of `field`."""
        return replace(self, _order=self._check_field(field))

    def _check_field(self, field: str) -> str:
        if field not in FIELDS[self.table]:
            raise ValueError(f"{self.table} has no field {field!r} that a script may name.")
        return field

    def _clauses(self) -> Iterator[str]:
        columns = ", ".join(self.fields)
        yield f"SELECT {columns} FROM {self.table}"  # noqa: S608 - only known names
        if self._conditions:
            yield f"WHERE {' AND '.join(self._conditions)}"
        if self._order:
            yield f"ORDER BY {self._order} ASC"

    def __str__(self) -> str:
        return " ".join(self._clauses())


def literal(value: Value) -> str:
    """`value` as a script spells it: a bare number, or quoted text with its quotes doubled.

    Times are UTC with 7 decimals and Z, as the vendor spells them (ErpIntegrations). Raises
    UnsafeText for a text without a safe spelling, ValueError for a truth value or a naive time.
    """
    if isinstance(value, bool):
        raise ValueError("A script has no way to write a truth value.")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"'{_format_utc(value)}'"
    if unsafe := next((c for c in value if not _is_safe(c)), None):
        raise UnsafeText(f"A script has no safe way to write {unsafe!a}.")
    return "'" + value.replace("'", "''") + "'"


def _is_safe(character: str) -> bool:
    """True for a character that no database takes for the end of a text, in any code page.

    A backslash is unsafe: some databases read it as an escape of the quote that follows.
    """
    if character.isascii():
        return character.isprintable() and character != "\\"
    parts = unicodedata.normalize("NFKD", character)
    return character not in _SALTILLO and all(
        unicodedata.category(part) in _SAFE_CATEGORIES for part in parts
    )


def _format_utc(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("A time without a zone cannot be written into a script.")
    moment = at.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "0Z"
