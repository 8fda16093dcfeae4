"""Shows the whole product on this machine, against simulated services."""

from __future__ import annotations

import errno
import shlex
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.http_server import free_port
from webcrm_sync_sandbox.product import Product
from webcrm_sync_sandbox.screen import DemoCompany, ScreenServer, fill_sandbox
from webcrm_sync_sandbox.screen.fixtures import KIM
from webcrm_sync_sandbox.stories import Stories

#: The default port of the demo.
PORT = 8765
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def demonstrate(*, once: bool, data_dir: Path | None, port: int | None) -> None:
    """Run the demo until somebody stops it. `once`: only until its stories have ended."""
    if data_dir and data_dir.exists() and any(data_dir.iterdir()):
        raise click.ClickException(f"{data_dir} is not empty. The demo needs an empty folder.")
    for number in _STOP_SIGNALS:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="webcrm-sync-demo-") as scratch:
            place = Path(scratch)
            data_dir = data_dir.resolve() if data_dir else place / "data"
            with ExitStack() as opened:
                _run(opened, place, data_dir, port, is_once=once)
    except KeyboardInterrupt:
        click.echo("Stopped.")


def _interrupt(number: int, frame: object) -> None:
    del number, frame
    for other in _STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)  # the shutdown has begun and must finish
    click.echo("\nStopping ...")
    raise KeyboardInterrupt


def _run(
    opened: ExitStack, place: Path, data_dir: Path, port: int | None, *, is_once: bool
) -> None:
    service = f"127.0.0.1:{free_port()}"
    with _phase("A simulated Microsoft 365 and a simulated webCRM"):
        sandbox = opened.enter_context(Sandbox())
        company = fill_sandbox(sandbox)
    window = opened.enter_context(_window(sandbox, company, f"http://{service}", port))
    settings = sandbox.environment(
        DATA_DIR=str(data_dir),
        LISTEN=service,
        PUBLIC_URL=f"http://{service}",
        MIRROR_SECONDS="1",
        DIRECTORY_SECONDS="2",
        **window.settings,
    )
    product = Product(settings, place)
    with _phase("A database of its own"):
        product.run("migrate")
    with _phase("The service: web and worker"):
        opened.enter_context(product.serving(f"http://{service}/healthz"))
    with _phase(f"The mailbox {KIM}"):
        product.run("mailbox", "add", "--yes", KIM)
    Stories(sandbox, company).run()
    if not is_once:
        _wait_until_interrupted(company, product, window)


def _window(
    sandbox: Sandbox, company: DemoCompany, service_url: str, port: int | None
) -> ScreenServer:
    try:
        return ScreenServer(sandbox, company, service_url=service_url, port=port or PORT)
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        why = "is in use" if is_taken else f"cannot be taken ({error.strerror})"
        if port:
            raise click.ClickException(f"Port {port} {why}. Choose another one.") from error
        click.echo(f"Port {PORT} {why}; the demo uses a free one.")
        return ScreenServer(sandbox, company, service_url=service_url)


@contextmanager
def _phase(what: str) -> Iterator[None]:
    """Print the name of a phase and, at its end, its duration."""
    began = time.monotonic()
    click.echo(f"{what} ... ", nl=False)
    yield
    click.echo(f"{time.monotonic() - began:.1f} s")


def _wait_until_interrupted(company: DemoCompany, product: Product, window: ScreenServer) -> None:
    others = [p.address for p in company.people if p.is_watched and p.address != KIM]
    click.echo("")
    with _phase(f"The mailboxes {' and '.join(others)}"), ThreadPoolExecutor() as pool:
        list(pool.map(lambda address: product.run("mailbox", "add", "--yes", address), others))
    command = shlex.join(["sh", str(product.write_command_script())])
    click.echo(f"\nTry it in the browser:\n\n  {window.url}\n")
    click.echo(
        "To run the product's commands in another terminal (the file holds the demo's settings):\n"
    )
    click.echo(f"  {command} status\n  {command} doctor\n")
    click.echo(f"Its log is {product.log}.\n\nCtrl+C stops everything.")
    while True:
        time.sleep(1)
