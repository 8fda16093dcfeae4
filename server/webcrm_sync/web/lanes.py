"""Which requests share threads, so that nobody waits for somebody else's work.

Every lane's threads together stay below what the database and the machine bear; a request of the
pane may wait for Graph or webCRM, a notification and a look at the health may not.
"""

from __future__ import annotations

from webcrm_sync.engine.push_urls import LIFECYCLE_PATH, NOTIFY_PATH
from webcrm_sync.web.api import endpoints
from webcrm_sync.web.serving.limits import Lane

LANES = (
    Lane("health", ("/healthz",), threads=1, body_bytes=1_000),
    Lane("receiver", (NOTIFY_PATH, LIFECYCLE_PATH), threads=8, body_bytes=256_000),
    Lane("pages", ("/addin/",), threads=2, body_bytes=1_000),
    Lane("looks", (f"{endpoints.BASE}/mails/changed",), threads=4, body_bytes=1_000_000),
    Lane("pane", ("/",), threads=24, body_bytes=1_000_000),
)
