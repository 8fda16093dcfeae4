"""The types of the settings' values. A wrong value raises a sentence that never quotes it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from webcrm_sync.core.addresses import is_legacy
from webcrm_sync.core.web_address import normalize_url

_LAST_PORT = 65535
_LEVEL_DIGITS = 9
YEAR_S = 366 * 24 * 3600
_INVALID_DATABASE_URL = (
    "must be an address such as postgresql://user:password@host/name,"
    " with %40 for an @ in the password, %2F for a / and %23 for a #"
)
#: The characters of a source in a Content-Security-Policy: no blanks, quotes or semicolons.
_SOURCE = re.compile(r"[!#-&(-:<-~]+")
#: An address or domain with the wildcards that may stand before it.
_NAME = re.compile(r"[*@.]*[^\s@,;:<>()\"'/\\]+(@[^\s@,;:<>()\"'/\\]+)?")
_ADDRESS = re.compile(r"[^\s@,;:<>()\"'\\]+@[^\s@,;:<>()\"'\\]+")
_KEY_FIELD = re.compile(r"Activity(Custom([1-9]|1[0-5])|Plus([1-9]|1\d|20))", re.ASCII)
_WEBSITE = re.compile(r"https?://[^\s@,;<>()\"'\\]+")


def check_listen(value: str) -> str:
    """`value`, if it is a host and a port."""
    host, _, port = value.rpartition(":")
    if not (host and port.isascii() and port.isdecimal() and int(port) <= _LAST_PORT):
        raise ValueError("must be a host and a port such as 127.0.0.1:8000")
    return value


def check_database_url(value: str) -> str:
    """`value`, if SQLAlchemy and libpq both parse it. Their own errors would quote the password."""
    plain = value.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        parts = urlsplit(plain)
        options = conninfo_to_dict(plain)
        is_valid = parts.port != 0 and int(options.get("connect_timeout") or 0) >= 0
    except (psycopg.Error, ValueError):
        raise ValueError(_INVALID_DATABASE_URL) from None
    is_unescaped = "@" in parts.path or parts.netloc.count("@") > 1 or "#" in value
    if is_unescaped or not is_valid or parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError(_INVALID_DATABASE_URL)
    return value


def check_moment(value: datetime) -> datetime:
    """`value`, if its year is a sensible one. Without a zone it is UTC."""
    if not 1990 <= value.year <= 2200:
        raise ValueError("must be a day or a moment, such as 2027-03-01 or 2027-03-01T12:00:00Z")
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def check_zone(value: str) -> str:
    """`value`, if it names a time zone."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is no time zone; write it like Europe/Copenhagen") from error
    return value


def check_key_field(value: str) -> str:
    """`value`, if it is an Activity's field that a customer may define."""
    if not _KEY_FIELD.fullmatch(value):
        raise ValueError(
            "must be ActivityCustom1 to ActivityCustom15, or ActivityPlus1 to ActivityPlus20"
        )
    return value


def _check_levels(value: object) -> object:
    entries = value if isinstance(value, list) else []
    for number, entry in enumerate(entries, start=1):
        if not (entry.isascii() and entry.isdecimal() and len(entry) <= _LEVEL_DIGITS):
            raise ValueError(f"entry {number} is no number of a level; write them like 5, 6")
    return value


def check_address(value: str) -> str:
    """`value`, if it is one e-mail address."""
    if not _is_address(value):
        raise ValueError("must be an e-mail address such as it@x.example")
    return value


def _is_address(value: str) -> bool:
    """True if a mail's header can hold it."""
    try:
        return bool(_ADDRESS.fullmatch(value) and Address(addr_spec=value).domain)
    except (MessageError, ValueError, IndexError):  # whatever its parser raises
        return False


def _check_addresses(value: frozenset[str]) -> frozenset[str]:
    if not all(map(_is_address, value)):
        raise ValueError("must be e-mail addresses such as it@x.example, separated by commas")
    return value


def check_secret_url(value: SecretStr) -> SecretStr:
    """`value`, if it holds the address of a web service, which may hold a secret of its own."""
    return SecretStr(normalize_url(value.get_secret_value(), allow_query=True))


def _check_id(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]+", value) or not value.strip("."):
        raise ValueError("must be an id such as 11111111-2222-3333-4444-555555555555")
    return value


def _split_list(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _check_people(value: object) -> object:
    """The entries, if each can match: a mistake here would sync the mails of a private person."""
    entries = value if isinstance(value, list) else []
    for number, entry in enumerate(entries, start=1):
        if not (_NAME.fullmatch(entry) or _WEBSITE.fullmatch(entry) or is_legacy(entry)):
            raise ValueError(
                f"entry {number} is neither an address such as eva@x.example nor a domain such as "
                "x.example; separate entries by commas"
            )
    return value


def _check_domains(value: object) -> object:
    entries = value if isinstance(value, list) else []
    for number, entry in enumerate(entries, start=1):
        is_domain = _NAME.fullmatch(entry) and "@" not in entry.lstrip("*@.")
        if not (is_domain or _WEBSITE.fullmatch(entry)):
            raise ValueError(
                f"entry {number} is no domain such as x.example; separate domains by commas"
            )
    return value


def _check_sources(value: frozenset[str]) -> frozenset[str]:
    if not all(map(_SOURCE.fullmatch, value)):
        raise ValueError("must be origins such as https://outlook.office.com, comma-separated")
    return value


Url = Annotated[str, AfterValidator(normalize_url)]
Id = Annotated[str, AfterValidator(_check_id)]
Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_split_list)]
#: Of validators before the type, the last one runs first.
People = Annotated[
    frozenset[str], NoDecode, BeforeValidator(_check_people), BeforeValidator(_split_list)
]
Domains = Annotated[
    frozenset[str], NoDecode, BeforeValidator(_check_domains), BeforeValidator(_split_list)
]
Levels = Annotated[
    frozenset[int], NoDecode, BeforeValidator(_check_levels), BeforeValidator(_split_list)
]
Addresses = Annotated[Names, AfterValidator(_check_addresses)]
Sources = Annotated[Names, AfterValidator(_check_sources)]
Seconds = Annotated[float, Field(gt=0, le=YEAR_S)]
