"""The screen itself: open to everybody, in every dress; and the command that brings it up."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from browser.person import AXE, SCAN, Person
from browser.world import World


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_the_screen_shuts_nobody_out(person: Person, world: World, theme: str) -> None:
    subject = f"Looked at in {theme}"
    customer = world.customer()
    world.deliver(subject, customer.address)
    person.choose("theme", theme)
    person.opens(subject)
    person.sees("Not in webCRM yet")
    person.shoot(f"screen-{theme}")
    person.page.evaluate(AXE.read_text("utf-8"))
    assert person.page.evaluate(SCAN) == []
    assert person.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_the_pane_follows_the_colours_that_a_person_forces(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Seen in forced colours", customer.address)
    person.page.emulate_media(forced_colors="active")
    person.opens("Seen in forced colours")
    person.sees("Not in webCRM yet")
    person.shoot("new-known-forced", "#pane")
    button = person.page.frame_locator("#pane iframe").locator("fluent-button").first
    border, background = button.evaluate(
        "(one) => [getComputedStyle(one).borderColor, getComputedStyle(one).backgroundColor]"
    )
    assert border != background, "the button has no outline"


def test_webcrm_takes_new_organisations_and_contacts(person: Person) -> None:
    person.fill("New Organisation", name="Nyskabt A/S")
    expect(person.page.locator("#organisation h2")).to_contain_text("Nyskabt A/S")
    person.fill("New contact", name="Ny Kontakt", address="ny@nyskabt.example")
    expect(person.page.locator(".persons")).to_contain_text("ny@nyskabt.example")


def test_the_demo_plays_its_stories_and_prints_one_address(tmp_path: Path) -> None:
    line = [sys.executable, "-u", "-m", "webcrm_sync", "demo", "--data-dir", str(tmp_path / "d")]
    demo = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    try:
        assert demo.stdout is not None
        told = []
        for text in demo.stdout:
            told.append(text)
            if re.fullmatch(r"  http://127\.0\.0\.1:\d+\n", text):
                break
        assert "All stories have ended as they should.\n" in told
        assert "Outlook beside webCRM" in httpx.get(told[-1].strip()).text
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=60)
    assert demo.returncode == 0
