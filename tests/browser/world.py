"""The real service behind the screen, and a person before it, with eyes, mouse and keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Frame, Locator, Page, expect

from asking import ref_to
from running import Running, running, until
from webcrm_sync.sandbox.outlook.mail import Mail, Party
from webcrm_sync.sandbox.outlook.mailbox import SimMailbox
from webcrm_sync.sandbox.screen import Window, furnish
from webcrm_sync.sandbox.screen.seed import KIM
from webcrm_sync.sandbox.stage import Stage
from webcrm_sync.settings import PREFIX

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = ROOT / "addin" / "node_modules" / "axe-core" / "axe.min.js"
FOLDER = "webCRM sync"
#: Long enough for a busy machine; only a failure waits so long.
PATIENCE_MS = 30_000
#: Customers of one test each: webCRM and the service know them before anybody sits down.
_TREES = (
    "Acacia Alder Apple Ash Aspen Beech Birch Cedar Cherry Chestnut Cypress Ebony Elm Fir Ginkgo "
    "Hawthorn Hazel Holly Juniper Larch Laurel Linden Magnolia Maple Oak Olive Pear Pine Plum "
    "Poplar Quince Rowan Spruce Sycamore Teak Walnut Willow Yew"
)
#: A contact of two Organisations, "Twin North" and "Twin South".
TWIN = "office@twin.example"
#: What axe finds that shuts somebody out.
SCAN = """async () => {
  const { violations } = await axe.run(document);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}"""


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
    """The furnished stage, the service over it, and the window through which it is seen."""

    stage: Stage
    service: Running
    window: Window
    customers: list[Customer]

    @property
    def kim(self) -> SimMailbox:
        """The mailbox that everybody sits down before."""
        return self.stage.outlook.mailbox(KIM)

    def customer(self) -> Customer:
        """A customer that no other test uses."""
        return self.customers.pop()

    def deliver(self, subject: str, sender: Party) -> str:
        """A mail arrives at Kim's."""
        body = "<p>Hello Kim,</p><p>please have a look at this.</p>"
        return self.kim.deliver(Mail(subject, sender, KIM, body=body))

    def await_directory(self) -> None:
        """Wait until the service has read webCRM's contacts, as the pane would find out."""
        item = self.deliver("Before anybody sits down", TWIN)
        ref = ref_to(self.kim, item)
        mail = {"itemId": ref.item_id, "idType": ref.kind, "messageId": ref.message_id}
        audience = self.service.environment[f"{PREFIX}ENTRA_CLIENT_ID"]
        token = self.stage.entra.issue_user_token(
            self.kim.user_id, audience, ("access_as_user",), name=KIM
        )
        url = f"{self.service.public_url}/api/v1/mails/state"
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(headers=headers, timeout=30) as client:
            until(
                lambda: "several" in client.post(url, json={"mails": [mail]}).text, "the directory"
            )
        self.kim.delete(item)


def _customers(stage: Stage) -> list[Customer]:
    made = [
        Customer(f"{tree} A/S", f"Office of {tree}", f"office@{tree.casefold()}.example")
        for tree in _TREES.split()
    ]
    for one in made:
        organisation = stage.crm.add_organisation(one.organisation)
        stage.crm.add_person(organisation, one.address, name=one.name)
    for name in ("Twin North", "Twin South"):
        stage.crm.add_person(stage.crm.add_organisation(name), TWIN, name="Office of Twin")
    return made


@contextmanager
def open_world(scratch: Path, **settings: str) -> Iterator[World]:
    """Everything there is, running; webCRM is asked every second unless `settings` say else."""
    quick = {"MIRROR_SECONDS": "1", "DIRECTORY_SECONDS": "1"} | settings
    with Stage() as stage:
        cast = furnish(stage)
        customers = _customers(stage)
        with (
            running(stage, DATA_DIR=str(scratch / "d"), **quick) as service,
            Window(stage, cast, service_url=service.public_url) as window,
        ):
            service.environment |= {PREFIX + name: v for name, v in window.settings.items()}
            service.start("serve")
            service.await_healthy()
            service.watch(*(member.address for member in cast.people if member.is_watched))
            world = World(stage, service, window, customers)
            world.await_directory()
            yield world


