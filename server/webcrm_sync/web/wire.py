"""What others send us, from JSON to values."""

from __future__ import annotations

import json
from collections.abc import Iterator

from webcrm_sync.core.text import storable_json
from webcrm_sync.engine.hints import Notification


def notifications(body: bytes) -> list[Notification]:
    """The lines of a notification that are well formed; anything else is left out in silence."""
    try:
        posted = storable_json(json.loads(body))
    except (ValueError, RecursionError):
        return []
    lines = posted.get("value") if isinstance(posted, dict) else None
    return (
        [n for line in lines if isinstance(line, dict) for n in _read(line)]
        if isinstance(lines, list)
        else []
    )


def _read(line: dict[str, object]) -> Iterator[Notification]:
    subscription_id, client_state = line.get("subscriptionId"), line.get("clientState")
    if not isinstance(subscription_id, str) or not isinstance(client_state, str):
        return
    data = line.get("resourceData")
    resource = data if isinstance(data, dict) else {}
    yield Notification(
        subscription_id=subscription_id,
        client_state=client_state,
        graph_id=_text(resource.get("id")),
        change_key=_change_key(_text(resource.get("@odata.etag"))),
        lifecycle=_text(line.get("lifecycleEvent")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _change_key(etag: str) -> str:
    """The version inside an ETag: `W/"CQAA"` -> `CQAA`."""
    return etag.removeprefix("W/").strip('"')
