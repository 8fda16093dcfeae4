"""Random actions of people, and a record of them from which the expected result follows.

Nothing here reads from the product.
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
#: The folders into which people move mails out of the sync folder.
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
class MailRecord:
    """One mail with its copies. `was_inside`: a copy has been in a sync folder.

    `deals`: the Opportunity, 0 = none, that somebody chose at an Organisation. `is_cut`: somebody
    left its text and files out.
    """

    number: int
    organisations: frozenset[int]
    files: tuple[str, ...]
    copies: list[Copy] = field(default_factory=list)
    was_inside: bool = False
    deals: dict[int, int] = field(default_factory=dict)
    is_cut: bool = False

    @property
    def subject(self) -> str:
        """The subject, by which its Activities are found."""
        return f"Letter {self.number}"

    @property
    def is_inside(self) -> bool:
        """True while a copy is in a sync folder."""
        return any(copy.is_inside for copy in self.copies)


class People:
    """The salespeople of one company. `moves`: how many mails they have moved so far."""

    def __init__(self, sandbox: Sandbox, seed: int) -> None:
        self._rng = random.Random(seed)
        self.moves = 0
        self.records: list[MailRecord] = []
        self.boxes = [
            sandbox.outlook.add_mailbox(f"seller{n}@nordwind.example", f"Seller {n}")
            for n in range(_MAILBOXES)
        ]
        self._organisation_of: dict[str, int] = {}
        for number in range(_ORGANISATIONS):
            organisation = sandbox.crm.add_organisation(f"Customer {number}")
            sandbox.crm.add_opportunity(organisation, f"Deal of customer {number}")
            for address in (f"a{number}@customer.example", f"b{number}@customer.example"):
                sandbox.crm.add_person(organisation, address)
                self._organisation_of[address] = organisation

    def act(self) -> None:
        """Move or copy a mail, and sometimes add a category."""
        inside = self._choose_copy(is_inside=True)
        outside = self._choose_copy(is_inside=False)
        chance = self._rng.random()
        if inside and chance < 0.25:
            self._move_out(*inside)
        elif outside and chance < 0.5:
            self.move_in(*outside)
        elif inside and chance < 0.54:
            self._duplicate(*inside)
        else:
            record = self.write()
            for copy in record.copies[: self._rng.randint(1, len(record.copies))]:
                self.move_in(record, copy)
        if self._rng.random() < 0.2 and (chosen := inside or outside):
            self._categorise(chosen[1])

    def _choose_copy(self, *, is_inside: bool) -> tuple[MailRecord, Copy] | None:
        """A copy inside or outside the sync folders, mostly of a recent mail."""
        recent = self.records[-60:] if self._rng.random() < 0.8 else self.records
        candidates = [(m, c) for m in recent for c in m.copies if c.is_inside is is_inside]
        return self._rng.choice(candidates) if candidates else None

    def write(self) -> MailRecord:
        """Deliver a new mail between one or two customers and one to three sellers."""
        rng = self._rng
        customers = rng.sample(sorted(self._organisation_of), 2 if rng.random() < 0.2 else 1)
        sellers = rng.sample(self.boxes, rng.choice((1, 1, 1, 2, 3)))
        files = rng.choice((1, 2)) if rng.random() < 0.06 else 0
        record = MailRecord(
            len(self.records),
            frozenset(self._organisation_of[a] for a in customers),
            tuple(f"file{n}.pdf" for n in range(files)),
        )
        record.copies = self._deliver(record, customers, sellers)
        self.records.append(record)
        return record

    def _deliver(
        self, record: MailRecord, customers: Sequence[str], sellers: Sequence[SimMailbox]
    ) -> list[Copy]:
        rng = self._rng
        is_outbound = rng.random() < 0.2
        addresses = [b.address for b in sellers]
        sender, to, cc = (
            (addresses[0], customers[0], (*customers[1:], *addresses[1:]))
            if is_outbound
            else (customers[0], addresses[0], (*addresses[1:], *customers[1:]))
        )
        foreign = set(rng.sample(_FOREIGN, rng.randint(1, 2))) if rng.random() < 0.5 else set()
        mail = Mail(
            record.subject,
            sender,
            to,
            cc=cc,
            body=f"<p>Letter number {record.number}</p>",
            message_id=f"<letter-{record.number}@mail.example>",
            attachments=tuple(File(name, rng.randbytes(2000)) for name in record.files),
            categories=tuple(sorted(foreign)),
        )
        copies = []
        for number, box in enumerate(sellers):
            is_sent = is_outbound and number == 0
            item = box.put_sent(mail) if is_sent else box.deliver(mail)
            copies.append(
                Copy(box, item, "sentitems" if is_sent else "inbox", foreign=set(foreign))
            )
        return copies

    def move_in(self, record: MailRecord, copy: Copy) -> None:
        self.moves += 1
        copy.is_inside = record.was_inside = True
        copy.box.move(copy.item, f"{copy.home}/{FOLDER}")

    def _move_out(self, record: MailRecord, copy: Copy) -> None:
        del record
        self.moves += 1
        copy.is_inside = False
        copy.box.move(copy.item, self._rng.choice(_ELSEWHERE))

    def _duplicate(self, record: MailRecord, copy: Copy) -> None:
        """Duplicate a copy inside the sync folder, with its categories."""
        self.moves += 1
        with copy.box.lock:
            item = copy.box.copy(copy.item, f"{copy.home}/{FOLDER}")
            record.copies.append(
                Copy(copy.box, item, copy.home, is_inside=True, foreign=set(copy.foreign))
            )

    def _categorise(self, copy: Copy) -> None:
        name = self._rng.choice(_FOREIGN)
        with copy.box.lock:
            present = copy.box.read(copy.item).categories
            if name not in present:
                copy.box.set_categories(copy.item, (*present, name))
            copy.foreign.add(name)
