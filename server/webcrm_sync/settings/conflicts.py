"""What is wrong with settings that are well formed each: conflicts, and files of no use."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from webcrm_sync.core.web_address import is_loopback, is_unencrypted
from webcrm_sync.core.webhook_key import webhook_key
from webcrm_sync.settings.model import PREFIX, Settings

#: The settings that hold an address that we call, or by which others call us.
_ADDRESSES = ("public_url", "entra_authority", "graph_url", "webcrm_url", "office_js_url")
_FILES = ("tls_cert", "tls_key", "ca_bundle", "entra_client_certificate")
#: What follows an authority in Entra's addresses (Microsoft identity platform: endpoints).
_TENANTS = ("common", "organizations", "consumers", "oauth2", "v2.0")
KEY_FILE = "secret.key"
#: What a header may hold as a token (RFC 6750), long enough that nobody guesses it.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,}=*")


@dataclass(frozen=True, slots=True)
class Conflict:
    """What is wrong, in a sentence that quotes no value, and the settings that it is about."""

    settings: frozenset[str]
    sentence: str


def find_conflicts(settings: Settings) -> Iterator[Conflict]:
    """Each conflict between settings, each unusable file, and each address that cannot be right."""
    for check in _CHECKS:
        yield from check(settings)


def _conflict(sentence: str, *settings: str) -> Conflict:
    return Conflict(frozenset(settings), f"{PREFIX}{sentence}")


def _check_mail(settings: Settings) -> Iterator[Conflict]:
    if bool(settings.alert_mail_to) != bool(settings.smtp_host):
        sentence = f"ALERT_MAIL_TO and {PREFIX}SMTP_HOST: give both or neither"
        yield _conflict(sentence, "alert_mail_to", "smtp_host")
    if bool(settings.smtp_user) != bool(settings.smtp_password):
        sentence = f"SMTP_USER and {PREFIX}SMTP_PASSWORD: give both or neither"
        yield _conflict(sentence, "smtp_user", "smtp_password")
    is_far = not is_loopback(settings.smtp_host or "localhost")
    if settings.smtp_tls == "none" and settings.smtp_user and is_far and not settings.allow_http:
        yield _conflict(
            "SMTP_TLS: must be starttls or tls outside this machine, since a password is sent"
            f" ({PREFIX}ALLOW_HTTP=true allows none in a network that you trust)",
            "smtp_tls",
            "smtp_user",
            "smtp_host",
        )


def _check_text(settings: Settings) -> Iterator[Conflict]:
    is_new_only = settings.quoted_history == "NEW_TEXT_ONLY"
    if is_new_only and settings.mail_text not in {None, "new"}:
        yield _conflict(
            f"MAIL_TEXT and {PREFIX}QUOTED_HISTORY: say different things; remove QUOTED_HISTORY,"
            " the older of the two",
            "mail_text",
            "quoted_history",
        )


def _check_metrics(settings: Settings) -> Iterator[Conflict]:
    token = settings.metrics_token
    if token and not _TOKEN.fullmatch(token.get_secret_value()):
        yield _conflict(
            "METRICS_TOKEN: must have at least 16 letters and digits, and no blanks; make one with"
            " `openssl rand -hex 32`",
            "metrics_token",
        )


def _check_webhook(settings: Settings) -> Iterator[Conflict]:
    if bool(settings.alert_webhook_url) != bool(settings.alert_webhook_secret):
        yield _conflict(
            f"ALERT_WEBHOOK_URL and {PREFIX}ALERT_WEBHOOK_SECRET: give both or neither; make a"
            " secret with `openssl rand -base64 32`",
            "alert_webhook_url",
            "alert_webhook_secret",
        )
    secret = settings.alert_webhook_secret
    if secret:
        try:
            webhook_key(secret.get_secret_value())
        except ValueError as error:
            text = f"ALERT_WEBHOOK_SECRET: {error}; make one with `openssl rand -base64 32`"
            yield _conflict(text, "alert_webhook_secret")
    url = settings.alert_webhook_url
    if url and is_unencrypted(url.get_secret_value()) and not settings.allow_http:
        yield _conflict(
            "ALERT_WEBHOOK_URL: must start with https:// outside this machine"
            f" ({PREFIX}ALLOW_HTTP=true allows http:// in a network that you trust)",
            "alert_webhook_url",
        )


def _check_logins(settings: Settings) -> Iterator[Conflict]:
    names = ("entra_client_secret", "entra_client_certificate")
    if not any(getattr(settings, name) for name in names):
        yield _conflict(
            f"ENTRA_CLIENT_SECRET or {PREFIX}ENTRA_CLIENT_CERTIFICATE: one is required", *names
        )


def _check_secret_key(settings: Settings) -> Iterator[Conflict]:
    """A database of its own has no key beside it, so each machine would create another one."""
    key = settings.secret_key
    if key and not key.get_secret_value().strip(", "):
        yield _conflict("SECRET_KEY: holds no key", "secret_key")
    if key or not settings.database_url or has_key_file(settings.data_dir):
        return
    yield _conflict(
        f"SECRET_KEY: is missing; with {PREFIX}DATABASE_URL it is required. Make one with"
        " `openssl rand -base64 32`, use it on every machine, and keep a copy apart from the"
        " database's backups",
        "secret_key",
        "database_url",
        "data_dir",
    )


def has_key_file(data_dir: Path) -> bool:
    """True if an earlier version has stored a key in DATA_DIR."""
    try:
        return (data_dir / KEY_FILE).is_file()
    except OSError:
        return False


def _check_tls(settings: Settings) -> Iterator[Conflict]:
    if bool(settings.tls_cert) != bool(settings.tls_key):
        sentence = f"TLS_CERT and {PREFIX}TLS_KEY: give both or neither"
        yield _conflict(sentence, "tls_cert", "tls_key")


def _check_files(settings: Settings) -> Iterator[Conflict]:
    for name in _FILES:
        path: Path | None = getattr(settings, name)
        if path is None:
            continue
        check = _ca_bundle_trouble if name == "ca_bundle" else _file_trouble
        if trouble := _trouble(check, path):
            yield _conflict(f"{name.upper()}: {trouble}", name)


def _trouble(check: Callable[[Path], str | None], path: Path) -> str | None:
    try:
        if not path.is_file():
            return "there is no such file"
        return check(path)
    except ValueError:  # a NUL in the name
        return "there is no such file"
    except OSError as error:
        return f"the file cannot be read ({error.strerror})"


def _file_trouble(path: Path) -> str | None:
    with path.open("rb"):
        return None


def _ca_bundle_trouble(path: Path) -> str | None:
    _file_trouble(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return "the file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
    return None


def _check_addresses(settings: Settings) -> Iterator[Conflict]:
    for name in _ADDRESSES:
        if is_unencrypted(getattr(settings, name)) and not settings.allow_http:
            yield _conflict(
                f"{name.upper()}: must start with https:// outside this machine"
                f" ({PREFIX}ALLOW_HTTP=true allows http:// in a network that you trust)",
                name,
            )
    if urlsplit(settings.graph_url).path != "/v1.0":
        yield _conflict(
            "GRAPH_URL: must end in /v1.0, such as https://graph.microsoft.com/v1.0", "graph_url"
        )
    segments = set(urlsplit(settings.entra_authority).path.casefold().split("/"))
    if segments & {settings.entra_tenant_id.casefold(), *_TENANTS}:
        yield _conflict(
            "ENTRA_AUTHORITY: must end before the tenant, such as https://login.microsoftonline.com;"
            f" the tenant belongs into {PREFIX}ENTRA_TENANT_ID",
            "entra_authority",
        )


_CHECKS = (
    _check_logins,
    _check_secret_key,
    _check_tls,
    _check_files,
    _check_addresses,
    _check_text,
    _check_metrics,
    _check_mail,
    _check_webhook,
)
