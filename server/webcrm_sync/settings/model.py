"""The settings of one process, from environment variables and `.env`."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from webcrm_sync.core.along import Along, TextPart
from webcrm_sync.core.attachments import MEGABYTE
from webcrm_sync.core.web_address import check_link_pattern, is_loopback, normalize_url
from webcrm_sync.settings.values import (
    YEAR_S,
    Addresses,
    Domains,
    Id,
    Levels,
    People,
    Seconds,
    Sources,
    Url,
    check_address,
    check_database_url,
    check_key_field,
    check_listen,
    check_moment,
    check_secret_url,
    check_zone,
)

PREFIX = "WEBCRM_SYNC_"

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
_TEXT_PARTS = {
    "whole": TextPart.WHOLE,
    "new": TextPart.NEW_OR_ALL,
    "none": TextPart.NONE,
}


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
        Annotated[str, AfterValidator(check_database_url)] | None, Field(repr=False)
    ] = None
    data_dir: Path = Path(platformdirs.user_data_dir("webcrm-sync", appauthor=False))
    listen: Annotated[str, AfterValidator(check_listen)] = "127.0.0.1:8000"
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
    webcrm_key_field: Annotated[str, AfterValidator(check_key_field)] = "ActivityCustom15"
    webcrm_time_zone: Annotated[str, AfterValidator(check_zone)] = "UTC"
    webcrm_settle_seconds: Annotated[float, Field(ge=0, le=YEAR_S)] = 60
    webcrm_won_levels: Levels = frozenset()
    webcrm_no_opportunity: Literal["0", "-1", "null"] = "0"
    webcrm_organisation_link: Annotated[str, AfterValidator(check_link_pattern)] = ""

    office_js_url: Annotated[str, AfterValidator(partial(normalize_url, allow_query=True))] = (
        "https://appsforoffice.microsoft.com/lib/1/hosted/office.js"
    )
    frame_ancestors: Sources = _OUTLOOK_ORIGINS
    folder_name: Annotated[str, Field(min_length=1, max_length=255)] = "webCRM sync"
    poll_seconds: Seconds | None = None
    mirror_seconds: Seconds = 30
    mirror_since: Annotated[datetime, AfterValidator(check_moment)] | None = None
    directory_seconds: Seconds = 60
    internal_domains: Domains = frozenset()
    never_sync: People = frozenset()
    unmatched: Literal["wait", "unlinked"] = "wait"
    attachment_max_mb: Annotated[float, Field(gt=0, le=1024)] = 25
    mail_text: Literal["whole", "new", "none"] | None = None
    mail_attachments: Literal["all", "none"] = "all"
    quoted_history: Literal["FULL", "NEW_TEXT_ONLY"] = "FULL"

    # How the product is watched, and whom it tells about a trouble.
    log_format: Literal["text", "json"] = "text"
    metrics_token: SecretStr | None = None
    entra_client_secret_expires: Annotated[datetime, AfterValidator(check_moment)] | None = None
    alert_after_minutes: Annotated[float, Field(ge=1, le=7 * 24 * 60)] = 30
    alert_disk_free_mb: Annotated[float, Field(ge=0)] = 1000
    alert_mail_to: Addresses = frozenset()
    alert_mail_from: Annotated[str, AfterValidator(check_address)] | None = None
    smtp_host: str | None = None
    smtp_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    alert_webhook_url: Annotated[SecretStr, AfterValidator(check_secret_url)] | None = None
    alert_webhook_secret: SecretStr | None = None

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
    def no_opportunity(self) -> int | None:
        """The value that takes an Activity off its Opportunity, None = JSON's null."""
        return None if self.webcrm_no_opportunity == "null" else int(self.webcrm_no_opportunity)

    @property
    def max_attachment_bytes(self) -> int:
        """The size of the largest attachment that becomes a Document."""
        return int(self.attachment_max_mb * MEGABYTE)

    @property
    def along(self) -> Along:
        """The parts of a mail that are filed unless a person chooses others."""
        older = "whole" if self.quoted_history == "FULL" else "new"
        files = None if self.mail_attachments == "all" else ()
        return Along(_TEXT_PARTS[self.mail_text or older], files)

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone of the times that people enter in webCRM."""
        return ZoneInfo(self.webcrm_time_zone)