@dataclass(slots=True)
class Person:
    """Somebody before the screen."""

    page: Page
    world: World

    def sit_down(self) -> None:
        """Open the one address."""
        self.page.goto(self.world.window.url)
        expect(self.page.locator("#folders li").first).to_be_visible(timeout=PATIENCE_MS)

    # -- Outlook

    def row(self, subject: str) -> Locator:
        """A line of the message list."""
        return self.page.locator("#list [data-mail]").filter(has_text=subject)

    def folder(self, name: str, under: str = "Inbox") -> Locator:
        """A folder: the one of that name below (or, at the top, of that name)."""
        found = self.page.locator("#folders button").filter(has_text=name)
        return found.first if under == "Inbox" else found.nth(1)

    def open_folder(self, name: str, under: str = "Inbox") -> None:
        """Click a folder."""
        self.folder(name, under).click()

    def read(self, subject: str) -> None:
        """Open a mail."""
        self.row(subject).click()
        expect(self.page.locator("#head h2")).to_have_text(subject)

    def drag(self, subject: str, *, under: str = "Inbox") -> None:
        """Drag a mail onto a sync folder."""
        self.row(subject).drag_to(self.folder(FOLDER, under))

    def press_sync(self) -> None:
        """The ribbon's button without a pane."""
        self.page.locator("#ribbon [data-key=sync]").click()

    def choose(self, name: str, value: str) -> None:
        """One of the switches."""
        self.page.locator(f"[data-key={name}]").select_option(value)

    def deliver(self, title: str) -> None:
        """Let one of the ready-made mails arrive."""
        self.page.locator("[data-key=deliver]").click()
        self.page.locator("#deliver").get_by_role("menuitem", name=title).first.click()

    def note(self) -> Locator:
        """The line on the open mail."""
        return self.page.locator("#notes .note")

    def sees_in_outlook(self, subject: str, *categories: str, under: str = "Inbox") -> None:
        """The mail lies in the sync folder and carries exactly these categories."""
        self.open_folder(FOLDER, under)
        chips = self.row(subject).first.locator(".chip")
        expect(chips).to_have_text(list(categories), timeout=PATIENCE_MS)

    # -- webCRM

    def sees_in_webcrm(self, organisation: str, subject: str) -> Locator:
        """The Activity stands under the Organisation, once."""
        self.page.locator("#organisations button").filter(has_text=organisation).click()
        expect(self.page.locator("#organisation h2")).to_contain_text(organisation)
        found = self.page.locator(".activities > li").filter(has_text=subject)
        expect(found).to_have_count(1, timeout=PATIENCE_MS)
        return found

    def fill(self, button: str, **fields: str) -> None:
        """Fill in a form of webCRM and send it off."""
        self.page.get_by_role("button", name=button, exact=True).click()
        dialog = self.page.locator("dialog")
        for name, value in fields.items():
            field = dialog.locator(f"[name={name}]")
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(label=value)
            else:
                field.fill(value)
        dialog.locator(".primary").click()
        expect(dialog).to_have_count(0)

    # -- the pane

    def open_pane(self) -> None:
        """Press the ribbon's other button."""
        self.page.locator("#ribbon [data-key=pane]").click()

    def pane(self) -> Frame:
        """The product's own page within the screen."""
        found = self.page.locator("#pane iframe").element_handle().content_frame()
        assert found is not None
        return found

    def sees(self, sentence: str) -> None:
        """The pane's one sentence."""
        frame = self.page.frame_locator("#pane iframe")
        expect(frame.locator("#sentence")).to_have_text(sentence, timeout=PATIENCE_MS)

    def press(self, word: str) -> None:
        """A button of the pane."""
        frame = self.page.frame_locator("#pane iframe")
        frame.get_by_role("button", name=word, exact=True).click(timeout=PATIENCE_MS)

    def shoot(self, name: str, place: str = "body") -> None:
        """A picture for people to look at."""
        shot = SCREENSHOTS / f"{name}.png"
        self.page.locator(place).screenshot(path=shot, animations="disabled")

    def looks_around(self, name: str) -> None:
        """The pane as it is: pictures of it, and nothing in it that shuts somebody out."""
        for theme in ("dark", "light"):
            self.choose("theme", theme)
            wanted = f"() => document.documentElement.dataset.scheme === '{theme}'"
            self.pane().wait_for_function(wanted)
            self.shoot(f"{name}-{theme}", "#pane")
            assert self._troubles() == []
        width = "() => [document.documentElement.scrollWidth, innerWidth]"
        needed, given = self.pane().evaluate(width)
        assert needed <= given, f"{name} scrolls sideways"

    def _troubles(self) -> list[str]:
        frame = self.pane()
        if not frame.evaluate("() => 'axe' in window"):
            frame.evaluate(AXE.read_text("utf-8"))
        found: list[str] = frame.evaluate(SCAN)
        return found
