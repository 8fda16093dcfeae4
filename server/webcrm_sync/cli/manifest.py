"""The command `manifest`: prints the file that an administrator deploys in Microsoft 365."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid5
from xml.dom import minidom

import click
import httpx

from webcrm_sync.cli import common
from webcrm_sync.settings import PREFIX, Settings

#: The manifest of a service on this machine, also found at the top of the project.
_SOURCE = Path(__file__).with_name("manifest.xml")
_LOCAL = "https://localhost:8000"
_LOCAL_ID = UUID("bb9e4a78-436c-4fa4-b38e-b72424d67a89")
_LOCAL_ENTRA = "https://login.microsoftonline.com"
#: The characters that a path may hold unescaped (RFC 3986, 3.3), and the percent sign.
_PATH_CHARACTERS = "/%!$&'()*+,;=:@-._~"


@click.command()
def manifest() -> None:
    """Print the add-in's manifest for this service."""
    with common.plain_errors():
        settings = common.settings()
    if not settings.public_url.startswith("https://"):
        click.echo(
            f"Outlook accepts https only: set {PREFIX}PUBLIC_URL to an https address.", err=True
        )
    click.echo(manifest_for(settings))


def manifest_for(settings: Settings) -> str:
    """The manifest with this service's address, sign-in and id.

    The id is derived from the application in Entra, so that a later manifest replaces an earlier
    one; another service in the same tenant has another id. Addresses go into the parsed document,
    not into its text, so that each is escaped and none can end a comment or an attribute.
    """
    replacements = {
        _LOCAL: _to_ascii(settings.public_url),
        _LOCAL_ENTRA: _origin(settings.entra_authority),
        str(_LOCAL_ID): str(uuid5(_LOCAL_ID, settings.entra_client_id.lower())),
    }
    document = minidom.parseString(_SOURCE.read_bytes())  # noqa: S318 - a file of this package
    for comment in [child for child in document.childNodes if isinstance(child, minidom.Comment)]:
        document.removeChild(comment)  # it describes the local service
    for element in document.getElementsByTagName("*"):
        for name, value in element.attributes.items():
            element.setAttribute(name, _replace(value, replacements))
        for child in element.childNodes:
            if isinstance(child, minidom.Text):
                child.data = _replace(child.data, replacements)
    return document.toxml("utf-8").decode()


def _replace(text: str, replacements: dict[str, str]) -> str:
    for local, value in replacements.items():
        text = text.replace(local, value)
    return text


def _to_ascii(url: str) -> str:
    """The address in ASCII: the host in IDNA, the rest percent-encoded."""
    try:
        parts = httpx.URL(url)
        return str(
            parts.copy_with(raw_path=quote(parts.raw_path, safe=_PATH_CHARACTERS).encode())
        ).rstrip("/")
    except httpx.InvalidURL as error:
        raise click.ClickException(f"{url} cannot be used in a manifest: {error}") from error


def _origin(url: str) -> str:
    """Scheme, host and port: an AppDomain has no path (Office Add-ins manifest)."""
    parts = urlsplit(_to_ascii(url))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
