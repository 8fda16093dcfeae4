"""Salespeople who create customers from mails of people whom webCRM does not know."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass

from moves.people import Copy, MailRecord, People
from support.new_customer import company_name
from support.pane_user import ref_to
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.new_customer import ContactDraft
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.customers import CustomerForm, create_customer
from webcrm_sync.engine.pane.mail_lookup import CurrentUser
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail

#: A person who sees an error presses again.
_MOST_PRESSES = 30


@dataclass(frozen=True, slots=True)
class CustomerCounts:
    """How many customers were created, and how many are there twice or not at all."""

    created: int
    doubled: int
    missing: int


class NewCustomers:
    """They create an Organisation and a contact, alone or two colleagues at once."""

    def __init__(self, context: Context, sandbox: Sandbox, people: People, seed: int) -> None:
        self._context = context
        self._sandbox = sandbox
        self._people = people
        self._rng = random.Random(seed)
        self._records: dict[str, MailRecord] = {}

    def act(self) -> None:
        """Deliver a mail of somebody new to one or two sellers, who press the button."""
        name = company_name(str(len(self._records)))
        address = f"anne@{name.lower()}.example"
        sellers = self._rng.sample(self._people.boxes, self._rng.choice((1, 1, 2)))
        record = MailRecord(len(self._people.records), frozenset(), ())
        mail = Mail(
            record.subject,
            address,
            tuple(box.address for box in sellers),
            message_id=f"<letter-{record.number}@mail.example>",
        )
        record.copies = [Copy(box, box.deliver(mail), "inbox") for box in sellers]
        form = CustomerForm(OrganisationDraft(name), ContactDraft("Anne", address))
        for copy in record.copies:
            self._press(copy, form)
            copy.is_inside = record.was_inside = True
        self._people.records.append(record)
        self._records[name] = record

    def _press(self, copy: Copy, form: CustomerForm) -> None:
        """Press until no error comes, twice at least."""
        for number in range(_MOST_PRESSES):
            with self._context.begin() as tx:
                box = mailboxes.find_mailbox(tx, copy.box.address)
            assert box is not None
            with suppress(SyncError):
                ref = ref_to(copy.box, copy.item)
                create_customer(self._context, CurrentUser(box, "Seller"), ref, form)
                if number:
                    return

    def count(self) -> CustomerCounts:
        """The figures when all work is done. Tells the people's record where the mails belong."""
        ids: dict[str, list[int]] = {name: [] for name in self._records}
        for organisation in self._sandbox.crm.organisations:
            if organisation["OrganisationName"] in ids:
                ids[organisation["OrganisationName"]].append(organisation["OrganisationId"])
        contacts = [p.get("PersonEmail", "") for p in self._sandbox.crm.persons]
        known = [contacts.count(f"anne@{name.lower()}.example") for name in ids]
        numbers = [*map(len, ids.values()), *known]
        for name, found in ids.items():
            self._records[name].organisations = frozenset(found)
        return CustomerCounts(
            created=len(ids),
            doubled=sum(number - 1 for number in numbers if number > 1),
            missing=numbers.count(0),
        )
