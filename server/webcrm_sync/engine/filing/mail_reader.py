"""A mail's content from whichever mailbox still holds a copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

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

    Copies in a sync folder come first. A mailbox in trouble is held and not asked before its
    gate opens. Raises Gone when there is no copy, else what stood in the way of the last one.
    """
    with context.begin() as tx:
        boxes = {box.id: box for box in mailboxes.all_mailboxes(tx)}
        copies = sorted(lookup.items_of_email(tx, email_id), key=lambda c: c.folder_id is None)
    trouble: SyncError = Gone("No copy of this mail is left in Outlook.")
    for copy in copies:
        box = boxes[copy.mailbox_id]
        if shut_until := box.shut_until(context.now()):
            trouble = TryLater(box.trouble or "", retry_at=shut_until)
            continue
        try:
            return read(box.user_id, copy.graph_id)
        except Gone:
            if context.now() - copy.found_at < READ_LAG:
                trouble = TryLater("Outlook does not find the mail yet.")
        except (TryLater, AccessLost) as error:
            back_off_mailbox(context, box, error)
            trouble = error
        except Refused as error:
            trouble = error
    raise trouble


def read_again(context: Context, email: Email) -> BodyText:
    """The body of a mail whose content is not kept any more. Raises as `from_a_copy`."""
    message = from_a_copy(context, email.id, context.graph.message)
    return context.body_reader.read(message.subject, message.body, is_html=message.body_is_html)
