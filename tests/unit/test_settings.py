"""The settings: read from the environment; each error names its variable."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from webcrm_sync.settings import PREFIX, Settings, SettingsError, read_settings

NEEDED = {
    "ENTRA_TENANT_ID": "tenant",
    "ENTRA_CLIENT_ID": "client",
    "ENTRA_CLIENT_SECRET": "hush-entra",
    "WEBCRM_TOKEN": "hush-webcrm",
}


class Environment:
    """The environment variables of one test, which runs in a directory without a `.env`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def set(self, **values: str) -> None:
        for name, value in values.items():
            self._monkeypatch.setenv(PREFIX + name, value)

    def unset(self, name: str) -> None:
        self._monkeypatch.delenv(PREFIX + name)

    def error_text(self) -> str:
        with pytest.raises(SettingsError) as raised:
            read_settings()
        return str(raised.value)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environment:
    monkeypatch.chdir(tmp_path)
    for name in [n for n in os.environ if n.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)
    environment = Environment(monkeypatch)
    environment.set(**NEEDED)
    return environment


@pytest.mark.usefixtures("environment")
def test_four_variables_are_enough() -> None:
    settings = read_settings()
    assert settings.graph_url == "https://graph.microsoft.com/v1.0"
    assert settings.webcrm_token.get_secret_value() == "hush-webcrm"
    assert settings.unmatched == "wait"


@pytest.mark.parametrize("name", ["ENTRA_TENANT_ID", "ENTRA_CLIENT_ID", "WEBCRM_TOKEN"])
def test_a_missing_variable_is_named(environment: Environment, name: str) -> None:
    environment.unset(name)
    assert environment.error_text() == f"{PREFIX}{name}: is missing"


def test_all_wrong_variables_are_named_at_once(environment: Environment) -> None:
    environment.unset("WEBCRM_TOKEN")
    environment.set(POLL_SECONDS="soon", WEBCRM_TIME_ZONE="Danish")
    lines = environment.error_text().splitlines()
    assert {line.partition(":")[0] for line in lines} == {
        f"{PREFIX}{name}" for name in ("WEBCRM_TOKEN", "POLL_SECONDS", "WEBCRM_TIME_ZONE")
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GRAPH_URL", "graph.microsoft.com"),
        ("PUBLIC_URL", "ftp://x.example"),
        ("WEBCRM_URL", "https://"),
        ("LISTEN", "8000"),
        ("LISTEN", "127.0.0.1:65536"),
        ("LISTEN", "127.0.0.1:٣"),
        ("LISTEN", ":8000"),
        ("WEBCRM_URL", "https://a:hush@x.example"),
        ("ENTRA_AUTHORITY", "https://hush@x.example"),
        ("GRAPH_URL", "https://x.example/?hush"),
        ("OFFICE_JS_URL", "https://x.example/o.js#hush"),
        ("WEBCRM_ORGANISATION_LINK", "javascript:alert({id})"),
        ("ENTRA_TENANT_ID", "../hush"),
        ("ENTRA_CLIENT_ID", "hush\nhush"),
        ("ALLOW_HTTP", "hush"),
        ("GRAPH_URL", "https://graph.microsoft.com"),
        ("GRAPH_URL", "https://graph.microsoft.com/beta"),
        ("ENTRA_AUTHORITY", "https://login.microsoftonline.com/Tenant/"),
        ("NEVER_SYNC", "eva@x.example; hush@x.example"),
        ("NEVER_SYNC", "Hush <hush@x.example>"),
        ("NEVER_SYNC", "eva@hush@x.example"),
        ("NEVER_SYNC", "x.example y.example"),
        ("INTERNAL_DOMAINS", "hush@x.example"),
        ("INTERNAL_DOMAINS", "x.example;y.example"),
        ("FRAME_ANCESTORS", "https://x.example; hush"),
        ("FOLDER_NAME", " "),
        ("QUOTED_HISTORY", "hush"),
        ("DIRECTORY_SECONDS", "soon"),
        ("DATABASE_URL", "mysql://u:hush@h/d"),
        ("DATABASE_URL", "postgresql://u:hu%zzsh@h/d"),
        ("DATABASE_URL", "hush"),
        ("DATABASE_URL", "password=hush host=h"),
        ("DATABASE_URL", "postgresql://u:hush@hush@h/d"),
        ("DATABASE_URL", "postgresql://u:hu/sh@h/d"),
        ("DATABASE_URL", "postgresql://u:hu#sh@h/d"),
        ("DATABASE_URL", "postgresql://u:hu?sh@h/d"),
        ("DATABASE_URL", "postgresql://u:hush@h:1x/d"),
        ("DATABASE_URL", "postgresql://u:hush@h:99999/d"),
        ("DATABASE_URL", "postgresql://u:hush@[::1/d"),
        ("DATABASE_URL", "postgresql://u:hush@h/d?hush=1"),
        ("DATABASE_URL", "postgresql://u:hush@h/d?connect_timeout=hush"),
        ("SECRET_KEY", ", ,"),
        ("POLL_SECONDS", "1e300"),
        ("POLL_SECONDS", "nan"),
        ("ATTACHMENT_MAX_MB", "inf"),
        ("WEBCRM_SETTLE_SECONDS", "inf"),
        ("MIRROR_SINCE", "0001-01-01T00:00:00+14:00"),
        ("MIRROR_SINCE", "9999-12-31T23:59:59-14:00"),
        ("WEBCRM_KEY_FIELD", "ActivityMemo"),
        ("WEBCRM_KEY_FIELD", "ActivityCustom16"),
        ("WEBCRM_TIME_ZONE", "../etc/passwd"),
        ("WEBCRM_SETTLE_SECONDS", "-1"),
        ("POLL_SECONDS", "0"),
        ("MIRROR_SECONDS", "0"),
        ("MIRROR_SINCE", "yesterday"),
        ("UNMATCHED", "maybe"),
        ("WEBCRM_WON_LEVELS", "5, Won"),
        ("WEBCRM_WON_LEVELS", "-1"),
        ("WEBCRM_NO_OPPORTUNITY", "none"),
        ("FOLDER_NAME", "x" * 256),
        ("CA_BUNDLE", "no/such/file.pem"),
        ("ENTRA_CLIENT_CERTIFICATE", "no/such/file.pem"),
        ("TLS_CERT", "cert.pem"),
    ],
)
def test_a_wrong_value_is_named_by_its_variable(
    environment: Environment, name: str, value: str
) -> None:
    environment.set(**{name: value})
    error_text = environment.error_text()
    assert error_text.startswith(f"{PREFIX}{name}")
    assert "hu" not in error_text


