"""The variables as administrators write them: in files, misspelt, malformed, without a key."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from webcrm_sync.settings import PREFIX, Settings, SettingsError, find_warnings, read_settings
from webcrm_sync.settings.variables import secret_fields

NEEDED = {
    "ENTRA_TENANT_ID": "tenant",
    "ENTRA_CLIENT_ID": "client",
    "ENTRA_CLIENT_SECRET": "hush-entra",
    "WEBCRM_TOKEN": "hush-webcrm",
}
#: What a secret needs beside it.
BESIDE = {
    "DATABASE_URL": {"SECRET_KEY": "a key"},
    "SMTP_PASSWORD": {"SMTP_USER": "kim"},
    "ALERT_WEBHOOK_URL": {"ALERT_WEBHOOK_SECRET": "hush-hush-hush-hush-hush"},
    "ALERT_WEBHOOK_SECRET": {"ALERT_WEBHOOK_URL": "https://h.example/x"},
}
#: A value that no setting of its type accepts, or a type that accepts every text.
MALFORMED = {
    **dict.fromkeys(("POLL_SECONDS", "MIRROR_SECONDS", "DIRECTORY_SECONDS"), "soon"),
    **dict.fromkeys(("WEBCRM_SETTLE_SECONDS", "ATTACHMENT_MAX_MB"), "1e999"),
    "ALLOW_HTTP": "perhaps",
    "UNMATCHED": "never",
    "QUOTED_HISTORY": "full",
    "MIRROR_SINCE": "yesterday",
    "WEBCRM_KEY_FIELD": "ActivityCustom99",
    "FOLDER_NAME": "x" * 256,
    "LISTEN": "everywhere",
    "WEBCRM_TIME_ZONE": "Danish",
    "NEVER_SYNC": "a@x.example b@x.example",
}


@pytest.fixture
def given(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The product's variables, without the prefix. `settings_of` reads them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)  # this folder has no `.env`
        for name in [n for n in os.environ if n.upper().startswith(PREFIX)]:
            patch.delenv(name)
        yield dict(NEEDED)


def settings_of(given: dict[str, str]) -> Settings:
    """The settings that these variables give."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(PREFIX + name, value)
        return read_settings()


def lines_of(given: dict[str, str]) -> list[str]:
    """What is wrong with these variables, without the prefix at the start."""
    with pytest.raises(SettingsError) as raised:
        settings_of(given)
    return [line.removeprefix(PREFIX) for line in raised.value.lines]


# ---- secrets in files ---------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(name.upper() for name in secret_fields()))
def test_each_secret_may_be_in_a_file(given: dict[str, str], tmp_path: Path, name: str) -> None:
    urls = {"DATABASE_URL": "postgresql://u:hush@h/d", "ALERT_WEBHOOK_URL": "https://h.example/x"}
    secret = urls.get(name, "hush-hush-hush-hush-hush")
    file = tmp_path / "secret"
    file.write_bytes(b"\xef\xbb\xbf" + secret.encode() + b"\r\n")
    given.pop(name, None)
    given |= BESIDE.get(name, {})
    value = getattr(settings_of({**given, f"{name}_FILE": str(file)}), name.lower())
    assert getattr(value, "get_secret_value", lambda: value)() == secret


def test_the_secrets_are_those_that_must_not_be_printed() -> None:
    assert secret_fields() >= {"database_url", "secret_key", "entra_client_secret", "webcrm_token"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "the file cannot be read (No such file or directory)"),
        (b"", "the file is empty"),
        (b" \r\n", "the file is empty"),
        (b"hush\nhush\n", "the file must hold one line, the secret alone"),
        (b"h" * 100_000, "the file must hold one line, the secret alone"),
        (b"\xff\xfehush", "must be text in UTF-8"),
    ],
)
def test_a_file_of_no_use_is_named(
    given: dict[str, str], tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    del given["WEBCRM_TOKEN"]
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    lines = lines_of({**given, "WEBCRM_TOKEN_FILE": str(file)})
    assert lines == [f"WEBCRM_TOKEN_FILE: {sentence}"]


def test_a_directory_in_place_of_a_file_is_named(given: dict[str, str], tmp_path: Path) -> None:
    del given["WEBCRM_TOKEN"]
    (line,) = lines_of({**given, "WEBCRM_TOKEN_FILE": str(tmp_path)})
    assert line == "WEBCRM_TOKEN_FILE: the file cannot be read (Is a directory)"


def test_a_secret_is_given_once(given: dict[str, str], tmp_path: Path) -> None:
    (line,) = lines_of({**given, "WEBCRM_TOKEN_FILE": str(tmp_path)})
    assert line == f"WEBCRM_TOKEN and {PREFIX}WEBCRM_TOKEN_FILE: give one of them"


def test_a_malformed_value_in_a_file_is_named_by_the_file(
    given: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "url").write_text("postgresql://u:hu@sh@h/d", "utf-8")
    (line,) = lines_of({**given, "SECRET_KEY": "k", "DATABASE_URL_FILE": str(tmp_path / "url")})
    assert line.startswith("DATABASE_URL_FILE: must be an address such as postgresql://")
    assert "sh@h" not in line


# ---- names --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("WEBCRM_TOKN", "WEBCRM_TOKEN"),
        ("NEVERSYNC", "NEVER_SYNC"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("ENTRA_CLIENTSECRET_FILE", "ENTRA_CLIENT_SECRET_FILE"),
        ("PUBLIC_URI", "PUBLIC_URL"),
        ("LISTEN_FILE", "LISTEN"),  # only a secret may be in a file
    ],
)
def test_a_misspelt_variable_is_refused_and_the_nearest_name_offered(
    given: dict[str, str], wrong: str, right: str
) -> None:
    sentence = f"is no setting of this version; did you mean {PREFIX}{right}?"
    assert f"{wrong}: {sentence}" in lines_of({**given, wrong: "hush"})


