"""What people do with their mails, at random, and their own record of it: the oracle.

Nothing here asks the product: what must come of it follows from where the mails lie in the end.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from support.scenario import FOLDER
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_MAILBOXES, _ORGANISATIONS = 6, 25
_FOREIGN = ("Customer", "Blå", "Follow up", "2026", "webCRM", "Private")
#: Where mails are taken that leave the sync folder.
_ELSEWHERE = ("inbox", "archive", "deleteditems")


@dataclass(slots=True)
class Copy:
    """One copy of a mail. `foreign`: the categories its owner gave it."""

    box: SimMailbox
    item: str
    home: str
    is_inside: bool = False
    foreign: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Letter:
    """One mail with its copies. `was_inside`: one of them has lain in a sync folder."""

    number: int
    organisations: frozenset[int]
    files: tuple[str, ...]
    copies: list[Copy] = field(default_factory=list)
    was_inside: bool = False

    @property
    def subject(self) -> str:
        """What its Activities are found by."""
        return f"Letter {self.number}"

    @property
    def is_inside(self) -> bool:
        """True while a copy lies in a sync folder."""
        return any(copy.is_inside for copy in self.copies)


class People:
    """Salespeople over one stage. `moves` counts what they moved so far."""

    def __init__(self, sandbox: Sandbox, seed: int) -> None:
        self._rng = random.Random(seed)
        self.moves = 0
        self.letters: list[Letter] = []
        self.boxes = [
            sandbox.outlook.add_mailbox(f"seller{n}@nordwind.example", f"Seller {n}")
            for n in range(_MAILBOXES)
        ]
        self._organisation_of: dict[str, int] = {}
        for number in range(_ORGANISATIONS):
            organisation = sandbox.crm.add_organisation(f"Customer {number}")
            for address in (f"a{number}@customer.example", f"b{number}@customer.example"):
                sandbox.crm.add_person(organisation, address)
                self._organisation_of[address] = organisation

    def act(self) -> None:
        """One move, and now and then something else that people do."""
        inside = self._some(is_inside=True)
        outside = self._some(is_inside=False)
        deed = self._rng.random()
        if inside and deed < 0.25:
            self._move_out(*inside)
        elif outside and deed < 0.5:
            self._move_in(*outside)
        elif inside and deed < 0.54:
            self._duplicate(*inside)
        else:
            letter = self._write()
            for copy in letter.copies[: self._rng.randint(1, len(letter.copies))]:
                self._move_in(letter, copy)
        if self._rng.random() < 0.2 and (chosen := inside or outside):
            self._categorise(chosen[1])

    def _some(self, *, is_inside: bool) -> tuple[Letter, Copy] | None:
        """A copy that lies there, mostly of a recent mail."""
        recent = self.letters[-60:] if self._rng.random() < 0.8 else self.letters
        found = [(m, c) for m in recent for c in m.copies if c.is_inside is is_inside]
        return self._rng.choice(found) if found else None

    def _write(self) -> Letter:
        """A new mail, between a customer or two and one to three of the sellers."""
        rng = self._rng
        customers = rng.sample(sorted(self._organisation_of), 2 if rng.random() < 0.2 else 1)
        sellers = rng.sample(self.boxes, rng.choice((1, 1, 1, 2, 3)))
        files = rng.choice((1, 2)) if rng.random() < 0.06 else 0
        letter = Letter(
            len(self.letters),
            frozenset(self._organisation_of[a] for a in customers),
            tuple(f"file{n}.pdf" for n in range(files)),
        )
        letter.copies = self._sent(letter, customers, sellers)
        self.letters.append(letter)
        return letter

    def _sent(
        self, letter: Letter, customers: Sequence[str], sellers: Sequence[SimMailbox]
    ) -> list[Copy]:
        rng = self._rng
        is_out = rng.random() < 0.2
        addresses = [b.address for b in sellers]
        sender, to, cc = (
            (addresses[0], customers[0], (*customers[1:], *addresses[1:]))
            if is_out
            else (customers[0], addresses[0], (*addresses[1:], *customers[1:]))
        )
        foreign = set(rng.sample(_FOREIGN, rng.randint(1, 2))) if rng.random() < 0.5 else set()
        mail = Mail(
            letter.subject,
            sender,
            to,
            cc=cc,
            body=f"<p>Letter number {letter.number}</p>",
            message_id=f"<letter-{letter.number}@mail.example>",
            attachments=tuple(File(name, rng.randbytes(2000)) for name in letter.files),
            categories=tuple(sorted(foreign)),
        )
        copies = []
        for number, box in enumerate(sellers):
            is_sent = is_out and number == 0
            item = box.put_sent(mail) if is_sent else box.deliver(mail)
            copies.append(
                Copy(box, item, "sentitems" if is_sent else "inbox", foreign=set(foreign))
            )
        return copies

    def _move_in(self, letter: Letter, copy: Copy) -> None:
        self.moves += 1
        copy.is_inside = letter.was_inside = True
        copy.box.move(copy.item, f"{copy.home}/{FOLDER}")

    def _move_out(self, letter: Letter, copy: Copy) -> None:
        del letter
        self.moves += 1
        copy.is_inside = False
        copy.box.move(copy.item, self._rng.choice(_ELSEWHERE))

    def _duplicate(self, letter: Letter, copy: Copy) -> None:
        """Copy the mail within its folder, with its categories."""
        self.moves += 1
        with copy.box.lock:
            item = copy.box.copy(copy.item, f"{copy.home}/{FOLDER}")
            letter.copies.append(
                Copy(copy.box, item, copy.home, is_inside=True, foreign=set(copy.foreign))
            )

    def _categorise(self, copy: Copy) -> None:
        name = self._rng.choice(_FOREIGN)
        with copy.box.lock:
            there = copy.box.read(copy.item).categories
            if name not in there:
                copy.box.set_categories(copy.item, (*there, name))
            copy.foreign.add(name)
