"""Builds answers of webCRM."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from webcrm_sync.webcrm.errors import Answer

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def create_answer(status: int = 200, body: object = None, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, content)
