"""`webcrm-sync manifest` prints the manifest of this service."""

from __future__ import annotations

import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from lxml import etree

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


def test_the_manifest_names_this_service_and_not_the_local_one() -> None:
    text = printed()
    root = ElementTree.fromstring(text)
    addresses = {v for e in root.iter() for v in e.attrib.values() if v.startswith("http")}
    pages = addresses - {"https://mail.example/a&b/help"}
    assert len(pages) == len(addresses) - 1 > 0
    assert all(a.startswith("https://mail.example/a&b/addin/") for a in pages)
    assert "localhost" not in text
    assert "<AppDomain>https://entra.example</AppDomain>" in text


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://中国.example/路径", "https://xn--fiqs8s.example/%E8%B7%AF%E5%BE%84"),
        ("https://a--b.example:8443/x--y", "https://a--b.example:8443/x--y"),
        ("https://mail.example/-->", "https://mail.example/--%3E"),
        ("https://mail.example/a&b;c=d", "https://mail.example/a&b;c=d"),
        ("https://mail.example/&amp;", "https://mail.example/&amp;"),
        ("""https://mail.example/'"<x>""", "https://mail.example/'%22%3Cx%3E"),
        ("https://mail.example/a b/ø", "https://mail.example/a%20b/%C3%B8"),
        ("https://mail.example/]]>", "https://mail.example/%5D%5D%3E"),
        ("https://mail.example:443/sync", "https://mail.example/sync"),
        ("https://[2001:db8::1]:444", "https://[2001:db8::1]:444"),
        ("https://sync_1.example", "https://sync_1.example"),
        ("https://localhost:8443/bb9e4a78", "https://localhost:8443/bb9e4a78"),
    ],
)
def test_the_manifest_is_xml_for_every_host(url: str, written: str) -> None:
    text = printed(WEBCRM_SYNC_PUBLIC_URL=url, WEBCRM_SYNC_ENTRA_AUTHORITY=url)
    root = ElementTree.fromstring(text)
    addresses = {v for e in root.iter() for v in e.attrib.values() if v.startswith("http")}
    assert f"{written}/addin/taskpane.html" in addresses
    assert f"{written}/help" in addresses
    assert {a.partition("/addin/")[0].removesuffix("/help") for a in addresses} == {written}
    (domain,) = (e.text for e in root.iter() if e.tag.endswith("AppDomain"))
    assert domain == "/".join(written.split("/")[:3])
    if path := os.environ.get("WEBCRM_SYNC_MANIFEST_XSD"):
        schema = etree.XMLSchema(etree.parse(path))
        assert schema.validate(etree.fromstring(text.encode())), str(schema.error_log)


def test_an_impossible_host_gives_one_sentence() -> None:
    env = SETTINGS | {"WEBCRM_SYNC_PUBLIC_URL": "https://😀.example"}
    result = CliRunner().invoke(cli, ["manifest"], env=env)
    assert result.exit_code == 1
    assert "cannot be used in a manifest" in result.stderr


def test_each_application_has_its_own_stable_id() -> None:
    def identity(text: str) -> str:
        found = re.search(r"<Id>([0-9a-f-]{36})</Id>", text)
        assert found
        return found[1]

    one = identity(printed())
    assert one == identity(printed(WEBCRM_SYNC_PUBLIC_URL="https://moved.example"))
    assert one != identity(printed(WEBCRM_SYNC_ENTRA_CLIENT_ID="c2"))
    assert one != identity((ROOT / "manifest.xml").read_text())


def test_an_address_without_https_gives_a_warning() -> None:
    env = SETTINGS | {"WEBCRM_SYNC_PUBLIC_URL": "http://mail.example"}
    assert "https" in CliRunner().invoke(cli, ["manifest"], env=env).stderr
