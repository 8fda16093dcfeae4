"""The stories that the demo runs in the terminal, each step with the time it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import click

from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.screen import DemoCompany
from webcrm_sync_sandbox.screen.fixtures import KIM
from webcrm_sync_sandbox.screen.sample_mails import BO, LIS

_PATIENCE_S = 120
_FOLDER = "webCRM sync"
#: In bytes: more than webCRM gets by default.
_FILM = 30 * 1024 * 1024
_SELLER = KIM
_BUYER = BO.address
_OTHER = LIS.address


@dataclass(slots=True)
class Stories:
    """Runs the stories step by step and prints how long each step took."""

    sandbox: Sandbox
    company: DemoCompany
    began: float = field(default_factory=time.monotonic)

    def print_line(self, text: str) -> None:
        """Print a line without a time."""
        click.echo(text)

    def print_timed(self, text: str) -> None:
        """Print a line with the time since the last one."""
        now = time.monotonic()
        click.echo(f"  {now - self.began:6.2f} s  {text}")
        self.began = now

    def run(self) -> None:
        """Run the three user stories and the one with a rule."""
        self.inbound()
        self.outbound()
        self.rule()
        self.mirrored()
        self.print_line("\nAll stories have ended as they should.")

    def inbound(self) -> None:
        """Run user story US 010: an inbound mail is filed."""
        box = self.company.seller
        self._open("A customer's mail is dragged from the Inbox to 'webCRM sync' (US 010)")
        offer = File("plan.pdf", b"%PDF-1.7 demo", content_type="application/pdf")
        film = File("kaj.mp4", bytes(_FILM), content_type="video/mp4")
        mail = Mail(
            "Tilbud på ny kaj",
            f"Bo Mathiesen <{_BUYER}>",
            _SELLER,
            body="<p>Hej Kim,</p><p>kan I sende et tilbud?</p>",
            attachments=(offer, film),
        )
        item = box.deliver(mail)
        box.move(item, f"inbox/{_FOLDER}")
        self._follow(box, item, 1)
        memo = str(self.sandbox.crm.activities[-1]["ActivityMemo"])
        left_out = next(line for line in memo.splitlines() if line.startswith("Left out: "))
        self.print_timed(f"plan.pdf is a Document; the Activity says '{left_out}'")

    def outbound(self) -> None:
        """Run user story US 008: a sent mail is filed."""
        box = self.company.seller
        self._open("A sent mail is dragged from Sent Items to 'webCRM sync' (US 008)")
        item = box.put_sent(
            Mail("Re: Tilbud på ny kaj", _SELLER, _BUYER, body="<p>Selvfølgelig.</p>")
        )
        box.move(item, f"sentitems/{_FOLDER}")
        self._follow(box, item, 2)

    def rule(self) -> None:
        """Run US 010 with an Outlook rule that moves the mail."""
        box = self.company.seller
        self._open("An Outlook rule moves every mail of a customer as it arrives (US 010)")
        rule = box.add_rule(
            "webCRM sync: Lis",
            conditions={"fromAddresses": [{"emailAddress": {"address": _OTHER}}]},
            actions={"moveToFolder": box.folder(f"inbox/{_FOLDER}").id},
        )
        item = box.deliver(Mail("Spørgsmål om levering", _OTHER, _SELLER, body="<p>Hvornår?</p>"))
        self._follow(box, item, 3)
        del box.rules[rule.id]  # a person who tries the demo adds the rule again

    def mirrored(self) -> None:
        """Run user story US 009: a mail sent from webCRM appears in Outlook."""
        box = self.company.seller
        self._open("A mail is sent from webCRM (US 009)")
        folder = f"sentitems/{_FOLDER}"
        known = len(box.messages(folder))
        user_id = self.company.member(_SELLER).user_id
        self.sandbox.crm.send_mail(
            user_id, self.company.buyer_id, "Ordrebekræftelse", "<p>Tak for ordren.</p>"
        )
        _until(lambda: len(box.messages(folder)) > known, "the mirror")
        mirror = box.messages(folder)[-1]
        self.print_timed(f"It is in Sent Items with {', '.join(mirror.categories)}")

    def _open(self, title: str) -> None:
        self.print_line(f"\n{title}")
        self.began = time.monotonic()

    def _follow(self, box: SimMailbox, item: str, number: int) -> None:
        crm = self.sandbox.crm
        _until(lambda: len(crm.activities) >= number, "the Activity in webCRM")
        names = {o["OrganisationId"]: o["OrganisationName"] for o in crm.organisations}
        name = names[crm.activities[-1]["ActivityOrganisationId"]]
        self.print_timed(f"It is filed in webCRM under {name}")
        _until(lambda: "Synced" in box.read(item).categories, "the categories in Outlook")
        self.print_timed(f"In Outlook it carries {', '.join(box.read(item).categories)}")


def _until(is_done: Callable[[], bool], what: str) -> None:
    patience = time.monotonic() + _PATIENCE_S
    while not is_done():
        if time.monotonic() > patience:
            raise click.ClickException(f"Waited {_PATIENCE_S} s for {what}.")
        time.sleep(0.02)
