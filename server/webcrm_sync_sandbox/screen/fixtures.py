"""The company on the screen: its people, its records in webCRM, its mails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from webcrm_sync_sandbox.screen import sample_mails
from webcrm_sync_sandbox.screen.sample_customers import add_customers

if TYPE_CHECKING:
    from webcrm_sync_sandbox.environment import Sandbox
    from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

#: Younger mails are unread.
_READ_AFTER_H = 3.0
KIM = "kim@nordwind.example"
IVO = "ivo@nordwind.example"
SALES = "sales@nordwind.example"
NEW = "uma@nordwind.example"


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A person whose Outlook the screen can show. `user_id`: the id of the webCRM user."""

    address: str
    name: str
    note: str
    user_id: int
    signs_in_as: str
    is_watched: bool = True


@dataclass(frozen=True, slots=True)
class DemoCompany:
    """The people of the demo. `buyer_id`: the contact that the terminal's stories write to."""

    people: tuple[DemoUser, ...]
    seller: SimMailbox
    buyer_id: int

    def member(self, address: str) -> DemoUser:
        """The owner of that mailbox. Raises KeyError."""
        return {one.address: one for one in self.people}[address]


def fill_sandbox(sandbox: Sandbox) -> DemoCompany:
    """Fill an empty sandbox with a company and its mails; the people of the company."""
    crm, outlook = sandbox.crm, sandbox.outlook
    kim = outlook.add_mailbox(KIM, "Kim Nordwind", language="en")
    ivo = outlook.add_mailbox(IVO, "Ivo Nordwind", language="da")
    sales = outlook.add_mailbox(SALES, "Sales Nordwind", language="de", shared=True)
    outlook.add_mailbox(NEW, "Uma Nordwind", language="en")
    outlook.grant(sales, kim)
    users = {a: crm.add_user(a, f"{n} Nordwind") for a, n in ((KIM, "Kim"), (IVO, "Ivo"))}
    buyer_id = add_customers(crm, users)
    people = (
        DemoUser(KIM, "Kim Nordwind", "salesperson", users[KIM], KIM),
        DemoUser(IVO, "Ivo Nordwind", "salesperson", users[IVO], IVO),
        DemoUser(SALES, "Sales Nordwind", "shared, opened by Kim", users[KIM], KIM),
        DemoUser(NEW, "Uma Nordwind", "not connected yet", users[KIM], NEW, is_watched=False),
    )
    for box, post in (
        (kim, sample_mails.FOR_KIM),
        (ivo, sample_mails.FOR_IVO),
        (sales, sample_mails.FOR_SALES),
        (outlook.mailbox(NEW), sample_mails.FOR_UMA),
    ):
        _deliver_history(box, post)
    return DemoCompany(people, kim, buyer_id)


def _deliver_history(box: SimMailbox, post: tuple[sample_mails.SampleMail, ...]) -> None:
    """Deliver the sample mails, the oldest first."""
    for one in sorted(post, key=lambda found: -found.hours_ago):
        at = box.clock.now() - timedelta(hours=one.hours_ago)
        item_id = box.put(replace(one.mail, sent_at=at), one.folder)
        if one.folder != "inbox" or one.hours_ago > _READ_AFTER_H:
            box.mark_read(item_id)
