"""Mails, an Entra application and a delta reader for the tests of the Graph client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from webcrm_sync.core.outlook import Page, SentMail
from webcrm_sync.graph.client import GraphClient
from webcrm_sync_sandbox.entra import Entra
from webcrm_sync_sandbox.outlook import Mail

BUYER = "Buyer <buyer@customer.example>"
MAIL = Mail("Offer 17", sender=BUYER, to="Sales <sales@example.com>", body="<p>Hello</p>")
SENT = SentMail(
    message_id="<m1@crm.example>",
    subject="Offer 18",
    body="<p>Here it is</p>",
    body_is_html=True,
    sender_name="Sales",
    sender_address="sales@example.com",
    recipient_name="Buyer",
    recipient_address="buyer@customer.example",
    sent_at=datetime(2026, 11, 18, 8, 30, tzinfo=UTC),
    categories=("webCRM sync", "Synced"),
    stamp="ms1-m-18",
)


@dataclass
class EntraApp:
    """An application registered in a simulated Entra."""

    entra: Entra
    client_id: str
    secret: str


def read_all_changes(
    client: GraphClient, user: str, folder: str, cursor: str | None = None
) -> Page:
    """All changes up to the deltaLink, as one page."""
    changes: list[Any] = []
    while True:
        page = client.fetch_page(user, folder, cursor, size=2)
        changes += page.changes
        cursor = page.cursor
        if page.is_last:
            return Page(tuple(changes), page.cursor, is_last=True)
