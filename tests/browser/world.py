"""The real service behind the screen, and a person before it, with eyes, mouse and keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Frame, Locator, Page, expect

from running import Running, running
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
#: What axe finds that shuts somebody out.
SCAN = """async () => {
  const { violations } = await axe.run(document);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}"""


@dataclass(slots=True)
class World:
    """The furnished stage, the service over it, and the window through which it is seen."""

    stage: Stage
    service: Running
    window: Window

    @property
    def kim(self) -> SimMailbox:
        return self.stage.outlook.mailbox(KIM)

    def customer(self, name: str, *organisations: str) -> str:
        """The address of a contact in webCRM: of no Organisation, of one, or of several."""
        address = f"{name.casefold()}@{name.casefold()}.example"
        for one in organisations:
            self.stage.crm.add_person(self.organisation(one), address, name=name)
        return address

    def organisation(self, name: str) -> int:
        """The id of an Organisation, made on first use."""
        known = {o["OrganisationName"]: o["OrganisationId"] for o in self.stage.crm.organisations}
        return known.get(name) or self.stage.crm.add_organisation(name)

    def deliver(self, subject: str, sender: Party) -> str:
        """A mail arrives at Kim's."""
        body = "<p>Hello Kim,</p><p>please have a look at this.</p>"
        return self.kim.deliver(Mail(subject, sender, KIM, body=body))


@contextmanager
def open_world(scratch: Path) -> Iterator[World]:
    """Everything there is, running; webCRM is asked every second."""
    quick = {"MIRROR_SECONDS": "1", "DIRECTORY_SECONDS": "1"}
    with Stage() as stage:
        cast = furnish(stage)
        with (
            running(stage, DATA_DIR=str(scratch / "d"), **quick) as service,
            Window(stage, cast, service_url=service.public_url) as window,
        ):
            service.environment |= {PREFIX + name: v for name, v in window.settings.items()}
            service.start("serve")
            service.await_healthy()
            service.watch(*(member.address for member in cast.people if member.is_watched))
            yield World(stage, service, window)


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
