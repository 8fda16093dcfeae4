"""The add-in's manifest: valid by Microsoft's schemas, and consistent with the service.

The schemas are named by an environment variable, since they are not ours to carry; without them
the run says so in one line. Rules beyond the schemas are always checked.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from lxml import etree

from webcrm_sync.web import help_page

ROOT = Path(__file__).parents[2]
ADDIN = ROOT / "addin"
TEMPLATES = ROOT / "server" / "webcrm_sync" / "web" / "templates"
XSD = "WEBCRM_SYNC_MANIFEST_XSD"
ORIGIN = "https://localhost:8000"
LOCALES = {"da-DK", "de-DE", "fi-FI", "sv-SE", "nb-NO", "nl-NL"}
#: Outlook refuses longer ones (Office Add-ins manifest: resources).
LONGEST = {"id": 32, "short": 125, "long": 250, "url": 2048}
#: What Outlook needs at least (Office Add-ins manifest: icon).
DESKTOP_SIZES = {16, 32, 80}
MOBILE_SIZES = {(size, scale) for size in (25, 32, 48) for scale in (1, 2, 3)}

BASE = "{http://schemas.microsoft.com/office/appforoffice/1.1}"
BT = "{http://schemas.microsoft.com/office/officeappbasictypes/1.0}"
MAIL = "{http://schemas.microsoft.com/office/mailappversionoverrides/1.1}"
KIND = "{http://www.w3.org/2001/XMLSchema-instance}type"
#: Which element points to which kind of resource.
POINTERS = {
    f"{BT}Image": f"{BT}Image",
    f"{MAIL}SourceLocation": f"{BT}Url",
    f"{MAIL}FunctionFile": f"{BT}Url",
    f"{MAIL}Label": f"{BT}String",
    f"{MAIL}Title": f"{BT}String",
    f"{MAIL}Description": f"{BT}String",
}

PATH = ROOT / "manifest.xml"
MANIFEST = ET.parse(PATH).getroot()


def _resources() -> dict[str, ET.Element]:
    (resources,) = MANIFEST.iter(f"{MAIL}Resources")
    return {element.attrib["id"]: element for element in resources.iter() if "id" in element.attrib}


def _urls() -> Iterator[str]:
    for element in MANIFEST.iter():
        url = element.attrib.get("DefaultValue", "")
        if "://" in url:
            yield url


def _icon_path(url: str) -> Path:
    return ADDIN / "assets" / "public" / urlsplit(url).path.removeprefix("/addin/")


def _pixels(path: Path) -> tuple[int, int]:
    """Width and height as the file has them (PNG specification: IHDR)."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_the_manifest_is_valid_by_the_schemas(capfd: pytest.CaptureFixture[str]) -> None:
    path = os.environ.get(XSD)
    if not path:
        with capfd.disabled():
            print(f"\nmanifest.xml not checked against its schemas: {XSD} not set.")  # noqa: T201 - said in the run
        pytest.skip(f"{XSD} not set")
    schema = etree.XMLSchema(etree.parse(path))
    is_valid = schema.validate(etree.parse(PATH))
    assert is_valid, str(schema.error_log)


def test_every_resource_exists_has_the_right_kind_and_is_used() -> None:
    resources = _resources()
    used = set()
    for element in MANIFEST.iter():
        resid = element.attrib.get("resid")
        if resid is not None:
            assert resources[resid].tag == POINTERS[element.tag], resid
            used.add(resid)
    assert used == set(resources)


def test_ids_are_short_and_unique() -> None:
    ids = [element.attrib["id"] for element in MANIFEST.iter() if "id" in element.attrib]
    assert [name for name in ids if len(name) > LONGEST["id"]] == []
    assert len(ids) == len(set(ids))


