"""`manifest`: what an administrator gives to Microsoft 365 so that Outlook shows the add-in."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid5
from xml.sax.saxutils import escape

import click

from webcrm_sync.cli import ground
from webcrm_sync.settings import PREFIX, Settings

#: The one at the top of the project, for a service on this machine.
_SOURCE = Path(__file__).with_name("manifest.xml")
_LOCAL = "https://localhost:8000"
_LOCAL_ID = UUID("bb9e4a78-436c-4fa4-b38e-b72424d67a89")
_LOCAL_ENTRA = "https://login.microsoftonline.com"


@click.command()
def manifest() -> None:
    """Print the add-in's manifest for this service."""
    with ground.plain_errors():
        settings = ground.settings()
    if not settings.public_url.startswith("https://"):
        click.echo(
            f"Outlook takes https only: set {PREFIX}PUBLIC_URL to such an address.", err=True
        )
    click.echo(manifest_for(settings), nl=False)


def manifest_for(settings: Settings) -> str:
    """The manifest with this service's address, sign-in and an id of its own.

    The id stays the same as long as the application in Entra does, so that a later manifest
    takes the place of an earlier one; another service in the same tenant has another id.
    """
    text = _SOURCE.read_text("utf-8")
    entra = urlsplit(settings.entra_authority)
    for local, own in (
        (_LOCAL, settings.public_url),
        (_LOCAL_ENTRA, f"{entra.scheme}://{entra.netloc}"),
        (str(_LOCAL_ID), str(uuid5(_LOCAL_ID, settings.entra_client_id.lower()))),
    ):
        text = text.replace(local, escape(own, {'"': "&quot;"}))
    return text
