"""People create customers from mails: an Organisation of its own for each mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from machine.history import History
from machine.model import MailCopy, MailModel
from support.new_customer import company_name
from support.pane_user import PaneUser
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.errors import SyncError
from webcrm_sync.engine.operations.retention import KEPT
from webcrm_sync.engine.pane.customers import CustomerForm, create_customer


@dataclass(slots=True)
class Customers:
    """Lets people create customers in one history, and knows which must exist."""

    history: History
    #: by the Organisation's name: its mail, and whether it must exist when all work is done
    wanted: dict[str, tuple[MailModel, bool]] = field(default_factory=dict)
    #: by the same name: when the first one asked for it
    asked_at: dict[str, datetime] = field(default_factory=dict)

    def create(self, copy: MailCopy) -> None:
        """Let the owner of a copy create the customer of its mail."""
        if self.history.item(copy) is None:
            return
        mail = copy.mail
        name = company_name(mail.subject)
        was_certain = self.wanted.get(name, (mail, False))[1]
        self.wanted[name] = (mail, was_certain)
        self.asked_at.setdefault(name, self.history.setup.sandbox.clock.now())
        scenario = self.history.setup.second_worker
        pane_user = PaneUser(scenario, self.history.box(copy.box))
        mail.undone = None if mail.undone else mail.undone
        try:
            created = create_customer(
                scenario.context,
                pane_user.user,
                pane_user.ref(copy.id),
                CustomerForm(OrganisationDraft(name)),
            )
        except SyncError:  # refused, or it may have happened
            mail.places = None
            return
        self.wanted[name] = (mail, was_certain or created.mail is not None)
        mail.places = _with_place(mail.places, created.organisation_id)

    def record(self) -> None:
        """Record under which new Organisations a mail may be filed."""
        for organisation in self.history.setup.sandbox.crm.organisations:
            if found := self.wanted.get(organisation["OrganisationName"]):
                found[0].offered.add(organisation["OrganisationId"])

    def check(self, *, is_complete: bool) -> None:
        """Check that no customer is there twice, and with `is_complete` that none is missing.

        Housekeeping gives up those that webCRM has not taken within a month.
        """
        given_up = self.history.setup.sandbox.clock.now() - KEPT
        names = [o["OrganisationName"] for o in self.history.setup.sandbox.crm.organisations]
        for name, (mail, is_certain) in self.wanted.items():
            assert names.count(name) <= 1, f"the customer of {mail.subject} is there twice"
            if is_complete and is_certain and self.asked_at[name] > given_up:
                assert name in names, f"the customer of {mail.subject} is missing"


def _with_place(
    places: frozenset[int] | None, organisation_id: int | None
) -> frozenset[int] | None:
    """The places of a mail after its customer was created, None = unclear."""
    return None if places is None or organisation_id is None else places | {organisation_id}