def test_every_address_is_served_by_us() -> None:
    urls = list(_urls())
    assert urls
    assert f"{ORIGIN}{help_page.PATH}" in urls
    for url in urls:
        if url == f"{ORIGIN}{help_page.PATH}":
            continue
        assert url.startswith(f"{ORIGIN}/addin/")
        assert len(url) <= LONGEST["url"]
        is_page = url.endswith(".html")
        page = TEMPLATES / urlsplit(url).path.lstrip("/")
        assert (page if is_page else _icon_path(url)).is_file(), url


def test_every_icon_has_its_declared_size() -> None:
    resources = _resources()
    for image in MANIFEST.iter(f"{BT}Image"):
        if "resid" in image.attrib:
            pixels = int(image.attrib["size"]) * int(image.attrib.get("scale", "1"))
            path = _icon_path(resources[image.attrib["resid"]].attrib["DefaultValue"])
            assert _pixels(path) == (pixels, pixels), path.name


@pytest.mark.parametrize(("name", "pixels"), [("IconUrl", 64), ("HighResolutionIconUrl", 128)])
def test_the_add_ins_own_icons_have_the_size_outlook_wants(name: str, pixels: int) -> None:
    (icon,) = MANIFEST.iter(f"{BASE}{name}")
    assert _pixels(_icon_path(icon.attrib["DefaultValue"])) == (pixels, pixels)


def test_every_button_has_the_icons_outlook_needs() -> None:
    controls = list(MANIFEST.iter(f"{MAIL}Control"))
    assert len(controls) == 3
    for control in controls:
        images = [image.attrib for image in control.iter(f"{BT}Image")]
        sizes = {(int(image["size"]), int(image.get("scale", "0"))) for image in images}
        if control.attrib[KIND] == "MobileButton":
            assert sizes == MOBILE_SIZES
        else:
            assert {(size, 0) for size in DESKTOP_SIZES} <= sizes


def test_the_two_buttons_of_the_ribbon_have_two_icons() -> None:
    resources = _resources()
    one, other = (
        {
            image.attrib["size"]: _icon_path(
                resources[image.attrib["resid"]].attrib["DefaultValue"]
            )
            for image in control.iter(f"{BT}Image")
        }
        for control in MANIFEST.iter(f"{MAIL}Control")
        if control.attrib[KIND] == "Button"
    )
    assert one.keys() == other.keys()
    for size, path in one.items():
        assert path.read_bytes() != other[size].read_bytes(), path.name


@pytest.mark.parametrize(
    ("place", "longest"),
    [
        (f"{BT}ShortStrings/{BT}String", LONGEST["short"]),
        (f"{BT}LongStrings/{BT}String", LONGEST["long"]),
        (f"{BASE}DisplayName", LONGEST["short"]),
        (f"{BASE}Description", LONGEST["long"]),
    ],
)
def test_every_text_exists_in_every_language_and_fits(place: str, longest: int) -> None:
    texts = MANIFEST.findall(f".//{place}")
    assert texts
    for text in texts:
        overrides = {child.attrib["Locale"]: child.attrib["Value"] for child in text}
        assert set(overrides) == LOCALES
        values = [text.attrib["DefaultValue"], *overrides.values()]
        assert [value for value in values if not 0 < len(value) <= longest] == []


def test_every_function_is_registered_by_the_commands_page() -> None:
    source = (ADDIN / "commands" / "main.ts").read_text("utf-8")
    registered = set(re.findall(r'registerCommand\("(\w+)"', source))
    assert {element.text for element in MANIFEST.iter(f"{MAIL}FunctionName")} == registered


def test_the_manifest_requires_the_oldest_outlook_and_asks_once_for_its_rights() -> None:
    """Another permission later would stop each tenant until an administrator agrees."""
    (permissions,) = MANIFEST.iter(f"{BASE}Permissions")
    (requirement,) = MANIFEST.iter(f"{BASE}Set")
    assert permissions.text == "ReadWriteItem"
    assert dict(requirement.attrib) == {"Name": "Mailbox", "MinVersion": "1.5"}
