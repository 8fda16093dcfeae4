"""What 64 clients that stall cost everybody else: each kind alone, and all of them together."""

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

from bench.ground import Usage
from support.bystanders import Bystanders
from support.processes import RunningService, run_service
from support.served import served
from support.slow_clients import KINDS, TLS_KINDS, stalled
from webcrm_sync.bootstrap import migrate_database
from webcrm_sync_sandbox.environment import Sandbox

_ASKED = 5


def stall() -> None:
    """Print the longest of some waits for each, in milliseconds, and the peak of memory."""
    print("64 clients of each kind stall: the longest wait of others in ms   limit 1000")
    print(f"  {'':<42} {'health':>8} {'receiver':>8} {'pane':>8} {'peak MB':>8}")
    with TemporaryDirectory() as scratch, Sandbox() as sandbox:
        folder = Path(scratch)
        with run_service(sandbox, DATA_DIR=f"{folder}/d") as service:
            everybody = _started(service)
            _print_waits("nobody stalls", service, everybody)
            for kind in KINDS:
                with stalled(kind, service.port):
                    _print_waits(kind.name, service, everybody)
            with ExitStack() as held:
                for kind in KINDS:
                    held.enter_context(stalled(kind, service.port))
                _print_waits(f"all {len(KINDS)} kinds together", service, everybody)
    _with_tls()


def _with_tls() -> None:
    """The same before a handshake has ended, with an application that says only that it serves."""
    ca = trustme.CA()
    issued, ours, theirs = (
        ca.issue_cert("localhost"),
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ssl.create_default_context(),
    )
    issued.configure_cert(ours)
    ca.configure_trust(theirs)
    with served(_serves, tls=ours) as server:
        for kind in TLS_KINDS:
            with stalled(kind, server.port):
                waits = [_health_over_tls(server.port, theirs) for _ in range(_ASKED)]
            print(f"  TLS: {kind.name:<37} {max(waits) * 1000:>8.0f}")


def _serves(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    del environ
    start("200 OK", [])
    return []


def _health_over_tls(port: int, trusting: ssl.SSLContext) -> float:
    began = time.monotonic()
    with httpx.Client(verify=trusting) as client:
        client.get(f"https://localhost:{port}/healthz", timeout=60).raise_for_status()
    return time.monotonic() - began


def _started(service: RunningService) -> Bystanders:
    migrate_database(service.sandbox.settings_of(service.environment))
    everybody = Bystanders.start(service)
    service.start("web")
    service.await_healthy()
    everybody.response_times()
    return everybody


def _print_waits(name: str, service: RunningService, everybody: Bystanders) -> None:
    waits = [everybody.response_times() for _ in range(_ASKED)]
    longest = {one: max(wait[one] for wait in waits) * 1000 for one in waits[0]}
    told = " ".join(f"{ms:>8.0f}" for ms in longest.values())
    peak = Usage.of(service, "web").peak_mb
    print(f"  {name:<42} {told} {peak or 0:>8.0f}")
