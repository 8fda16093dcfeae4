"""The real service behind the screen, and the mails that exist before any test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from support.pane_user import ref_to
from support.processes import RunningService, run_service, until
from webcrm_sync.settings import PREFIX
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail, Party
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.screen import ScreenServer, fill_sandbox
from webcrm_sync_sandbox.screen.fixtures import KIM

FOLDER = "webCRM sync"
#: Customers for one test each: webCRM and the service know them from the start.
_TREES = (
    "Avocado Bottlebrush Camellia Carob Clementine Coconut Damson Durian Feijoa Forsythia Gardenia "
    "Grapefruit Guava Hibiscus Jasmine Kumquat Lavender Lilac Loquat Mimosa Oleander Pistachio "
    "Pomegranate Privet Rosewood Satinwood Tamarisk Wisteria "
    "Almond Apricot Bamboo Banyan Baobab Cashew Catalpa Citron Cork Dogwood Elder Eucalyptus Fig "
    "Hemlock Hickory Hornbeam Ivy Jacaranda Lemon Mango Medlar Mulberry Myrtle Nutmeg Orange Palm "
    "Papaya Peach Pecan Persimmon Redwood Sequoia Sumac Tamarind Tulip Yucca Zelkova "
    "Acacia Alder Apple Ash Aspen Beech Birch Cedar Cherry Chestnut Cypress Ebony Elm Fir Ginkgo "
    "Hawthorn Hazel Holly Juniper Larch Laurel Linden Magnolia Maple Oak Olive Pear Pine Plum "
    "Poplar Quince Rowan Spruce Sycamore Teak Walnut Willow Yew"
)
#: A contact of two Organisations, "Twin North" and "Twin South".
TWIN = "office@twin.example"
#: A domain that is never synced.
NEVER = "never.example"
#: In the folder before its first read: another product synced it.
OLD = "Synced by another product"
#: A mail that webCRM refuses, since its Organisation was deleted.
REFUSED = "From an Organisation that is gone"
#: An Organisation that was deleted in webCRM.
DELETED = "Deleted A/S"


@dataclass(frozen=True, slots=True)
class Customer:
    """An Organisation and its one contact."""

    organisation: str
    name: str
    address: str

    @property
    def line(self) -> str:
        """As webCRM's form shows the contact."""
        return f"{self.name} <{self.address}>"


@dataclass(slots=True)
class World:
    """The filled sandbox, the service over it, and the screen."""

    sandbox: Sandbox
    service: RunningService
    window: ScreenServer
    customers: list[Customer]

    @property
    def kim(self) -> SimMailbox:
        """The mailbox that every test opens."""
        return self.sandbox.outlook.mailbox(KIM)

    def customer(self) -> Customer:
        """A customer that no other test uses."""
        return self.customers.pop()

    def deliver(self, subject: str, sender: Party) -> str:
        """Deliver a mail to Kim."""
        body = "<p>Hello Kim,</p><p>please have a look at this.</p>"
        return self.kim.deliver(Mail(subject, sender, KIM, body=body))

    def add_opportunities(self, customer: Customer, contacts: str, other: str) -> dict[str, int]:
        """Two open Opportunities of the customer, the first with its contact; their ids."""
        crm = self.sandbox.crm
        names = {o["OrganisationName"]: o["OrganisationId"] for o in crm.organisations}
        persons = {p["PersonEmail"]: p["PersonId"] for p in crm.persons}
        organisation, person_id = names[customer.organisation], persons[customer.address]
        return {
            contacts: crm.add_opportunity(
                organisation, contacts, person_id=person_id, number="1042"
            ),
            other: crm.add_opportunity(organisation, other, number="1050"),
        }

    def lay_old_mail(self) -> None:
        """Put a folder that another product used into Kim's mailbox."""
        folder = self.kim.make_folder("inbox", FOLDER)
        sender = self.customer().address
        self.kim.put(Mail(OLD, sender, KIM, body="<p>Old.</p>", categories=("Synced",)), folder)

    def delete_from_webcrm(self) -> None:
        """Delete two Organisations, and move a mail of one's contact to the folder."""
        crm = self.sandbox.crm
        ids = {o["OrganisationName"]: o["OrganisationId"] for o in crm.organisations}
        crm.tables["Organisation"].delete(ids[DELETED])
        customer = self.customer()
        crm.tables["Organisation"].delete(ids[customer.organisation])
        item = self.deliver(REFUSED, customer.address)
        self.kim.move(item, f"inbox/{FOLDER}")

    def await_directory(self) -> None:
        """Wait until the service has read webCRM's contacts, as the pane shows."""
        item = self.deliver("Before anybody sits down", TWIN)
        ref = ref_to(self.kim, item)
        mail = {"itemId": ref.item_id, "idType": ref.kind, "messageId": ref.message_id}
        audience = self.service.environment[f"{PREFIX}ENTRA_CLIENT_ID"]
        token = self.sandbox.entra.issue_user_token(
            self.kim.user_id, audience, ("access_as_user",), name=KIM
        )
        url = f"{self.service.public_url}/api/v1/mails/state"
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(headers=headers, timeout=30) as client:
            until(
                lambda: "several" in client.post(url, json={"mails": [mail]}).text, "the directory"
            )
        self.kim.delete(item)


def _customers(sandbox: Sandbox) -> list[Customer]:
    made = [
        Customer(f"{tree} A/S", f"Office of {tree}", f"office@{tree.casefold()}.example")
        for tree in _TREES.split()
    ]
    for one in made:
        organisation = sandbox.crm.add_organisation(one.organisation)
        sandbox.crm.add_person(organisation, one.address, name=one.name)
    for name in ("Twin North", "Twin South"):
        sandbox.crm.add_person(sandbox.crm.add_organisation(name), TWIN, name="Office of Twin")
    sandbox.crm.add_organisation(DELETED)
    return made


@contextmanager
def open_world(scratch: Path, **settings: str) -> Iterator[World]:
    """Run the whole setup; the service polls webCRM every second unless `settings` differ."""
    quick = {"MIRROR_SECONDS": "1", "DIRECTORY_SECONDS": "1", "NEVER_SYNC": NEVER} | settings
    with Sandbox() as sandbox:
        company = fill_sandbox(sandbox)
        customers = _customers(sandbox)
        with (
            run_service(sandbox, DATA_DIR=str(scratch / "d"), **quick) as service,
            ScreenServer(sandbox, company, service_url=service.public_url) as window,
        ):
            service.environment |= {PREFIX + name: v for name, v in window.settings.items()}
            service.start("serve")
            service.await_healthy()
            world = World(sandbox, service, window, customers)
            world.lay_old_mail()
            service.watch(*(member.address for member in company.people if member.is_watched))
            world.await_directory()
            world.delete_from_webcrm()
            yield world
