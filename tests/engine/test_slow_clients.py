"""Slow and greedy clients: whatever they do with their connections, everybody else is answered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from everybody import Everybody
from running import Running, running, until
from slow_clients import KINDS, is_closed, stalled
from webcrm_sync.sandbox.stage import Stage
from webcrm_sync.web.serving.bounds import Bounds

#: What anybody may have to wait for an answer meanwhile.
_ANSWERED_S = 1.0


@pytest.fixture
def service(fresh_database: str) -> Iterator[Running]:
    """Where a web process may be started."""
    with Stage() as stage, running(stage, DATABASE_URL=fresh_database) as made:
        yield made


@pytest.fixture
def everybody(service: Running) -> Everybody:
    """Who asks one web process; Entra's keys are known to it."""
    asking = Everybody.before(service)
    service.start("web")
    service.await_healthy()
    asking.ask()
    return asking


@pytest.mark.long
def test_sixty_four_stalled_connections_of_every_kind_at_once_keep_nobody_waiting(
    service: Running, everybody: Everybody
) -> None:
    waits = {}
    with ExitStack() as held:
        for kind in KINDS:
            held.enter_context(stalled(kind, service.port))
            waits[kind.name] = max(everybody.ask().values())
        assert {name: wait for name, wait in waits.items() if wait >= _ANSWERED_S} == {}
        began = time.monotonic()
        service.stop()
        assert time.monotonic() - began < Bounds().grace_s + 5


@pytest.mark.search
def test_every_stalled_connection_is_ended_in_its_time(
    service: Running, everybody: Everybody
) -> None:
    with ExitStack() as held:
        clients = {k.name: held.enter_context(stalled(k, service.port)) for k in KINDS}

        def left() -> dict[str, int]:
            assert max(everybody.ask().values()) < _ANSWERED_S
            time.sleep(1)
            open_ones = {
                name: sum(not is_closed(c) for c in some) for name, some in clients.items()
            }
            return {name: number for name, number in open_ones.items() if number}

        bounds = Bounds()
        longest_s = max(bounds.idle_s, bounds.answer_s) + 15
        until(lambda: left() == {}, "all to be ended", patience_s=longest_s)
