"""Secrets at rest: encrypted, decrypted, encrypted again with a new key."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from webcrm_sync.store.encryption import Cipher, WrongKey, read_or_create_key

#: Encrypted with another key; a constant, since each call encrypts differently.
ANOTHERS = (
    "gAAAAABrBESIBKNDJf2jX8Fh2dLSujpGbb6YqM0g6JABDJ8p4H"
    "fUjZlZlQN84eF-SoV_6OpHKLe6Wgl4yU62k9uFXcd1DI3mvA=="
)


def test_an_encrypted_text_can_only_be_read_with_the_key() -> None:
    cipher = Cipher(["a passphrase, not a key: æøå"])
    token = cipher.encrypt("tøken")
    assert "tøken" not in token
    assert token.isascii()
    assert cipher.decrypt(token) == "tøken"


def test_every_machine_with_the_passphrase_opens_it() -> None:
    assert Cipher(["same"]).decrypt(Cipher(["same"]).encrypt("x")) == "x"


def test_after_a_rotation_the_old_key_decrypts_and_the_new_one_encrypts() -> None:
    old, both, new = Cipher(["old"]), Cipher(["new", "old"]), Cipher(["new"])
    token = old.encrypt("x")
    assert both.decrypt(token) == "x"
    assert new.decrypt(both.encrypt("y")) == "y"
    assert new.decrypt(both.encrypt_again(token)) == "x"


@pytest.mark.parametrize("token", ["", "no token", ANOTHERS])
def test_a_wrong_key_is_reported_with_the_name_of_its_setting(token: str) -> None:
    with pytest.raises(WrongKey, match="WEBCRM_SYNC_SECRET_KEY"):
        Cipher(["mine"]).decrypt(token)


@pytest.mark.parametrize("keys", [[], [""], ["good", ""]])
def test_an_empty_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="WEBCRM_SYNC_SECRET_KEY"):
        Cipher(keys)


def test_the_stored_key_is_created_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        key = read_or_create_key(tmp_path)
    finally:
        os.umask(before)
    assert len(key) >= 40
    assert read_or_create_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secret.key"]


def test_processes_that_create_the_key_simultaneously_share_it(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from webcrm_sync.store.encryption import read_or_create_key;"
        "sys.stdin.read(); print(read_or_create_key(pathlib.Path(sys.argv[1])))"
    )
    many = [
        subprocess.Popen(
            [sys.executable, "-c", program, tmp_path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    keys = {process.communicate("")[0] for process in many}
    assert len(keys) == 1
    assert keys == {read_or_create_key(tmp_path) + "\n"}
