"""The fields of the simulated webCRM's records: types, lengths, names in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any

#: A record: API field name -> value. Times are aware, in UTC; unset fields are absent.
Record = dict[str, Any]


class Kind(StrEnum):
    """The type of a field. LOCAL: a time that people enter, shown in the system's zone."""

    TEXT = "T"
    NUMBER = "I"
    AMOUNT = "R"
    TIME = "DTGMT"
    LOCAL = "DT"
    FLAG = "C"


@dataclass(frozen=True, slots=True)
class Column:
    """One field. `choices`: names of an enum. `max_length` 0 = any."""

    kind: Kind
    max_length: int = 0
    choices: tuple[str, ...] = ()
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of record. `letter` begins its columns in the database (`a_action`)."""

    name: str
    letter: str
    columns: Mapping[str, Column]

    @property
    def id_name(self) -> str:
        """The name of the field with the record's id."""
        return f"{self.name}Id"


def _entity(
    name: str,
    letter: str,
    *,
    texts: str,
    numbers: str,
    others: Mapping[str, Column],
    plus: bool = True,
) -> Entity:
    columns = {f"{name}Id": Column(Kind.NUMBER)}
    for word in texts.split():
        field, _, length = word.partition(":")
        columns[name + field] = Column(Kind.TEXT, int(length or 0))
    columns |= {name + field: Column(Kind.NUMBER) for field in numbers.split()}
    columns |= {name + field: column for field, column in others.items()}
    stamps = ("Last" if name == "Document" else "") + "Updated"
    for field in ("Created", stamps):
        columns[f"{name}{field}At"] = Column(Kind.TIME, is_ours=True)
        columns[f"{name}{field}By"] = Column(Kind.TEXT, is_ours=True)
    if plus:
        columns |= {f"{name}Custom{n}": Column(Kind.TEXT, 50) for n in range(1, 16)}
        columns |= {f"{name}Plus{n}": Column(Kind.TEXT, 50) for n in range(1, 21)}
    return Entity(name, letter, columns)


def _enum(*choices: str) -> Column:
    return Column(Kind.TEXT, choices=choices)


ACTIVITY = _entity(
    "Activity",
    "a",
    texts="Action:50 CampaignResult ClientName ClientTelephone Comment Description:200 Memo Note "
    "Product Type:50",
    numbers="AssignedTo CampaignId EventId OpportunityId OrganisationId OutlookSync PersonId",
    others={
        "AutoCompleteMode": _enum("None", "Complete", "Delete"),
        "CampaignDate": Column(Kind.TIME),
        "DateTime": Column(Kind.LOCAL),
        "Status": _enum("Planned", "Active", "Completed"),
    },
)
PERSON = _entity(
    "Person",
    "p",
    texts="Comment DirectPhone Email:100 Email2:100 FirstName:50 History LastName:50 Memo "
    "MiddleName:50 MobilePhone Name:150 Salutation Title",
    numbers="OrganisationId SortOrder",
    others={
        "BlockMassEmail": Column(Kind.FLAG),
        "EmailBounces": Column(Kind.FLAG),
        "Status": _enum("Active", "Resigned", "Other", "Guest"),
    },
)
ORGANISATION = _entity(
    "Organisation",
    "o",
    texts="Address:250 Alert:50 City:50 Comment Country:50 DivisionName:200 Domain:50 History "
    "Industry:50 Memo Name:200 PostCode State Status Telephone:50 Type Www:50",
    numbers="Owner Owner2 TerritoryId",
    others={},
)
DOCUMENT = _entity(
    "Document",
    "d",
    texts="Description File FileCode FileExtension:10 FileName:200 Folder PublicLink",
    numbers="FileSize LinkedEntityId OrganisationId UploadCount UserId",
    others={
        "IsAllowedAsAttachment": Column(Kind.FLAG),
        "LinkedEntityType": _enum(
            "Undefined",
            "Organisation",
            "Person",
            "Activity",
            "Product",
            "Opportunity",
            "Delivery",
            "Meeting",
            "Support",
        ),
        "UploadedAt": Column(Kind.TIME),
    },
    plus=False,
)
OPPORTUNITY = _entity(
    "Opportunity",
    "op",
    texts="Comment CurrencyName Description:200 ErpId ErpReadOnly History LevelText Lost1 Lost2 "
    "Lost3 Memo Note Number:50 Product Search1 Search2 SpentTime",
    numbers="AssignedTo AssignedTo2 Level OrganisationId Percent PersonId ProductId "
    "QuotationLanguageId UserGroupId WinPercent WinPercent2",
    others={
        "Discount": Column(Kind.AMOUNT),
        "ErpStatus": _enum("NotReadyForSynchronization", "ReadyForSynchronization", "Synchronized"),
        "LostDate": Column(Kind.TIME),
        "NextFollowUp": Column(Kind.TIME),
        "OrderDate": Column(Kind.TIME),
        "OrderGmValue": Column(Kind.AMOUNT),
        "OrderValue": Column(Kind.AMOUNT),
        "WinYesNo": Column(Kind.FLAG),
    },
)
USER = _entity(
    "User",
    "u",
    texts="AuthenticationCode BccEmail Email:100 Initials LoginLog LoginName MobilePhone Name:100 "
    "Password Ticket Title",
    numbers="GmtDifference GroupId",
    others={"BccMode": _enum("NoTag", "TagBeginning", "TagEnd")},
    plus=False,
)


#: The types in JSON of the kinds that are no strings there.
_PLAIN: Mapping[Kind, tuple[type, ...]] = {
    Kind.FLAG: (bool,),
    Kind.NUMBER: (int,),
    Kind.AMOUNT: (float, int),
}


def read_value(column: Column, given: object, zone: tzinfo) -> object:
    """The value of `given`, a field in a request. Raises ValueError that says what is wrong."""
    if given is None:
        raise ValueError("null is not taken")
    if column.is_ours:
        raise ValueError("is written by webCRM itself")
    if wanted := _PLAIN.get(column.kind):
        if type(given) not in wanted:
            raise ValueError(f"must be of type {wanted[0].__name__}")
        return given
    if not isinstance(given, str):
        raise ValueError("must be a string")
    if column.choices and given not in column.choices:
        raise ValueError("is no known name")
    if column.kind is Kind.TEXT:
        return given
    return read_time(given, zone if column.kind is Kind.LOCAL else UTC)


_EARLIEST = datetime(1753, 1, 1, tzinfo=UTC)
_OVERFLOW = "SqlDateTime overflow. Must be between 1/1/1753 and 12/31/9999."


def read_time(text: str, zone: tzinfo) -> datetime:
    """An ISO 8601 time as UTC; `zone` applies if it has no offset. Raises ValueError.

    The vendor's database is SQL Server: its `datetime` begins with the year 1753.
    """
    at = datetime.fromisoformat(text)
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    try:
        at = at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(_OVERFLOW) from error
    if at < _EARLIEST:
        raise ValueError(_OVERFLOW)
    return at


def show(entity: Entity, record: Mapping[str, Any], zone: tzinfo) -> Record:
    """The record as webCRM sends it: every field, null where it is unset."""
    return {
        name: show_value(column, record.get(name), zone) for name, column in entity.columns.items()
    }


def show_value(column: Column, value: object, zone: tzinfo) -> object:
    """One value as JSON. Times have no offset, since no source promises one."""
    if not isinstance(value, datetime):
        return value
    local = value.astimezone(zone if column.kind is Kind.LOCAL else UTC).replace(tzinfo=None)
    return local.isoformat(timespec="milliseconds")
