"""Divides the threads among the requests, so that a slow kind of request delays no other kind.

A request of the pane may wait for Graph or webCRM; a notification and a health check must not.
All lanes together have fewer threads than the database and the machine can serve.
"""

from __future__ import annotations

from webcrm_sync.engine.push_urls import LIFECYCLE_PATH, NOTIFY_PATH
from webcrm_sync.web import help_page
from webcrm_sync.web.api import endpoints
from webcrm_sync.web.serving.limits import Lane

LANES = (
    Lane("health", ("/healthz", "/livez"), threads=1, body_bytes=1_000),
    Lane("readiness", ("/readyz",), threads=2, body_bytes=1_000),
    Lane("metrics", ("/metrics",), threads=1, body_bytes=1_000),
    Lane("receiver", (NOTIFY_PATH, LIFECYCLE_PATH), threads=8, body_bytes=256_000),
    Lane("pages", ("/addin/", help_page.PATH), threads=2, body_bytes=1_000),
    Lane("checks", (f"{endpoints.BASE}/mails/changed",), threads=4, body_bytes=1_000_000),
    Lane("pane", ("/",), threads=24, body_bytes=1_000_000),
)
