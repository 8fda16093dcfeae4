"""Reads a mail in Outlook from any mailbox that still holds a copy of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from webcrm_sync.core.along import Along
from webcrm_sync.core.errors import AccessLost, Gone, Refused, SyncError, TryLater
from webcrm_sync.core.mail_text.body_text import BodyText
from webcrm_sync.core.outlook import READ_LAG
from webcrm_sync.engine.backoff import back_off_mailbox
from webcrm_sync.engine.context import Context
from webcrm_sync.store import mailboxes
from webcrm_sync.store.emails import Email
from webcrm_sync.store.items import lookup

T = TypeVar("T")


def from_a_copy(context: Context, email_id: int, read: Callable[[str, str], T]) -> T:
    """What `read(user id, Graph id)` returns for the first copy that still exists.

    Copies in a sync folder come first. A mailbox in trouble is paused, and skipped while it is
    paused. Raises Gone when no copy exists, else the error of the last copy that was tried.
    """
    with context.begin() as tx:
        boxes = {box.id: box for box in mailboxes.all_mailboxes(tx)}
        copies = sorted(lookup.items_of_email(tx, email_id), key=lambda c: c.folder_id is None)
    error: SyncError = Gone("No copy of this mail is left in Outlook.")
    for copy in copies:
        box = boxes[copy.mailbox_id]
        if pause_end := box.pause_end(context.now()):
            error = TryLater(box.trouble or "", retry_at=pause_end)
            continue
        try:
            return read(box.user_id, copy.graph_id)
        except Gone:
            if context.now() - copy.found_at < READ_LAG:
                error = TryLater("Outlook does not find the mail yet.")
        except (TryLater, AccessLost) as failure:
            back_off_mailbox(context, box, failure)
            error = failure
        except Refused as failure:
            error = failure
    raise error


def along_of(context: Context, email: Email) -> Along:
    """What goes along of the mail."""
    return email.along or context.settings.along


def read_again(context: Context, email: Email) -> BodyText:
    """What goes along of a body whose content we do not keep. Raises as `from_a_copy`."""
    message = from_a_copy(context, email.id, context.graph.fetch_message)
    part = along_of(context, email).text
    return context.body_reader.read(
        message.subject, message.body, is_html=message.body_is_html, part=part
    )
