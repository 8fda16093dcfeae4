"""How long others wait while 64 clients stall: each kind alone, and all kinds together."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
import trustme

from bench.setup import Usage
from support.bystanders import Bystanders
from support.processes import RunningService, run_service
from support.served import served
from support.slow_clients import KINDS, TLS_KINDS, stalled
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync_sandbox.environment import Sandbox

_REPEATS = 5


def measure_stalled() -> None:
    """Print the longest wait of each other client in milliseconds, and the peak memory."""
    print("64 clients of each kind stall: longest wait of other clients in ms   limit 1000")
    print(f"  {'':<42} {'health':>8} {'receiver':>8} {'pane':>8} {'peak MB':>8}")
    with TemporaryDirectory() as scratch, Sandbox() as sandbox:
        folder = Path(scratch)
        with run_service(sandbox, DATA_DIR=f"{folder}/d") as service:
            others = _start(service)
            _print_waits("nobody stalls", service, others)
            for kind in KINDS:
                with stalled(kind, service.port):
                    _print_waits(kind.name, service, others)
            with ExitStack() as held:
                for kind in KINDS:
                    held.enter_context(stalled(kind, service.port))
                _print_waits(f"all {len(KINDS)} kinds together", service, others)
    _with_tls()


def _with_tls() -> None:
    """Measure kinds that stall during the TLS handshake, with a trivial application."""
    ca = trustme.CA()
    issued, server_context, client_context = (
        ca.issue_cert("localhost"),
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ssl.create_default_context(),
    )
    issued.configure_cert(server_context)
    ca.configure_trust(client_context)
    with served(_answer_empty, tls=server_context) as server:
        for kind in TLS_KINDS:
            with stalled(kind, server.port):
                waits = [_health_over_tls(server.port, client_context) for _ in range(_REPEATS)]
            print(f"  TLS: {kind.name:<37} {max(waits) * 1000:>8.0f}")


def _answer_empty(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    del environ
    start("200 OK", [])
    return []


def _health_over_tls(port: int, client_context: ssl.SSLContext) -> float:
    began = time.monotonic()
    with httpx.Client(verify=client_context) as client:
        client.get(f"https://localhost:{port}/healthz", timeout=60).raise_for_status()
    return time.monotonic() - began


def _start(service: RunningService) -> Bystanders:
    migrate_database(service.sandbox.settings_of(service.environment))
    others = Bystanders.start(service)
    service.start("web")
    service.await_healthy()
    others.response_times()
    return others


def _print_waits(name: str, service: RunningService, others: Bystanders) -> None:
    waits = [others.response_times() for _ in range(_REPEATS)]
    longest = {name: max(wait[name] for wait in waits) * 1000 for name in waits[0]}
    columns = " ".join(f"{ms:>8.0f}" for ms in longest.values())
    peak = Usage.of(service, "web").peak_mb
    print(f"  {name:<42} {columns} {peak or 0:>8.0f}")
