"""`webcrm-sync manifest` prints a manifest that is this service's own."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from click.testing import CliRunner

from webcrm_sync.cli import cli

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "WEBCRM_SYNC_ENTRA_TENANT_ID": "t1",
    "WEBCRM_SYNC_ENTRA_CLIENT_ID": "c1",
    "WEBCRM_SYNC_ENTRA_CLIENT_SECRET": "hush",
    "WEBCRM_SYNC_WEBCRM_TOKEN": "hush",
    "WEBCRM_SYNC_ENTRA_AUTHORITY": "https://entra.example",
    "WEBCRM_SYNC_PUBLIC_URL": "https://mail.example/a&b",
}


def printed(**changes: str) -> str:
    result = CliRunner().invoke(cli, ["manifest"], env=SETTINGS | changes)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_manifest_names_this_service_and_nothing_of_the_local_one() -> None:
    text = printed()
    root = ElementTree.fromstring(text)
    addresses = {v for e in root.iter() for v in e.attrib.values() if v.startswith("http")}
    assert addresses
    assert all(a.startswith("https://mail.example/a&b/addin/") for a in addresses)
    assert "localhost" not in text
    assert "<AppDomain>https://entra.example</AppDomain>" in text


def test_the_id_stays_with_the_application_and_differs_from_anothers() -> None:
    def identity(text: str) -> str:
        found = re.search(r"<Id>([0-9a-f-]{36})</Id>", text)
        assert found
        return found[1]

    one = identity(printed())
    assert one == identity(printed(WEBCRM_SYNC_PUBLIC_URL="https://moved.example"))
    assert one != identity(printed(WEBCRM_SYNC_ENTRA_CLIENT_ID="c2"))
    assert one != identity((ROOT / "manifest.xml").read_text())


def test_an_address_without_https_is_warned_of() -> None:
    env = SETTINGS | {"WEBCRM_SYNC_PUBLIC_URL": "http://mail.example"}
    assert "https" in CliRunner().invoke(cli, ["manifest"], env=env).stderr
