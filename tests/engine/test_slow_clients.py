"""Slow and greedy clients: whatever they do, everybody else gets an answer."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.bystanders import Bystanders
from support.processes import RunningService, run_service, until
from support.slow_clients import KINDS, stalled
from webcrm_sync.web.serving.limits import Limits
from webcrm_sync_sandbox.environment import Sandbox

#: The longest time that others may wait for an answer meanwhile.
_ANSWERED_S = 1.0


@pytest.fixture
def service(fresh_database: str) -> Iterator[RunningService]:
    """A service whose web process is not started yet."""
    with Sandbox() as sandbox, run_service(sandbox, DATABASE_URL=fresh_database) as made:
        yield made


@pytest.fixture
def bystanders(service: RunningService) -> Bystanders:
    """The clients of one web process, which has read Entra's keys."""
    asking = Bystanders.start(service)
    service.start("web")
    service.await_healthy()
    asking.response_times()
    return asking


@pytest.mark.long
def test_sixty_four_stalled_connections_of_every_kind_delay_nobody(
    service: RunningService, bystanders: Bystanders
) -> None:
    waits = {}
    with ExitStack() as held:
        for kind in KINDS:
            held.enter_context(stalled(kind, service.port))
            waits[kind.name] = max(bystanders.response_times().values())
        assert {name: wait for name, wait in waits.items() if wait >= _ANSWERED_S} == {}
        began = time.monotonic()
        service.stop()
        assert time.monotonic() - began < Limits().grace_s + 5


@pytest.mark.search
def test_every_stalled_connection_is_closed_at_its_deadline(
    service: RunningService, bystanders: Bystanders
) -> None:
    at_first, bounds = _sockets_of(service), Limits()
    with ExitStack() as held:
        for kind in KINDS:
            held.enter_context(stalled(kind, service.port))
        assert _sockets_of(service) > at_first + 500

        def is_over() -> bool:
            assert max(bystanders.response_times().values()) < _ANSWERED_S
            time.sleep(1)
            return _sockets_of(service) <= at_first

        longest_s = max(bounds.idle_s, bounds.answer_s) + 20
        until(is_over, "all to be ended", patience_s=longest_s)


def _sockets_of(service: RunningService) -> int:
    """The number of clients' open sockets in the web process (Linux: proc(5)).

    Counted there, since a client that reads nothing does not notice that its connection was closed.
    """
    process = Path(f"/proc/{service.processes['web'].pid}")
    open_files = {_target(file) for file in (process / "fd").iterdir()}
    lines = (process / "net" / "tcp").read_text().splitlines()[1:]
    sockets = (line.split() for line in lines)
    port = f":{service.port:04X}"
    return sum(s[1].endswith(port) and f"socket:[{s[9]}]" in open_files for s in sockets)


def _target(file: Path) -> str:
    try:
        return os.readlink(file)
    except OSError:  # it was closed meanwhile
        return ""