def test_no_error_holds_a_secret(environment: Environment) -> None:
    environment.set(UNMATCHED="maybe")
    assert "hush" not in environment.error_text()
    environment.unset("UNMATCHED")
    assert "hush" not in repr(read_settings())


@pytest.mark.parametrize("name", ["ENTRA_CLIENT_CERTIFICATE", "CA_BUNDLE", "TLS_KEY"])
def test_a_value_in_place_of_a_file_name_is_not_repeated(
    environment: Environment, name: str
) -> None:
    """A secret in the wrong variable, or a key instead of the name of its file."""
    for value in ("hush", "-----BEGIN PRIVATE KEY-----\nhush\n" + "h" * 5000):
        environment.set(**{name: value})
        assert PREFIX + name in environment.error_text()
        assert "hush" not in environment.error_text()


@pytest.mark.parametrize(
    "url",
    [
        *("postgresql://u:p@h/d", "postgres://u@h:5432/d", "postgresql+psycopg://u:p@h/d"),
        *("postgresql://u:p%40%2F%23@h/d", "postgresql:///d?host=/var/run/postgresql&user=u"),
        *(
            "postgresql://u:p@[::1]:5432/d?sslmode=verify-full",
            "postgresql://h/d?connect_timeout=5",
        ),
    ],
)
def test_each_usual_form_of_a_database_url_is_accepted(environment: Environment, url: str) -> None:
    environment.set(DATABASE_URL=url, SECRET_KEY="a key")
    assert read_settings().database_url == url


def test_no_traceback_holds_a_secret(environment: Environment) -> None:
    environment.set(DATABASE_URL="postgresql://u:hush-db@h/d", SECRET_KEY="hush-key")
    assert "hush" not in repr(read_settings())
    environment.set(POLL_SECONDS="hush-poll", WEBCRM_URL="https://u:hush-url@x.example")
    with pytest.raises(SettingsError) as raised:
        read_settings()
    assert "hush" not in "".join(traceback.format_exception(raised.value))
    with pytest.raises(ValidationError) as found:
        Settings()
    assert "hush" not in str(found.value)


@pytest.mark.parametrize(
    "name", ["GRAPH_URL", "WEBCRM_URL", "ENTRA_AUTHORITY", "OFFICE_JS_URL", "PUBLIC_URL"]
)
def test_an_unencrypted_address_is_refused_unless_allowed(
    environment: Environment, name: str
) -> None:
    path = "/v1.0" if name == "GRAPH_URL" else "/y"
    for open_ in ("http://x.example", "HTTP://10.1.2.3", "http://127.0.0.1.evil.example"):
        environment.set(**{name: f"{open_}{path}"})
        error_text = environment.error_text()
        assert error_text.startswith(f"{PREFIX}{name}: must start with https://")
        assert f"{PREFIX}ALLOW_HTTP" in error_text
        assert "\n" not in error_text
    for here in ("http://localhost:1", "http://127.1.1.1:2", "http://[::1]:3"):
        environment.set(**{name: f"{here}{path}"})
        assert getattr(read_settings(), name.lower()) == f"{here}{path}"
    environment.set(ALLOW_HTTP="true", **{name: f"http://x.example{path}"})
    assert getattr(read_settings(), name.lower()) == f"http://x.example{path}"


