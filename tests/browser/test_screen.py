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


#: The colours of the first button, the icon, the switch and its knob, and whether a ring is seen.
_DRESS = """() => {
  const style = (one) => getComputedStyle(one);
  const toggle = document.querySelector("fluent-switch");
  const knob = toggle.shadowRoot.querySelector(".checked-indicator");
  const focused = style(document.activeElement);
  return {
    text: style(document.body).color,
    ground: style(document.body).backgroundColor,
    icon: style(document.querySelector(".state > svg")).stroke,
    edges: [...document.querySelectorAll("fluent-button")].map((one) => style(one).borderColor),
    track: style(toggle).backgroundColor,
    knob: style(knob).backgroundColor,
    knobWidth: knob.getBoundingClientRect().width,
    ring: [focused.outlineStyle, focused.outlineWidth, focused.outlineColor],
  };
}"""
_CLEAR = "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("theme", ["light", "dark", "forced"])
def test_the_pane_is_seen_in_every_dress_by_mouse_and_keyboard(
    person: Person, world: World, theme: str
) -> None:
    customer = world.customer()
    world.deliver(f"Seen in {theme}", customer.address)
    if theme == "forced":
        person.page.emulate_media(forced_colors="active", color_scheme="dark")
    else:
        person.choose("theme", theme)
    person.opens(f"Seen in {theme}")
    person.sees("Not in webCRM yet")
    person.always_syncs()
    toggle = person.in_pane().locator("fluent-switch")
    for act in (toggle.hover, person.page.mouse.down, person.page.mouse.up):
        act()
        _keeps_its_knob(person)
    person.press("Choose Organisation")
    person.page.keyboard.press("Escape")
    person.shoot(f"new-known-{theme}", "#pane")
    for _ in range(4):
        person.page.keyboard.press("Tab")
        seen = person.pane().evaluate(_DRESS)
        style, width, colour = seen["ring"]
        assert (style, width) == ("solid", "2px")
        assert colour not in (seen["ground"], _CLEAR)
    if theme == "forced":
        assert seen["icon"] == seen["text"]
        assert not {seen["ground"], _CLEAR} & set(seen["edges"]), "a button has no outline"


def _keeps_its_knob(person: Person) -> None:
    seen = person.pane().evaluate(_DRESS)
    assert seen["knobWidth"] == 14
    assert seen["knob"] not in (seen["track"], _CLEAR)


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
