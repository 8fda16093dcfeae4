"""Upload sessions for large attachments (Microsoft Graph: outlook-large-attachments)."""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from webcrm_sync_sandbox.graph.http import (
    Call,
    GraphError,
    Reply,
    UndescribedError,
    bad_request,
    not_found,
    stamp,
)
from webcrm_sync_sandbox.outlook.mail import File

if TYPE_CHECKING:
    from webcrm_sync_sandbox.graph.request_context import RequestContext
    from webcrm_sync_sandbox.outlook import SimMailbox
    from webcrm_sync_sandbox.outlook.store import Item

PREFIX = "/upload/"
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_LARGEST = 150 * 1024 * 1024
_LARGEST_PART = 4 * 1024 * 1024


@dataclass(slots=True)
class _Session:
    mailbox: SimMailbox
    item: Item
    name: str
    size: int
    is_inline: bool
    content_id: str | None
    parts: list[bytes] = field(default_factory=list)
    received: int = 0


class Uploads:
    """Open upload sessions. Their URLs need no token."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def open(self, context: RequestContext, message: str, folder: str | None = None) -> Reply:
        """POST createUploadSession."""
        wish = context.call.argument("attachmentItem")
        if wish.get("attachmentType") != "file":
            raise GraphError(
                405, "ErrorAttachmentSessionIsSupportedOnlyForFileAttachments", "Files only."
            )
        size = wish.get("size")
        if not isinstance(size, int) or not 0 < size <= _LARGEST:
            raise bad_request("The size must be from 1 byte to 150 MB.")
        with context.mailbox.lock:
            item = context.item(message, folder)
        key = secrets.token_urlsafe(32)
        self._sessions[key] = _Session(
            context.mailbox,
            item,
            str(wish.get("name")),
            size,
            wish.get("isInline") is True,
            wish.get("contentId"),
        )
        parts = urlsplit(context.call.base)
        until = context.services.clock.now() + timedelta(hours=2)
        body = {
            "uploadUrl": f"{parts.scheme}://{parts.netloc}{PREFIX}{key}",
            "expirationDateTime": stamp(until),
            "nextExpectedRanges": ["0-"],
        }
        return Reply(201, body)

    def answer(self, call: Call) -> Reply:
        """PUT a part, in order; or DELETE the session. Raises GraphError."""
        key = call.path.removeprefix(PREFIX)
        with self._lock:
            session = self._sessions.get(key)
            if not session:
                raise not_found()
            if "authorization" in call.headers:
                raise GraphError(401, "InvalidAuthenticationToken", "Send no token here.")
            if call.method == "DELETE":
                del self._sessions[key]
                return Reply(204)
            if call.method != "PUT":
                raise UndescribedError(404, "UnknownError", "No reference describes this call.")
            _take(session, call)
            if session.received < session.size:
                return Reply(200, {"NextExpectedRanges": [str(session.received)]})
            del self._sessions[key]
        return _finish(session, call)


def _take(session: _Session, call: Call) -> None:
    found = _RANGE.fullmatch(call.headers.get("content-range", ""))
    first, last, size = (int(number) for number in found.groups()) if found else (-1, -1, -1)
    is_next = first == session.received and last - first + 1 == len(call.content)
    if not is_next or size != session.size or len(call.content) >= _LARGEST_PART:
        raise bad_request("The range is not the one expected next.", "ErrorInvalidRange")
    session.parts.append(call.content)
    session.received += len(call.content)


def _finish(session: _Session, call: Call) -> Reply:
    file = File(
        session.name,
        b"".join(session.parts),
        is_inline=session.is_inline,
        content_id=session.content_id,
    )
    box, item = session.mailbox, session.item
    with box.lock:
        stored = box.store_attachment(file)
        item.attachments += (stored,)
        box.touch(item, {"hasAttachments"})
    where = f"{call.base}/users/{box.user_id}/messages/{item.rest_id}/attachments/{stored.id}"
    return Reply(201, None, {"Location": where})
