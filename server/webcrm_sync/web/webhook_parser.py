"""Parses Graph's notifications. Anybody can post here, so nothing in a body is trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from webcrm_sync.core.storable import to_storable
from webcrm_sync.engine.discovery.notifications import Notification

#: More than Graph puts into one request; the rest is ignored.
_MAX_NOTIFICATIONS = 500
#: Each notification is an object within another one. More brackets would only keep the parser and
#: the garbage collector busy.
_MAX_BRACKETS = 4 * _MAX_NOTIFICATIONS
#: The id of a subscription (Microsoft Graph: subscription, id).
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
#: Graph's limit (Microsoft Graph: subscription, clientState).
_MAX_STATE_LENGTH = 128


def parse_notifications(body: bytes) -> list[Notification]:
    """The well-formed notifications in a request's body. Ignores everything else."""
    if body.count(b"{") + body.count(b"[") > _MAX_BRACKETS:
        return []
    try:
        posted = json.loads(body)
    except (ValueError, RecursionError):
        return []
    entries = posted.get("value") if isinstance(posted, dict) else None
    if not isinstance(entries, list):
        return []
    return [
        n for entry in entries[:_MAX_NOTIFICATIONS] if isinstance(entry, dict) for n in _read(entry)
    ]


def _read(entry: dict[str, object]) -> Iterator[Notification]:
    subscription_id, client_state = entry.get("subscriptionId"), entry.get("clientState")
    if not isinstance(subscription_id, str) or not _GUID.fullmatch(subscription_id):
        return
    if not isinstance(client_state, str) or not 0 < len(client_state) <= _MAX_STATE_LENGTH:
        return
    data = entry.get("resourceData")
    resource = data if isinstance(data, dict) else {}
    change = _text(entry.get("changeType")).casefold()
    # A copy that left the folder is never an echo of the product's marking: its change key is the
    # last one in the folder, and may be the one that the marking caused.
    yield Notification(
        subscription_id=subscription_id.lower(),
        client_state=to_storable(client_state),
        graph_id=_text(resource.get("id")),
        change_key="" if change == "deleted" else _change_key(_text(resource.get("@odata.etag"))),
        lifecycle=_text(entry.get("lifecycleEvent")),
        is_update=change == "updated",
    )


def _text(value: object) -> str:
    return to_storable(value) if isinstance(value, str) else ""


def _change_key(etag: str) -> str:
    """The change key inside an ETag: `W/"CQAA"` -> `CQAA`."""
    return etag.removeprefix("W/").strip('"')
