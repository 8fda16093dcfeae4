"""The settings: environment variables and `.env`, read once, every error naming its variable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from webcrm_sync.core.enclosures import MEGABYTE

PREFIX = "WEBCRM_SYNC_"
#: Names by which this machine reaches itself.
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class SettingsError(Exception):
    """A setting is missing or wrong. The message names every one, a line each."""


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address that starts with https:// (or http://)")
    return value.rstrip("/")


def _names(value: object) -> object:
    return [p.strip() for p in value.split(",") if p.strip()] if isinstance(value, str) else value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is no time zone; write it like Europe/Copenhagen") from error
    return value


def _sources(value: frozenset[str]) -> frozenset[str]:
    if any(set(source) & set(" ;'\"\t\r\n") for source in value):
        raise ValueError("must be origins such as https://outlook.office.com, comma-separated")
    return value


Url = Annotated[str, AfterValidator(_url)]
Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_names)]
Sources = Annotated[Names, AfterValidator(_sources)]
Seconds = Annotated[float, Field(gt=0)]

#: Where Outlook on the web and new Outlook run. Microsoft publishes no list (GitHub:
#: OfficeDev/office-js issues 1005, 5224, 6833), so it is a setting.
_OUTLOOK = frozenset(
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
    """Everything that differs between a sandbox, a national cloud and production."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    database_url: Annotated[str | None, Field(repr=False)] = None
    data_dir: Path = Path(platformdirs.user_data_dir("webcrm-sync", appauthor=False))
    listen: Annotated[str, Field(pattern=r"^.+:\d+$")] = "127.0.0.1:8000"
    public_url: Url = "http://localhost:8000"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    secret_key: SecretStr | None = None

    entra_authority: Url = "https://login.microsoftonline.com"
    entra_tenant_id: str
    entra_client_id: str
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
    webcrm_time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    webcrm_settle_seconds: Annotated[float, Field(ge=0)] = 60
    webcrm_organisation_link: str = ""

    office_js_url: Url = "https://appsforoffice.microsoft.com/lib/1/hosted/office.js"
    frame_ancestors: Sources = _OUTLOOK
    folder_name: Annotated[str, Field(min_length=1, max_length=255)] = "webCRM sync"
    poll_seconds: Seconds | None = None
    mirror_seconds: Seconds = 30
    mirror_since: datetime | None = None
    directory_seconds: Seconds = 60
    internal_domains: Names = frozenset()
    never_sync: Names = frozenset()
    unmatched: Literal["wait", "unlinked"] = "wait"
    attachment_max_mb: Annotated[float, Field(gt=0)] = 25
    quoted_history: Literal["FULL", "NEW_TEXT_ONLY"] = "FULL"

    @property
    def push_is_on(self) -> bool:
        """True when Graph can reach us: by https, or because both of us are on this machine."""
        public, graph = urlsplit(self.public_url), urlsplit(self.graph_url)
        return public.scheme == "https" or (
            public.hostname in _LOOPBACK and graph.hostname in _LOOPBACK
        )

    def poll_every(self, *, is_pushed: bool) -> timedelta:
        """How often a folder is looked at although nobody hinted at it.

        `is_pushed`: Graph tells us of its changes.
        """
        return timedelta(seconds=self.poll_seconds or (600 if is_pushed else 120))

    @property
    def settle(self) -> timedelta:
        """How long webCRM's search may lag behind its writes."""
        return timedelta(seconds=self.webcrm_settle_seconds)

    @property
    def largest_attachment(self) -> int:
        """In bytes; what is larger becomes no Document."""
        return int(self.attachment_max_mb * MEGABYTE)

    @property
    def is_new_text_only(self) -> bool:
        """True when the mails quoted in a mail stay out of webCRM."""
        return self.quoted_history == "NEW_TEXT_ONLY"

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone in which webCRM shows the times people enter."""
        return ZoneInfo(self.webcrm_time_zone)


def read_settings() -> Settings:
    """The settings of this process.

    Raises SettingsError naming each missing or wrong variable.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'_'.join(str(p) for p in e['loc'][:1]).upper()}: {_plain(e)}"
            for e in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from error
    _check_together(settings)
    if settings.mirror_since and settings.mirror_since.tzinfo is None:
        since = settings.mirror_since.replace(tzinfo=UTC)
        return settings.model_copy(update={"mirror_since": since})
    return settings


def _plain(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return "is missing"
    return str(error["msg"]).removeprefix("Value error, ")


def _check_together(settings: Settings) -> None:
    if not (settings.entra_client_secret or settings.entra_client_certificate):
        raise SettingsError(
            f"{PREFIX}ENTRA_CLIENT_SECRET or {PREFIX}ENTRA_CLIENT_CERTIFICATE: one is required"
        )
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SettingsError(f"{PREFIX}TLS_CERT and {PREFIX}TLS_KEY: give both or neither")
    for name in ("tls_cert", "tls_key", "ca_bundle", "entra_client_certificate"):
        path = getattr(settings, name)
        if path is not None and not path.is_file():
            raise SettingsError(f"{PREFIX}{name.upper()}: there is no file {path}")
