"""Records as webCRM is sent them. Every body of a write is made here, as the last step before it.

Nothing that a stranger wrote may act in webCRM's pages, whatever way leads there (ADR 14).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from webcrm_sync.core.neutralize import neutralize_tags

#: The fields that webCRM's pages show and that hold words of mails.
_SHOWN = frozenset(
    {
        "ActivityDescription",
        "ActivityMemo",
        "DocumentFileExtension",
        "DocumentFileName",
        "PersonFirstName",
        "PersonLastName",
        "PersonName",
    }
)


def record(fields: Mapping[str, str | int | None]) -> dict[str, str | int]:
    """The record to be sent: what is None is left out, what webCRM shows is harmless."""
    return {name: _sent(name, value) for name, value in fields.items() if value is not None}


def _sent(name: str, value: str | int) -> str | int:
    return neutralize_tags(value) if name in _SHOWN and isinstance(value, str) else value


def dump(value: object) -> bytes:
    """The value as JSON."""
    # A lone surrogate, which broken mails have, becomes a question mark.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
