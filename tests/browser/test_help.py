"""The page of help, opened from the pane; and its pictures, which `make picture` takes anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.person import AXE, NARROW, SCAN, SCREENSHOTS, Person
from browser.world import World
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.screen.fixtures import IVO

#: Where the pictures go; None = the scenes are played and nothing is written.
TARGET = os.environ.get("WEBCRM_SYNC_HELP_PICTURES")
LANGUAGES = ("en", "da", "de", "fi", "nl", "no", "sv")
#: The height of what the pane shows, once it has no blank part.
CONTENT_HEIGHT = "() => document.documentElement.scrollHeight"


def _pictures(person: Person, state: str) -> None:
    """Take a picture of the pane in each language, as high as its content."""
    frame = person.page.locator("#pane iframe")
    person.page.mouse.move(0, 0)  # no button looks pressed
    for language in LANGUAGES:
        person.choose("language", language)
        tag = "nb" if language == "no" else language
        expect(person.in_pane().locator(f"html[lang^={tag}]")).to_be_attached()
        expect(person.in_pane().locator(".primary, [appearance=primary]")).to_be_visible()
        expect(person.in_pane().locator(".foot .dot.good")).to_be_visible(timeout=30_000)
        frame.evaluate("(frame) => Object.assign(frame.style, {width: '320px', height: '200px'})")
        height = person.pane().evaluate(CONTENT_HEIGHT)
        assert 250 < height < 800
        frame.evaluate("(frame, height) => (frame.style.height = `${height}px`)", height)
        if TARGET:
            path = Path(TARGET) / f"{state}.{language}.png"
            frame.screenshot(path=path, animations="disabled")


def test_the_pictures_show_the_pane_in_each_language(person: Person, world: World) -> None:
    # Ivo's mailbox: nothing in it waits from the start, so that its foot says "Connected".
    customer, box = world.customer(), world.sandbox.outlook.mailbox(IVO)
    person.page.set_viewport_size({"width": 1280, "height": 1000})  # as high as the longest pane
    box.deliver(Mail("Projekt 2026-117", customer.line, IVO, body="<p>Hello Ivo.</p>"))
    person.choose("who", IVO)
    person.opens("Projekt 2026-117")
    person.sees("Not in webCRM yet")
    _pictures(person, "new")
    person.choose("language", "en")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    _pictures(person, "synced")
    person.choose("language", "en")
    stranger = "Kai Sand <kai@sand.example>"
    box.deliver(Mail("Projekt 2026-118", stranger, IVO, body="<p>Hello Ivo.</p>"))
    person.read("Projekt 2026-118")
    person.press("Sync to webCRM")
    person.sees("Waiting for a contact")
    _pictures(person, "waiting")


def test_the_pane_opens_the_page_in_its_language(person: Person) -> None:
    person.choose("language", "da")
    person.opens_mail_of_a_customer("Needs help")
    with person.page.context.expect_page() as opened:
        person.in_pane().get_by_role("link", name="Hjælp").click()
    page = opened.value
    expect(page.locator("h1")).to_have_text("webCRM i Outlook")
    page.get_by_role("link", name="Suomi").click()
    expect(page.locator("html")).to_have_attribute("lang", "fi")
    expect(page.locator("h1")).to_have_text("webCRM Outlookissa")
    page.close()


@pytest.mark.parametrize("language", ["da", "de", "fi"])
def test_the_page_is_readable_everywhere(person: Person, world: World, language: str) -> None:
    page = person.page
    page.goto(f"{world.window.pane_url}/help?lang={language}")
    page.evaluate(AXE.read_text("utf-8"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(SCAN) == []
        for width in (NARROW, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            _has_all_in_sight(page, width)
            page.screenshot(
                path=SCREENSHOTS / f"help-{language}-{scheme}-{width}.png", full_page=True
            )


def _has_all_in_sight(page: Page, width: int) -> None:
    """Check that nothing is wider than the page, and that each picture is shown."""
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    sizes = page.locator("img").evaluate_all("(all) => all.map((one) => one.naturalWidth)")
    assert len(sizes) == 3
    assert min(sizes) >= NARROW
