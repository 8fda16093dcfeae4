"""A mail's content from whichever mailbox still holds a copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from webcrm_sync.core.errors import Gone
from webcrm_sync.core.text import to_text
from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import emails, mailboxes
from webcrm_sync.store.emails import Email

T = TypeVar("T")


def from_a_copy(parts: Parts, email_id: int, read: Callable[[str, str], T]) -> T:
    """What `read(user id, Graph id)` returns for the first copy that still exists.

    Copies in a sync folder come first. Raises Gone when there is none.
    """
    with parts.begin() as tx:
        boxes = {box.id: box.user_id for box in mailboxes.all_mailboxes(tx)}
        copies = sorted(emails.items_of_email(tx, email_id), key=lambda c: c.folder_id is None)
    for copy in copies:
        try:
            return read(boxes[copy.mailbox_id], copy.graph_id)
        except Gone:
            continue
    raise Gone("No copy of this mail is left in Outlook.")


def read_again(parts: Parts, email: Email) -> str:
    """The text of a mail whose content is not kept any more. Raises Gone."""
    message = from_a_copy(parts, email.id, parts.graph.message)
    return to_text(message.body, is_html=message.body_is_html)
