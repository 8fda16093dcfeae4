"""An item as a person sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webcrm_sync_sandbox.outlook.store import Item


@dataclass(frozen=True, slots=True)
class View:
    """The parts of an item that its owner sees."""

    id: str
    subject: str
    sender: str
    folder: str
    categories: tuple[str, ...]
    is_read: bool
    is_draft: bool
    body: str
    message_id: str | None
    sent_at: datetime | None
    received_at: datetime | None
    change_key: str


def view_of(item: Item) -> View:
    """The item as its owner sees it now."""
    return View(
        id=item.id,
        subject=item.subject,
        sender=str(item.author or ""),
        folder=item.folder.name,
        categories=item.categories,
        is_read=item.is_read,
        is_draft=item.is_draft,
        body=item.body,
        message_id=item.message_id,
        sent_at=item.sent_at,
        received_at=item.received_at,
        change_key=item.change_key,
    )
