"""A person before the screen, with eyes, mouse and keyboard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Frame, FrameLocator, Locator, Page, expect

from browser.world import FOLDER, Customer, World

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = ROOT / "addin" / "node_modules" / "axe-core" / "axe.min.js"
#: Long enough for a busy machine; only a failure waits so long.
PATIENCE_MS = 30_000
#: As wide as Outlook on the web makes a pane.
NARROW = 320
#: The same pane at 200 %.
ENLARGED = NARROW // 2
#: What reaches over the edge of the page, and what its own box cuts off. A subject ends after two
#: lines, and says the rest when it is pointed at.
CUT = """() => [...document.querySelectorAll("#pane *")].filter((one) => {
  const { left, right, width } = one.getBoundingClientRect();
  const isCut = getComputedStyle(one).overflowX === "hidden" && one.scrollWidth > one.clientWidth;
  return width && (left < 0 || right > innerWidth || (isCut && !one.title));
}).map((one) => one.outerHTML)"""
#: What axe finds that shuts somebody out.
SCAN = """async () => {
  const { violations } = await axe.run(document);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}"""


class SitDown(Protocol):
    """Makes a person before a fresh page."""

    def __call__(self, friend: str | None = None) -> Person:
        """`friend`: whom the page may ask besides this machine, whoever vouches for it."""


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

    def sees_nothing_in_webcrm(self, organisation: str) -> None:
        """No Activity stands under the Organisation."""
        self.page.locator("#organisations button").filter(has_text=organisation).click()
        expect(self.page.locator("#organisation h2")).to_contain_text(organisation)
        expect(self.page.locator(".activities > li")).to_have_count(0, timeout=PATIENCE_MS)

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

    def in_pane(self) -> FrameLocator:
        """What is in the pane, whenever it is there."""
        return self.page.frame_locator("#pane iframe")

    def opens_mail_of_a_customer(self, subject: str) -> Customer:
        """A mail of a customer that nobody else has arrives, and is read beside the pane."""
        customer = self.world.customer()
        self.world.deliver(subject, customer.address)
        self.opens(subject)
        return customer

    def opens(self, subject: str) -> None:
        """Read a mail beside the pane."""
        self.open_pane()
        self.read(subject)

    def pane(self) -> Frame:
        """The product's own page within the screen."""
        found = self.page.locator("#pane iframe").element_handle().content_frame()
        assert found is not None
        return found

    def sees(self, sentence: str) -> None:
        """The pane's one sentence."""
        expect(self.in_pane().locator("#sentence")).to_have_text(sentence, timeout=PATIENCE_MS)

    def sees_line(self, text: str) -> None:
        """The line beneath it, or a part of it."""
        expect(self.in_pane().locator(".line")).to_contain_text(text, timeout=PATIENCE_MS)

    def sees_way(self, words: str) -> None:
        """Which way the mail came into webCRM."""
        self.sees("In webCRM")
        expect(self.in_pane().locator(".state .facts")).to_contain_text(words)

    def is_connected(self, *, is_it: bool = True) -> None:
        """The foot says so, or that the pane is not; whatever else it has to tell."""
        expect(self.in_pane().locator(".foot")).to_be_visible(timeout=PATIENCE_MS)
        off = self.in_pane().locator(".foot .dot.off")
        expect(off).to_have_count(0 if is_it else 1, timeout=PATIENCE_MS)

    def press(self, word: str) -> None:
        """A button of the pane."""
        button = self.in_pane().get_by_role("button", name=word, exact=True)
        button.click(timeout=PATIENCE_MS)

    def always_syncs(self) -> None:
        """Turn the switch, and wait until Outlook has the rule."""
        with self.page.expect_response(lambda answer: "/api/v1/rules/" in answer.url) as answered:
            self.in_pane().locator("fluent-switch").click()
        assert answered.value.ok

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
        for width in (ENLARGED, NARROW):
            self._makes_the_pane(width)
            cut = self.pane().evaluate(CUT)
            assert not cut, f"{name} is cut off at {width} px: {cut}"

    def _makes_the_pane(self, width: int) -> None:
        frame = self.page.locator("#pane iframe")
        frame.evaluate("(frame, width) => (frame.style.width = `${width}px`)", width)
        self.pane().wait_for_function("(width) => innerWidth === width", arg=width)

    def _troubles(self) -> list[str]:
        frame = self.pane()
        if not frame.evaluate("() => 'axe' in window"):
            frame.evaluate(AXE.read_text("utf-8"))
        found: list[str] = frame.evaluate(SCAN)
        return found
