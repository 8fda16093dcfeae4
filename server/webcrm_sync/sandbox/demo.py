"""`webcrm-sync demo`: the whole product on this machine, no account, played before one's eyes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import httpx

from webcrm_sync.sandbox.outlook.mail import File, Mail
from webcrm_sync.sandbox.outlook.mailbox import SimMailbox
from webcrm_sync.sandbox.screen import Cast, Window, furnish
from webcrm_sync.sandbox.screen.letters import BO, LIS
from webcrm_sync.sandbox.screen.seed import KIM
from webcrm_sync.sandbox.stage import Stage

_PATIENCE_S = 120
_FOLDER = "webCRM sync"
#: In bytes: more than goes to webCRM by default.
_FILM = 30 * 1024 * 1024
_SELLER = KIM
_BUYER = BO.address
_OTHER = LIS.address


@click.command()
@click.option("--once", is_flag=True, help="End after the stories instead of staying up.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Keep the demo's database here.")
def demo(once: bool, data_dir: Path | None) -> None:
    """Show the product at work against a simulated Outlook and a simulated webCRM."""
    signal.signal(signal.SIGTERM, _interrupt)
    with tempfile.TemporaryDirectory(prefix="webcrm-sync-demo-") as scratch:
        try:
            _play(data_dir or Path(scratch) / "data", is_once=once)
        except KeyboardInterrupt:
            click.echo("\nStopped.")


def _interrupt(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt


def _play(data_dir: Path, *, is_once: bool) -> None:
    port = _free_port()
    public = f"http://127.0.0.1:{port}"
    with Stage() as stage:
        cast = furnish(stage)
        with Window(stage, cast, service_url=public) as window:
            environment = stage.environment(
                DATA_DIR=str(data_dir),
                LISTEN=f"127.0.0.1:{port}",
                PUBLIC_URL=public,
                MIRROR_SECONDS="1",
                DIRECTORY_SECONDS="2",
                **window.settings,
            )
            show = Show(stage, cast)
            show.say("Starting a simulated Microsoft 365, a simulated webCRM and the service ...")
            with _service(environment, public):
                show.tell(f"The service answers on {public}")
                _run(environment, "mailbox", "add", _SELLER)
                show.tell(f"The mailbox {_SELLER} is watched")
                show.play()
                if not is_once:
                    _stay(show, environment, window)


@contextmanager
def _service(environment: dict[str, str], public: str) -> Iterator[None]:
    """`webcrm-sync serve` in a process of its own, as in production."""
    line = [sys.executable, "-m", "webcrm_sync", "--log-level", "warning", "serve"]
    child = subprocess.Popen(line, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    try:
        _until(lambda: child.poll() is not None or _answers(public), "the service to start")
        if child.poll() is not None:
            raise click.ClickException("The service did not start; see the lines above.")
        yield
    finally:
        child.terminate()
        child.wait(_PATIENCE_S)


def _answers(public: str) -> bool:
    try:
        return httpx.get(f"{public}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _run(environment: dict[str, str], *arguments: str, is_told: bool = True) -> None:
    line = [sys.executable, "-m", "webcrm_sync", *arguments]
    done = subprocess.run(
        line, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise click.ClickException(done.stderr.strip())
    for text in done.stdout.strip().splitlines() if is_told else ():
        click.echo(f"           {text}")


def _until(is_done: Callable[[], bool], what: str) -> None:
    patience = time.monotonic() + _PATIENCE_S
    while not is_done():
        if time.monotonic() > patience:
            raise click.ClickException(f"Waited {_PATIENCE_S} s for {what}.")
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class Show:
    """The stories, told step by step with the time each step took."""

    stage: Stage
    cast: Cast
    began: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """A line without a time."""
        click.echo(text)

    def tell(self, text: str) -> None:
        """A line with the time since the last one."""
        now = time.monotonic()
        click.echo(f"  {now - self.began:6.2f} s  {text}")
        self.began = now

    def play(self) -> None:
        """The three user stories and the rule."""
        self.inbound()
        self.outbound()
        self.rule()
        self.mirrored()
        self.say("\nAll stories have ended as they should.")

    def inbound(self) -> None:
        """US 010."""
        box = self.cast.seller
        self._open("A customer's mail is dragged from the Inbox to 'webCRM sync' (US 010)")
        offer = File("plan.pdf", b"%PDF-1.7 demo", content_type="application/pdf")
        film = File("kaj.mp4", bytes(_FILM), content_type="video/mp4")
        mail = Mail(
            "Tilbud på ny kaj",
            f"Bo Bygmester <{_BUYER}>",
            _SELLER,
            body="<p>Hej Kim,</p><p>kan I sende et tilbud?</p>",
            attachments=(offer, film),
        )
        item = box.deliver(mail)
        box.move(item, f"inbox/{_FOLDER}")
        self._follow(box, item, 1)
        memo = str(self.stage.crm.activities[-1]["ActivityMemo"])
        left_out = next(line for line in memo.splitlines() if line.startswith("Left out: "))
        self.tell(f"plan.pdf is a Document; the Activity says '{left_out}'")

    def outbound(self) -> None:
        """US 008."""
        box = self.cast.seller
        self._open("A sent mail is dragged from Sent Items to 'webCRM sync' (US 008)")
        item = box.put_sent(
            Mail("Re: Tilbud på ny kaj", _SELLER, _BUYER, body="<p>Selvfølgelig.</p>")
        )
        box.move(item, f"sentitems/{_FOLDER}")
        self._follow(box, item, 2)

    def rule(self) -> None:
        """US 010 by an Outlook rule."""
        box = self.cast.seller
        self._open("An Outlook rule moves every mail of a customer as it arrives (US 010)")
        rule = box.add_rule(
            "webCRM sync: Lis",
            conditions={"fromAddresses": [{"emailAddress": {"address": _OTHER}}]},
            actions={"moveToFolder": box.folder(f"inbox/{_FOLDER}").id},
        )
        item = box.deliver(Mail("Spørgsmål om levering", _OTHER, _SELLER, body="<p>Hvornår?</p>"))
        self._follow(box, item, 3)
        del box.rules[rule.id]  # whoever tries it by hand switches on one of their own

    def mirrored(self) -> None:
        """US 009."""
        box = self.cast.seller
        self._open("A mail is sent from webCRM (US 009)")
        folder = f"sentitems/{_FOLDER}"
        known = len(box.messages(folder))
        user_id = self.cast.member(_SELLER).user_id
        self.stage.crm.send_mail(
            user_id, self.cast.buyer_id, "Ordrebekræftelse", "<p>Tak for ordren.</p>"
        )
        _until(lambda: len(box.messages(folder)) > known, "the mirror")
        mirror = box.messages(folder)[-1]
        self.tell(f"It lies in Sent Items with {', '.join(mirror.categories)}")

    def _open(self, title: str) -> None:
        self.say(f"\n{title}")
        self.began = time.monotonic()

    def _follow(self, box: SimMailbox, item: str, number: int) -> None:
        crm = self.stage.crm
        _until(lambda: len(crm.activities) >= number, "the Activity in webCRM")
        names = {o["OrganisationId"]: o["OrganisationName"] for o in crm.organisations}
        name = names[crm.activities[-1]["ActivityOrganisationId"]]
        self.tell(f"It stands in webCRM under {name}")
        _until(lambda: "Synced" in box.read(item).categories, "the categories in Outlook")
        self.tell(f"In Outlook it carries {', '.join(box.read(item).categories)}")


def _stay(show: Show, environment: dict[str, str], window: Window) -> None:
    show.say(f"\nNow by hand, in the browser:\n\n  {window.url}\n")
    for member in show.cast.people:
        if member.is_watched and member.address != _SELLER:
            _run(environment, "mailbox", "add", member.address, is_told=False)
    show.say("To ask the service something, in another terminal:\n")
    for name, value in environment.items():
        show.say(f"  export {name}='{value}'")
    show.say("  webcrm-sync status\n\nCtrl+C stops everything.")
    while True:
        time.sleep(1)
