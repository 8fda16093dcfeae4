"""Slow and greedy clients: whatever they do with their connections, everybody else is answered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from play import KIM
from running import Running, running
from slow_clients import KINDS, stalled
from webcrm_sync.sandbox.stage import Stage

#: What anybody may have to wait for an answer meanwhile.
_ANSWERED_S = 1.0


@pytest.fixture
def web(fresh_database: str) -> Iterator[Running]:
    """One web process, and Kim who is signed in."""
    with Stage() as stage, running(stage, DATABASE_URL=fresh_database) as service:
        stage.outlook.add_mailbox(KIM, "Kim Nordwind")
        service.watch(KIM)
        service.start("web")
        service.await_healthy()
        yield service


def everybody_is_answered(service: Running, token: str) -> None:
    """Health, a notification and the pane, each over a connection of its own, within a second."""
    url, signed_in = service.public_url, {"Authorization": f"Bearer {token}"}
    line = {"subscriptionId": "s", "clientState": "c"}
    calls: list[tuple[str, str, dict[str, Any], int]] = [
        ("GET", "/healthz", {}, 200),
        ("POST", "/graph/notify", {"json": {"value": [line]}}, 202),
        ("GET", "/api/v1/connection", {"headers": signed_in}, 200),
    ]
    for method, path, more, expected in calls:
        began = time.monotonic()
        answer = httpx.request(method, url + path, timeout=10, **more)
        took = time.monotonic() - began
        assert (answer.status_code, took < _ANSWERED_S) == (expected, True), (path, took)


def kims_token(service: Running) -> str:
    stage = service.stage
    (box,) = stage.outlook.mailboxes
    client_id = service.environment["WEBCRM_SYNC_ENTRA_CLIENT_ID"]
    return stage.entra.issue_user_token(box.user_id, client_id, ("access_as_user",), name=KIM)


@pytest.mark.long
def test_sixty_four_stalled_connections_of_every_kind_at_once_keep_nobody_waiting(
    web: Running,
) -> None:
    token, port = kims_token(web), int(web.public_url.rpartition(":")[2])
    everybody_is_answered(web, token)  # and Entra's keys are known from here on
    with ExitStack() as held:
        for kind in KINDS:
            held.enter_context(stalled(kind, port))
            everybody_is_answered(web, token)