def test_a_file_from_windows_is_read(environment: Environment, tmp_path: Path) -> None:
    for variable in ("ENTRA_CLIENT_SECRET", "WEBCRM_TOKEN"):
        environment.unset(variable)
    lines = ["WEBCRM_TOKEN=hush-w", "ENTRA_CLIENT_SECRET=hush-e  ", "FOLDER_NAME='CRM sync'"]
    lines.append("PUBLIC_URL= https://sync.example.com/ ")
    text = "\r\n".join(PREFIX + line for line in lines) + "\r\n"
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbf" + text.encode())
    settings = read_settings()
    assert settings.webcrm_token.get_secret_value() == "hush-w"
    assert settings.folder_name == "CRM sync"
    assert settings.public_url == "https://sync.example.com"
    (tmp_path / ".env").write_bytes(text.encode("utf-16"))
    assert environment.error_text() == ".env: must be text in UTF-8"


def test_a_carriage_return_at_the_end_of_a_value_is_removed(environment: Environment) -> None:
    environment.set(WEBCRM_TOKEN="hush\r", WEBCRM_URL="https://x.example\r", UNMATCHED="wait\r")
    settings = read_settings()
    assert settings.webcrm_token.get_secret_value() == "hush"
    assert settings.webcrm_url == "https://x.example"


def test_a_client_secret_or_certificate_is_required(
    environment: Environment, tmp_path: Path
) -> None:
    environment.unset("ENTRA_CLIENT_SECRET")
    error_text = environment.error_text()
    assert f"{PREFIX}ENTRA_CLIENT_SECRET" in error_text
    assert f"{PREFIX}ENTRA_CLIENT_CERTIFICATE" in error_text
    certificate = tmp_path / "app.pem"
    certificate.touch()
    environment.set(ENTRA_CLIENT_CERTIFICATE=str(certificate))
    assert read_settings().entra_client_certificate == certificate


def test_an_empty_variable_counts_as_unset(environment: Environment) -> None:
    environment.set(DATABASE_URL="", POLL_SECONDS="", INTERNAL_DOMAINS="")
    settings = read_settings()
    assert (settings.database_url, settings.poll_seconds) == (None, None)
    assert settings.internal_domains == frozenset()


def test_lists_are_comma_separated(environment: Environment) -> None:
    environment.set(NEVER_SYNC=" a@x.example, y.example ,,", INTERNAL_DOMAINS="ours.example")
    settings = read_settings()
    assert settings.never_sync == {"a@x.example", "y.example"}
    assert settings.internal_domains == {"ours.example"}


def test_the_environment_overrides_a_dotenv_file(environment: Environment, tmp_path: Path) -> None:
    lines = [f"{PREFIX}FOLDER_NAME=CRM", f"{PREFIX}LISTEN=0.0.0.0:1", "OTHER=1"]
    (tmp_path / ".env").write_text("\n".join(lines), "utf-8")
    environment.set(LISTEN="127.0.0.1:2")
    settings = read_settings()
    assert (settings.folder_name, settings.listen) == ("CRM", "127.0.0.1:2")


def test_a_time_without_a_zone_is_utc(environment: Environment) -> None:
    environment.set(MIRROR_SINCE="2026-03-01T12:00:00")
    assert read_settings().mirror_since == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("public", "graph", "is_on"),
    [
        ("https://sync.example.com", "https://graph.microsoft.com/v1.0", True),
        ("http://localhost:8000", "https://graph.microsoft.com/v1.0", False),
        ("http://localhost:8000", "http://127.0.0.1:9000/v1.0", True),
        ("http://sync.example.com", "http://127.0.0.1:9000/v1.0", False),
    ],
)
def test_push_is_enabled_when_graph_can_reach_us(public: str, graph: str, is_on: bool) -> None:
    settings = Settings(
        public_url=public,
        graph_url=graph,
        entra_tenant_id="t",
        entra_client_id="c",
        webcrm_token=SecretStr("w"),
    )
    assert settings.is_push_enabled is is_on
    quick = settings.model_copy(update={"poll_seconds": 5})
    for is_pushed, minutes in ((True, 10), (False, 2)):
        assert settings.poll_interval(is_pushed=is_pushed) == timedelta(minutes=minutes)
        assert quick.poll_interval(is_pushed=is_pushed) == timedelta(seconds=5)


def test_addresses_lose_their_trailing_slash(environment: Environment) -> None:
    environment.set(PUBLIC_URL="https://sync.example.com/")
    assert read_settings().public_url == "https://sync.example.com"