def test_a_variable_like_no_other_is_a_warning(given: dict[str, str]) -> None:
    """A later version may know it, and a way back to this one must stay open."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**given, "XQZ_J": "1"}.items():
            patch.setenv(PREFIX + name, value)
        read_settings()
        assert find_warnings() == [f"{PREFIX}XQZ_J: is no setting of this version"]


def test_a_misspelt_variable_in_a_dotenv_file_is_refused(
    given: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{PREFIX}FOLDERNAME=CRM\n", "utf-8")
    (line,) = lines_of(given)
    assert line.endswith(f"did you mean {PREFIX}FOLDER_NAME?")


def test_a_line_of_a_dotenv_file_that_is_no_variable_is_named(
    given: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{PREFIX}FOLDER_NAME=CRM\n'hush\nX=1\n", "utf-8")
    (line,) = lines_of(given)
    assert line.startswith(".env: line 2 is not NAME=value")
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").mkdir()
    assert lines_of(given) == [".env: cannot be read (Is a directory)"]


def write_dotenv(folder: Path, *lines: str) -> None:
    text = "\n".join(line.replace("~", PREFIX) for line in lines)
    (folder / ".env").write_text(f"{text}\n", "utf-8")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (("~LISTEN=a:1", "", "", "'hush"), "line 4 is not NAME=value"),
        (("", "~LISTEN", "~UNMATCHED=wait"), "line 2 is not NAME=value"),
        (("~LISTEN: a:1",), "line 1 is not NAME=value"),
        (("~FOLDER_NAME='CRM' x",), "line 1 is not NAME=value"),
        (("~SMTP_HOST 'a'", "~LISTEN=a:1", "= 3"), "lines 1, 3 are not NAME=value"),
        (('~FOLDER_NAME="CRM', '~LISTEN="a:1"'), "lines 1-2 are not NAME=value"),
    ],
)
def test_each_broken_line_of_a_dotenv_file_is_named_by_its_number(
    given: dict[str, str], tmp_path: Path, lines: tuple[str, ...], sentence: str
) -> None:
    write_dotenv(tmp_path, *lines)
    assert lines_of(given) == [f".env: {sentence}"]


def test_a_broken_line_hides_nothing_else_that_is_wrong(
    given: dict[str, str], tmp_path: Path
) -> None:
    given.clear()  # the broken line may hold any of them
    given |= {"LISTEN": "everywhere", "TLS_KEY": str(tmp_path)}
    write_dotenv(tmp_path, "~WEBCRM_TOKEN hush", "~UNMATCHED=never", "~FOLDERNAME=CRM")
    lines = lines_of(given)
    assert lines[0] == ".env: line 1 is not NAME=value"
    named = {line.split(":")[0] for line in lines[1:]}
    assert named == {"LISTEN", "UNMATCHED", "FOLDERNAME", "TLS_KEY"}


@pytest.mark.usefixtures("given")
def test_a_variable_that_is_given_twice_is_a_warning(tmp_path: Path) -> None:
    write_dotenv(
        tmp_path, "~LISTEN=a:1", "OTHER=1", "~listen=b:1", "OTHER=2", "", "~FOLDER_NAME=CRM"
    )
    again = ".env gives it again on line 3, which counts; line 1 does not. Delete one of them"
    assert find_warnings() == [f"{PREFIX}LISTEN: {again}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"{PREFIX}FOLDER_NAME", "CRM")  # the same value: nothing is lost
        assert len(find_warnings()) == 1
        patch.setenv(f"{PREFIX}FOLDER_NAME", "Other")
        assert find_warnings()[1] == (
            f"{PREFIX}FOLDER_NAME: the environment gives it, so the value in .env does not count"
        )


# ---- values -------------------------------------------------------------------------------


def test_everything_that_is_wrong_is_said_at_once_in_our_own_words(
    given: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("hush", "utf-8")
    del given["WEBCRM_TOKEN"], given["ENTRA_CLIENT_SECRET"]
    wrong = {
        **MALFORMED,
        "CA_BUNDLE": str(tmp_path / "ca.pem"),
        "TLS_CERT": str(tmp_path / "no.pem"),
        "GRAPH_URL": "https://graph.microsoft.com",
        "DATABASE_URL": "postgresql://u:hush@h/d",
        "SECRET_KEY_FILE": str(tmp_path / "key"),
    }
    lines = lines_of({**given, **wrong})
    named = {line.split(":")[0].split(" ")[0] for line in lines}
    assert named == wrong.keys() - {"DATABASE_URL"} | {"WEBCRM_TOKEN", "ENTRA_CLIENT_SECRET"}
    foreign = re.compile(r"Input|input|valid |Value error|parse|pydantic|Errno|hush")
    assert [line for line in lines if foreign.search(line)] == []
    assert "UNMATCHED: must be wait or unlinked" in lines
    assert "ALLOW_HTTP: must be true or false" in lines
    assert "POLL_SECONDS: must be a number" in lines
    assert "FOLDER_NAME: must have at most 255 characters" in lines


@pytest.mark.parametrize("name", sorted(name.upper() for name in Settings.model_fields))
def test_whatever_stands_in_a_variable_is_answered_in_our_own_words(
    given: dict[str, str], name: str
) -> None:
    odd = ["perhaps", "-1", "1e999", "9" * 5000, "x" * 70_000, "{", "[1]", " ", "null", "a,,b;c"]
    odd += ["https://[::1", "2026-13-01", "true\nfalse", "\u202ehush", "nan"]
    foreign = re.compile(r"[Ii]nput|Value error|pydantic|Errno|could not|has a form")
    said = {value[:20]: error_of({**given, name: value}) for value in odd}
    assert {value: text for value, text in said.items() if foreign.search(text)} == {}


def error_of(given: dict[str, str]) -> str:
    """What is wrong with these variables, empty if nothing is."""
    try:
        settings_of(given)
    except SettingsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no certificate", "the file holds no certificate in PEM form"),
        (b"", "the file holds no certificate in PEM form"),
        (b"\x30\x82\x01\x0a\x02", "the file holds no certificate in PEM form"),
        (None, "there is no such file"),
    ],
)
def test_a_ca_bundle_without_a_certificate_is_named(
    given: dict[str, str], tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    (line,) = lines_of({**given, "CA_BUNDLE": str(tmp_path / "ca.pem")})
    assert line.startswith(f"CA_BUNDLE: {sentence}")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    bundle = tmp_path / "ca.pem"
    assert settings_of({**given, "CA_BUNDLE": str(bundle)}).ca_bundle == bundle


@pytest.mark.parametrize(
    "names",
    [
        "eva@x.example, *.y.example, @z.example,https://www.w.example/",
        "firma.dk, bücher.example, xn--bcher-kva.example, localhost",
        "/o=Ours/ou=Exchange (FYD)/cn=Recipients/cn=Eva, eva+news@x.example",
    ],
)
def test_each_way_to_name_somebody_is_accepted(given: dict[str, str], names: str) -> None:
    expected = {name.strip() for name in names.split(",")}
    assert settings_of({**given, "NEVER_SYNC": names}).never_sync == expected


# ---- the key ------------------------------------------------------------------------------


def test_a_database_of_its_own_needs_a_key(given: dict[str, str], tmp_path: Path) -> None:
    given |= {"DATABASE_URL": "postgresql://u:hush@h/d", "DATA_DIR": str(tmp_path / "data")}
    (line,) = lines_of(given)
    assert line.startswith(f"SECRET_KEY: is missing; with {PREFIX}DATABASE_URL it is required.")
    assert settings_of({**given, "SECRET_KEY": "a key"}).secret_key


def test_a_key_that_an_earlier_version_stored_goes_on_working(
    given: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "secret.key").write_text("kept", "ascii")
    given |= {"DATABASE_URL": "postgresql://u:hush@h/d", "DATA_DIR": str(tmp_path)}
    assert settings_of(given).secret_key is None


def test_the_embedded_database_brings_its_own_key(given: dict[str, str], tmp_path: Path) -> None:
    assert settings_of({**given, "DATA_DIR": str(tmp_path / "data")}).secret_key is None
