"""What others send us, from JSON to values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from webcrm_sync.core.storable import to_storable
from webcrm_sync.engine.discovery.notifications import Notification

#: More than Graph puts into one request; what is behind them is not read.
_MOST_LINES = 500
#: Each line is an object with another one in it: with more of them the parser is kept busy, and the
#: garbage collector after it.
_MOST_BRACKETS = 4 * _MOST_LINES
#: The id of a subscription (Microsoft Graph: subscription, id).
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
#: Graph takes no longer one (Microsoft Graph: subscription, clientState).
_LONGEST_STATE = 128


def parse_notifications(body: bytes) -> list[Notification]:
    """The lines of a notification that are well formed; anything else is left out in silence."""
    if body.count(b"{") + body.count(b"[") > _MOST_BRACKETS:
        return []
    try:
        posted = json.loads(body)
    except (ValueError, RecursionError):
        return []
    lines = posted.get("value") if isinstance(posted, dict) else None
    if not isinstance(lines, list):
        return []
    return [n for line in lines[:_MOST_LINES] if isinstance(line, dict) for n in _read(line)]


def _read(line: dict[str, object]) -> Iterator[Notification]:
    subscription_id, client_state = line.get("subscriptionId"), line.get("clientState")
    if not isinstance(subscription_id, str) or not _GUID.fullmatch(subscription_id):
        return
    if not isinstance(client_state, str) or not 0 < len(client_state) <= _LONGEST_STATE:
        return
    data = line.get("resourceData")
    resource = data if isinstance(data, dict) else {}
    yield Notification(
        subscription_id=subscription_id.lower(),
        client_state=to_storable(client_state),
        graph_id=_text(resource.get("id")),
        change_key="" if _is_removal(line) else _change_key(_text(resource.get("@odata.etag"))),
        lifecycle=_text(line.get("lifecycleEvent")),
    )


def _text(value: object) -> str:
    return to_storable(value) if isinstance(value, str) else ""


def _is_removal(line: dict[str, object]) -> bool:
    """True when the copy has left the folder: never an echo, although its version is one we know.

    The version that such a line names is the last one in the folder, so it may be of our marking.
    """
    return _text(line.get("changeType")).casefold() == "deleted"


def _change_key(etag: str) -> str:
    """The version inside an ETag: `W/"CQAA"` -> `CQAA`."""
    return etag.removeprefix("W/").strip('"')
