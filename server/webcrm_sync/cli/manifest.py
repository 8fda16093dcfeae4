"""`manifest`: what an administrator gives to Microsoft 365 so that Outlook shows the add-in."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid5
from xml.dom import minidom

import click
import httpx

from webcrm_sync.cli import common
from webcrm_sync.settings import PREFIX, Settings

#: The one at the top of the project, for a service on this machine.
_SOURCE = Path(__file__).with_name("manifest.xml")
_LOCAL = "https://localhost:8000"
_LOCAL_ID = UUID("bb9e4a78-436c-4fa4-b38e-b72424d67a89")
_LOCAL_ENTRA = "https://login.microsoftonline.com"
#: What an address may have after its host as it is (RFC 3986, 3.3), a percent sign included.
_IN_A_PATH = "/%!$&'()*+,;=:@-._~"


@click.command()
def manifest() -> None:
    """Print the add-in's manifest for this service."""
    with common.plain_errors():
        settings = common.settings()
    if not settings.public_url.startswith("https://"):
        click.echo(
            f"Outlook takes https only: set {PREFIX}PUBLIC_URL to such an address.", err=True
        )
    click.echo(manifest_for(settings))


def manifest_for(settings: Settings) -> str:
    """The manifest with this service's address, sign-in and an id of its own.

    The id stays the same as long as the application in Entra does, so that a later manifest
    takes the place of an earlier one; another service in the same tenant has another id.
    Addresses are put into the parsed document and never into its text, so that each is escaped
    where it is written, and none can end a comment or an attribute.
    """
    own = {
        _LOCAL: _ascii(settings.public_url),
        _LOCAL_ENTRA: _origin(settings.entra_authority),
        str(_LOCAL_ID): str(uuid5(_LOCAL_ID, settings.entra_client_id.lower())),
    }
    document = minidom.parseString(_SOURCE.read_bytes())  # noqa: S318 - a file of this package
    for comment in [child for child in document.childNodes if isinstance(child, minidom.Comment)]:
        document.removeChild(comment)  # speaks of the local one
    for element in document.getElementsByTagName("*"):
        for name, value in element.attributes.items():
            element.setAttribute(name, _filled(value, own))
        for child in element.childNodes:
            if isinstance(child, minidom.Text):
                child.data = _filled(child.data, own)
    return document.toxml("utf-8").decode()


def _filled(text: str, own: dict[str, str]) -> str:
    for local, value in own.items():
        text = text.replace(local, value)
    return text


def _ascii(url: str) -> str:
    """An address as every reader of a manifest takes it: hosts by IDNA, the rest in percents."""
    try:
        parts = httpx.URL(url)
        return str(
            parts.copy_with(raw_path=quote(parts.raw_path, safe=_IN_A_PATH).encode())
        ).rstrip("/")
    except httpx.InvalidURL as error:
        raise click.ClickException(f"{url} cannot stand in a manifest: {error}") from error


def _origin(url: str) -> str:
    """Scheme, host and port alone: an AppDomain has no path (Office Add-ins manifest)."""
    parts = urlsplit(_ascii(url))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
