"""A person at the screen: what they do and what they check."""

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
#: Elements beyond the edge of the page or cut off by their box. Subjects are cut after two lines
#: and show the rest as a tooltip.
CUT = """() => [...document.querySelectorAll("#pane *")].filter((one) => {
  const { left, right, width } = one.getBoundingClientRect();
  const isCut = getComputedStyle(one).overflowX === "hidden" && one.scrollWidth > one.clientWidth;
  return width && (left < 0 || right > innerWidth || (isCut && !one.title));
}).map((one) => one.outerHTML)"""
#: The serious and critical violations that axe finds.
SCAN = """async () => {
  const { violations } = await axe.run(document);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}"""


class SitDown(Protocol):
    """Opens a fresh page for a person."""

    def __call__(self, friend: str | None = None) -> Person:
        """`friend`: a host that the page may call besides this machine, with any certificate."""


@dataclass(slots=True)
class Person:
    """A person at the screen."""

    page: Page
    world: World

    def sit_down(self) -> None:
        """Open the screen."""
        self.page.goto(self.world.window.url)
        expect(self.page.locator("#folders li").first).to_be_visible(timeout=PATIENCE_MS)

    # -- Outlook

    def row(self, subject: str) -> Locator:
        """A row of the message list."""
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
        """Press the ribbon's button that opens no pane."""
        self.page.locator("#ribbon [data-key=sync]").click()

    def choose(self, name: str, value: str) -> None:
        """Choose a value of a switch."""
        self.page.locator(f"[data-key={name}]").select_option(value)

    def deliver(self, title: str) -> None:
        """Deliver one of the ready-made mails."""
        self.page.locator("[data-key=deliver]").click()
        self.page.locator("#deliver").get_by_role("menuitem", name=title).first.click()

    def note(self) -> Locator:
        """The notification bar on the open mail."""
        return self.page.locator("#notes .note")

    def sees_in_outlook(self, subject: str, *categories: str, under: str = "Inbox") -> None:
        """Check that the mail is in the sync folder with exactly these categories."""
        self.open_folder(FOLDER, under)
        chips = self.row(subject).first.locator(".chip")
        expect(chips).to_have_text(list(categories), timeout=PATIENCE_MS)

    # -- webCRM

    def sees_in_webcrm(self, organisation: str, subject: str) -> Locator:
        """Check that the Organisation has exactly one such Activity; its element."""
        self.page.locator("#organisations button").filter(has_text=organisation).click()
        expect(self.page.locator("#organisation h2")).to_contain_text(organisation)
        found = self.page.locator(".activities > li").filter(has_text=subject)
        expect(found).to_have_count(1, timeout=PATIENCE_MS)
        return found

    def sees_nothing_in_webcrm(self, organisation: str) -> None:
        """Check that the Organisation has no Activity."""
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
        """The contents of the pane."""
        return self.page.frame_locator("#pane iframe")

    def opens_mail_of_a_customer(self, subject: str) -> Customer:
        """Deliver and open a mail of a customer that no other test uses, with the pane open."""
        customer = self.world.customer()
        self.world.deliver(subject, customer.address)
        self.opens(subject)
        return customer

    def opens(self, subject: str) -> None:
        """Open the pane and a mail."""
        self.open_pane()
        self.read(subject)

    def pane(self) -> Frame:
        """The frame of the product's page."""
        found = self.page.locator("#pane iframe").element_handle().content_frame()
        assert found is not None
        return found

    def sees(self, sentence: str) -> None:
        """Check the sentence of the pane."""
        expect(self.in_pane().locator("#sentence")).to_have_text(sentence, timeout=PATIENCE_MS)

    def sees_line(self, text: str) -> None:
        """Check the line below the sentence."""
        expect(self.in_pane().locator(".line")).to_contain_text(text, timeout=PATIENCE_MS)

    def sees_way(self, words: str) -> None:
        """Check the origin of the mail in webCRM."""
        self.sees("In webCRM")
        expect(self.in_pane().locator(".state .facts")).to_contain_text(words)

    def is_connected(self, *, is_it: bool = True) -> None:
        """Check that the footer shows the connection as on, or as off."""
        expect(self.in_pane().locator(".foot")).to_be_visible(timeout=PATIENCE_MS)
        off = self.in_pane().locator(".foot .dot.off")
        expect(off).to_have_count(0 if is_it else 1, timeout=PATIENCE_MS)

    def press(self, word: str) -> None:
        """Press a button of the pane."""
        button = self.in_pane().get_by_role("button", name=word, exact=True)
        button.click(timeout=PATIENCE_MS)

    def always_syncs(self) -> None:
        """Switch it on, and wait until Outlook has the rule."""
        with self.page.expect_response(lambda answer: "/api/v1/rules/" in answer.url) as answered:
            self.in_pane().locator("fluent-switch").click()
        assert answered.value.ok

    def shoot(self, name: str, place: str = "body") -> None:
        """Save a screenshot."""
        shot = SCREENSHOTS / f"{name}.png"
        self.page.locator(place).screenshot(path=shot, animations="disabled")

    def looks_around(self, name: str) -> None:
        """Save screenshots of the pane, and check that it is accessible and not cut off."""
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
