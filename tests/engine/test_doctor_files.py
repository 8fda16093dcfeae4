"""`doctor` names certificates, keys and databases that cannot be used."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from support.doctor import FAILED, OK, WARNING, Doctor, certificate
from webcrm_sync.settings import PREFIX
from webcrm_sync_sandbox.http_server import free_port


@pytest.mark.parametrize(
    ("days", "verdict", "words"),
    [(-1, FAILED, "ended on"), (10, WARNING, "ends on"), (60, OK, "lasts until")],
)
def test_a_certificate_that_ends_is_named(
    doctor: Doctor, days: int, verdict: str, words: str
) -> None:
    cert, key = certificate(doctor.folder, ends_in=timedelta(days=days, hours=1))
    doctor.settings |= {"TLS_CERT": cert, "TLS_KEY": key}
    assert doctor.said("certificates", verdict).startswith(f"{PREFIX}TLS_CERT {words}")
    both = doctor.folder / "both.pem"
    both.write_bytes(Path(key).read_bytes() + Path(cert).read_bytes())
    del doctor.settings["TLS_CERT"], doctor.settings["TLS_KEY"]
    del doctor.settings["ENTRA_CLIENT_SECRET"]
    doctor.settings["ENTRA_CLIENT_CERTIFICATE"] = str(both)
    said = doctor.said("certificates", verdict)
    assert said.startswith(f"{PREFIX}ENTRA_CLIENT_CERTIFICATE {words}")


def test_the_first_end_of_a_chain_counts_as_it_does_for_the_alerts(doctor: Doctor) -> None:
    cert, key = certificate(doctor.folder, ends_in=timedelta(days=90))
    (doctor.folder / "issuer").mkdir()
    issuer, _ = certificate(doctor.folder / "issuer", ends_in=timedelta(days=10))
    with Path(cert).open("ab") as file:
        file.write(Path(issuer).read_bytes())
    doctor.settings |= {"TLS_CERT": cert, "TLS_KEY": key}
    assert doctor.said("certificates", WARNING).startswith(f"{PREFIX}TLS_CERT ends on")
    assert "certificate in WEBCRM_SYNC_TLS_CERT ends on" in doctor.invoke("status").stdout


@pytest.mark.parametrize(("days", "verdict"), [(-1, FAILED), (10, WARNING), (60, OK)])
def test_a_client_secret_that_ends_is_named(doctor: Doctor, days: int, verdict: str) -> None:
    end = datetime.now(UTC) + timedelta(days=days)
    doctor.settings["ENTRA_CLIENT_SECRET_EXPIRES"] = f"{end:%Y-%m-%d}"
    said = doctor.said("certificates", verdict)
    assert said.startswith(f"{PREFIX}ENTRA_CLIENT_SECRET ")
    assert f"{end:%Y-%m-%d}" in said


def test_files_that_are_no_certificates_or_keys_are_named(doctor: Doctor) -> None:
    cert, key = certificate(doctor.folder, ends_in=timedelta(days=90))
    (doctor.folder / "other").mkdir()
    _, other = certificate(doctor.folder / "other", ends_in=timedelta(days=90))
    doctor.settings |= {"TLS_CERT": cert, "TLS_KEY": other}
    assert doctor.said("certificates").endswith("the key belongs to another certificate")
    Path(other).write_text("hush", "utf-8")
    assert "one of the files is no PEM file" in doctor.said("certificates")
    doctor.settings["TLS_KEY"] = key
    assert doctor.said("certificates", OK).startswith(f"{PREFIX}TLS_CERT lasts until")
    doctor.settings["ENTRA_CLIENT_CERTIFICATE"] = cert
    assert "is not used, since" in doctor.said("certificates", WARNING)
    del doctor.settings["ENTRA_CLIENT_SECRET"]
    assert "must be a PEM file that holds the private key" in doctor.said("certificates")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (trustme.KeyType.ECDSA, "must hold an RSA key of at least 2048 bits."),
        (trustme.KeyType.RSA, "holds the key of another certificate."),
    ],
)
def test_a_client_certificate_with_a_wrong_key_is_named(
    doctor: Doctor, kind: trustme.KeyType, words: str
) -> None:
    cert, key = certificate(doctor.folder, ends_in=timedelta(days=90), key_type=kind)
    (doctor.folder / "other").mkdir()
    _, other = certificate(doctor.folder / "other", ends_in=timedelta(days=90))
    both = doctor.folder / "both.pem"
    right = key if kind is trustme.KeyType.ECDSA else other
    both.write_bytes(Path(right).read_bytes() + Path(cert).read_bytes())
    doctor.settings["ENTRA_CLIENT_CERTIFICATE"] = str(both)
    del doctor.settings["ENTRA_CLIENT_SECRET"]
    for name in ("certificates", "Entra and Graph sign-in"):
        assert doctor.said(name) == f"{PREFIX}ENTRA_CLIENT_CERTIFICATE {words}"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://hushuser:hush@127.0.0.1:{free}/d", "nothing listens at the host and port"),
        ("postgresql://u:hush@nowhere.invalid/d", f"the host in {PREFIX}DATABASE_URL is unknown"),
        ("postgresql://u:hush@{taken}/d?connect_timeout=2", "does not answer"),
        ("{given}&dbname=other", "the database in "),
        ("{user}", "wrong|does not exist"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    doctor: Doctor, url: str, sentence: str
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # accepts, and never answers
        given = doctor.settings["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")
        login, _, place = given.removeprefix("postgresql://").partition("@")
        doctor.settings["DATABASE_URL"] = url.format(
            free=free_port(),
            taken=f"127.0.0.1:{silent.getsockname()[1]}",
            given=given,
            user=f"postgresql://{login.partition(':')[0]}:hush@{place}",
        )
        text = doctor.said("database")
    assert text.startswith("The database cannot be used: ")
    assert any(part in text for part in sentence.split("|")), text
    assert "hush@" not in text
    assert ":hush" not in text
    names = {check["name"] for check in doctor.checks()}
    assert {"webCRM login", "Entra and Graph sign-in", "permissions"} <= names


def test_there_is_no_database_yet(doctor: Doctor) -> None:
    del doctor.settings["DATABASE_URL"]
    assert doctor.said("database").startswith("There is no database yet. Run `webcrm-sync serve`")
    assert not (doctor.folder / "data").exists()


def test_a_key_in_the_data_folder_is_a_warning(doctor: Doctor) -> None:
    (doctor.folder / "data").mkdir()
    (doctor.folder / "data" / "secret.key").write_text("test", "ascii")
    del doctor.settings["SECRET_KEY"]
    text = doctor.said("secret key", WARNING)
    assert f"Copy it into {PREFIX}SECRET_KEY, or name the file in {PREFIX}SECRET_KEY_FILE" in text
