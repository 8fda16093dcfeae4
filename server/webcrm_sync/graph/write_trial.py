"""Tries whether the application may write into a mailbox, and takes back what it wrote."""

from __future__ import annotations

import secrets

from webcrm_sync.core.errors import SyncError
from webcrm_sync.graph import wire
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.transport import Transport

#: What a person sees if the trial is interrupted between writing and deleting.
_NAME = "webCRM sync: a test, deleted at once"


def try_mail(transport: Transport, user_id: str) -> None:
    """Creates an empty draft and deletes it for good. Raises the error of either."""
    call = Call(user_id, is_idempotent=False)
    url = transport.build_url("users", user_id, "messages")
    made = wire.get_id(transport.request_json("POST", url, call, body={"subject": _NAME}))
    purge = transport.build_url("users", user_id, "messages", made, "permanentDelete")
    try:
        transport.request_json("POST", purge, call)
    except SyncError:  # not in every cloud; then the draft goes to the deleted items
        transport.request_json(
            "DELETE", transport.build_url("users", user_id, "messages", made), Call(user_id)
        )


def try_categories(transport: Transport, user_id: str) -> None:
    """Adds a category to the mailbox's list and deletes it. Raises the error of either."""
    url = transport.build_url("users", user_id, "outlook", "masterCategories")
    body = {"displayName": f"{_NAME} {secrets.token_hex(4)}", "color": "none"}
    made = wire.get_id(
        transport.request_json("POST", url, Call(user_id, is_idempotent=False), body=body)
    )
    one = transport.build_url("users", user_id, "outlook", "masterCategories", made)
    transport.request_json("DELETE", one, Call(user_id))
