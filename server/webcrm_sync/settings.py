"""The settings, from environment variables and `.env`; each error names its variable."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import platformdirs
import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from webcrm_sync.core.attachments import MEGABYTE
from webcrm_sync.core.web_address import (
    check_link_pattern,
    is_loopback,
    is_unencrypted,
    normalize_url,
)

PREFIX = "WEBCRM_SYNC_"
_LAST_PORT = 65535
_YEAR_S = 366 * 24 * 3600
_INVALID_DATABASE_URL = (
    "must be an address such as postgresql://user:password@host/name,"
    " with %40 for an @ in the password, %2F for a / and %23 for a #"
)
#: The characters of a source in a Content-Security-Policy: no blanks, quotes or semicolons.
_SOURCE = re.compile(r"[!#-&(-:<-~]+")
#: The settings that hold an address that we call, or by which others call us.
_ADDRESSES = ("public_url", "entra_authority", "graph_url", "webcrm_url", "office_js_url")


class SettingsError(Exception):
    """Settings are missing or wrong. The message has a line for each of them."""


def _check_listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not (host and port.isascii() and port.isdecimal() and int(port) <= _LAST_PORT):
        raise ValueError("must be a host and a port such as 127.0.0.1:8000")
    return value


def _check_database_url(value: str) -> str:
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


def _check_moment(value: datetime) -> datetime:
    if not 1990 <= value.year <= 2200:
        raise ValueError("must be a moment such as 2026-03-01T12:00:00Z")
    return value


def _check_id(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]+", value) or not value.strip("."):
        raise ValueError("must be an id such as 11111111-2222-3333-4444-555555555555")
    return value


def _split_list(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _check_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is no time zone; write it like Europe/Copenhagen") from error
    return value


def _check_sources(value: frozenset[str]) -> frozenset[str]:
    if not all(map(_SOURCE.fullmatch, value)):
        raise ValueError("must be origins such as https://outlook.office.com, comma-separated")
    return value


Url = Annotated[str, AfterValidator(normalize_url)]
Id = Annotated[str, AfterValidator(_check_id)]
Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_split_list)]
Sources = Annotated[Names, AfterValidator(_check_sources)]
Seconds = Annotated[float, Field(gt=0, le=_YEAR_S)]

#: The origins of Outlook on the web and new Outlook. Microsoft publishes no list (GitHub:
#: OfficeDev/office-js issues 1005, 5224, 6833), so a setting can replace it.
_OUTLOOK_ORIGINS = frozenset(
    {
        "https://outlook.office.com",
        "https://outlook.office365.com",
        "https://outlook.live.com",
        "https://*.outlook.com",
        "https://outlook.cloud.microsoft",
        "https://*.cloud.microsoft",
        "https://*.office.com",
        "https://*.office365.com",
        "https://*.officeapps.live.com",
        "https://teams.microsoft.com",
    }
)


class Settings(BaseSettings):
    """The values that differ between installations: a sandbox, a national cloud, production."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8-sig",  # editors on Windows write a byte order mark
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    database_url: Annotated[
        Annotated[str, AfterValidator(_check_database_url)] | None, Field(repr=False)
    ] = None
    data_dir: Path = Path(platformdirs.user_data_dir("webcrm-sync", appauthor=False))
    listen: Annotated[str, AfterValidator(_check_listen)] = "127.0.0.1:8000"
    public_url: Url = "http://localhost:8000"
    allow_http: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    secret_key: SecretStr | None = None

    entra_authority: Url = "https://login.microsoftonline.com"
    entra_tenant_id: Id
    entra_client_id: Id
    entra_client_secret: SecretStr | None = None
    entra_client_certificate: Path | None = None
    graph_url: Url = "https://graph.microsoft.com/v1.0"
    ca_bundle: Path | None = None

    webcrm_url: Url = "https://api.webcrm.com"
    webcrm_token: SecretStr
    webcrm_action_in: str = "E-mail in"
    webcrm_action_out: str = "E-mail out"
    webcrm_key_field: Annotated[
        str, Field(pattern=r"^Activity(Custom([1-9]|1[0-5])|Plus([1-9]|1\d|20))$")
    ] = "ActivityCustom15"
    webcrm_time_zone: Annotated[str, AfterValidator(_check_zone)] = "UTC"
    webcrm_settle_seconds: Annotated[float, Field(ge=0, le=_YEAR_S)] = 60
    webcrm_organisation_link: Annotated[str, AfterValidator(check_link_pattern)] = ""

    office_js_url: Annotated[str, AfterValidator(partial(normalize_url, allow_query=True))] = (
        "https://appsforoffice.microsoft.com/lib/1/hosted/office.js"
    )
    frame_ancestors: Sources = _OUTLOOK_ORIGINS
    folder_name: Annotated[str, Field(min_length=1, max_length=255)] = "webCRM sync"
    poll_seconds: Seconds | None = None
    mirror_seconds: Seconds = 30
    mirror_since: Annotated[datetime, AfterValidator(_check_moment)] | None = None
    directory_seconds: Seconds = 60
    internal_domains: Names = frozenset()
    never_sync: Names = frozenset()
    unmatched: Literal["wait", "unlinked"] = "wait"
    attachment_max_mb: Annotated[float, Field(gt=0, le=1024)] = 25
    quoted_history: Literal["FULL", "NEW_TEXT_ONLY"] = "FULL"

    @field_validator("*", mode="before")
    @classmethod
    def _strip(cls, value: object) -> object:
        """Removes surrounding blanks, such as the carriage return of a line in a Windows file."""
        return value.strip() if isinstance(value, str) else value

    @property
    def is_push_enabled(self) -> bool:
        """True when Graph can reach us: by https, or because both run on this machine."""
        public, graph = urlsplit(self.public_url), urlsplit(self.graph_url)
        return public.scheme == "https" or (
            is_loopback(str(public.hostname)) and is_loopback(str(graph.hostname))
        )

    def poll_interval(self, *, is_pushed: bool) -> timedelta:
        """The time between two reads of a folder without a notification.

        `is_pushed`: Graph pushes changes of the folder.
        """
        return timedelta(seconds=self.poll_seconds or (600 if is_pushed else 120))

    @property
    def search_lag(self) -> timedelta:
        """The longest time that webCRM's search lags behind its writes."""
        return timedelta(seconds=self.webcrm_settle_seconds)

    @property
    def max_attachment_bytes(self) -> int:
        """The size of the largest attachment that becomes a Document."""
        return int(self.attachment_max_mb * MEGABYTE)

    @property
    def is_new_text_only(self) -> bool:
        """True when quoted earlier mails stay out of webCRM."""
        return self.quoted_history == "NEW_TEXT_ONLY"

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone of the times that people enter in webCRM."""
        return ZoneInfo(self.webcrm_time_zone)


def read_settings() -> Settings:
    """The settings of this process. Raises SettingsError, which names each wrong variable."""
    try:
        settings = Settings()
    except UnicodeDecodeError:
        raise SettingsError(".env: must be text in UTF-8") from None
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'_'.join(str(p) for p in e['loc'][:1]).upper()}: {_error_text(e)}"
            for e in error.errors(include_input=False)
        ]
        raise SettingsError("\n".join(lines)) from None
    if lines := [f"{PREFIX}{line}" for line in _find_conflicts(settings)]:
        raise SettingsError("\n".join(lines))
    if settings.mirror_since and settings.mirror_since.tzinfo is None:
        since = settings.mirror_since.replace(tzinfo=UTC)
        return settings.model_copy(update={"mirror_since": since})
    return settings


def _error_text(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return "is missing"
    return str(error["msg"]).removeprefix("Value error, ")


def _find_conflicts(settings: Settings) -> Iterator[str]:
    """A line for each conflict between settings, and each missing file. Quotes no value."""
    if not (settings.entra_client_secret or settings.entra_client_certificate):
        yield f"ENTRA_CLIENT_SECRET or {PREFIX}ENTRA_CLIENT_CERTIFICATE: one is required"
    if settings.secret_key and not settings.secret_key.get_secret_value().strip(", "):
        yield "SECRET_KEY: holds no key"
    if bool(settings.tls_cert) != bool(settings.tls_key):
        yield f"TLS_CERT and {PREFIX}TLS_KEY: give both or neither"
    for name in ("tls_cert", "tls_key", "ca_bundle", "entra_client_certificate"):
        path = getattr(settings, name)
        if path is not None and not os.path.isfile(path):
            yield f"{name.upper()}: there is no such file"
    for name in _ADDRESSES:
        if is_unencrypted(getattr(settings, name)) and not settings.allow_http:
            yield (
                f"{name.upper()}: must start with https:// outside this machine"
                f" ({PREFIX}ALLOW_HTTP=true allows http:// in a network that you trust)"
            )
