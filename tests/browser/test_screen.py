"""The screen itself: open to everybody, in every dress and width."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from browser.person import AXE, PATIENCE_MS, SCAN, SCREENSHOTS, Person
from browser.world import FOLDER, World


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_the_screen_is_accessible(person: Person, world: World, theme: str) -> None:
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
    icon: style(document.querySelector(".state > svg")).fill,
    edges: [...document.querySelectorAll("fluent-button")].map((one) => style(one).borderColor),
    track: style(toggle).backgroundColor,
    knob: style(knob).backgroundColor,
    knobWidth: knob.getBoundingClientRect().width,
    ring: [focused.outlineStyle, focused.outlineWidth, focused.outlineColor],
  };
}"""
_CLEAR = "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("theme", ["light", "dark", "forced"])
def test_the_pane_works_in_every_theme_by_mouse_and_keyboard(
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
    person.press("Add Organisation")
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


def test_new_organisations_and_contacts_can_be_added_in_webcrm(person: Person) -> None:
    person.fill("New Organisation", name="Nyskabt A/S")
    expect(person.page.locator("#organisation h2")).to_contain_text("Nyskabt A/S")
    person.fill("New contact", name="Ny Kontakt", address="ny@nyskabt.example")
    expect(person.page.locator(".persons")).to_contain_text("ny@nyskabt.example")


#: A phone, a screen of 1280 by 800 at 200 %, a tablet, and two desks.
_WINDOWS = [(390, 844), (640, 400), (768, 1024), (1280, 800), (1920, 1080)]
#: Controls and headings that reach over an edge of the window, to which nobody can scroll.
_OUT_OF_SIGHT = """() => [...document.querySelectorAll("button, select, input, h2, h3, iframe")]
  .filter((one) => {
    const { left, right, width } = one.getBoundingClientRect();
    return width > 1 && (left < 0 || right > innerWidth);
  }).map((one) => one.outerHTML)"""


def test_the_screen_can_be_used_in_any_window(person: Person, world: World) -> None:
    world.deliver("Read in any window", world.customer().address)
    person.opens("Read in any window")
    for width, height in _WINDOWS:
        person.page.set_viewport_size({"width": width, "height": height})
        person.row("Read in any window").click()
        person.sees("Not in webCRM yet")
        person.page.locator("[data-key=move]").click()
        expect(person.page.locator("#move").get_by_role("menuitem").last).to_be_in_viewport()
        person.page.keyboard.press("Escape")
        person.page.locator("#organisations button").last.click()
        assert person.page.evaluate(_OUT_OF_SIGHT) == [], width
        assert person.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        pane = person.page.locator("#pane").bounding_box()
        assert pane
        assert pane["width"] >= 320
        person.page.screenshot(path=SCREENSHOTS / f"screen-{width}.png", full_page=True)


@pytest.mark.parametrize("way", ["pane", "ribbon", "mouse"])
def test_a_mail_leaves_the_list_as_soon_as_it_is_moved(person: Person, way: str) -> None:
    subject = f"Moved by the {way}"
    person.opens_mail_of_a_customer(subject)
    person.sees("Not in webCRM yet")
    if way == "pane":
        person.press("Sync to webCRM")
    elif way == "ribbon":
        person.press_sync()
    else:
        person.drag(subject)
    expect(person.row(subject)).to_have_count(0, timeout=PATIENCE_MS)
    expect(person.page.locator("#head")).to_contain_text(f"now in “{FOLDER}”")
    person.sees("In webCRM")


def test_a_mail_recovers_after_webcrm_is_switched_to_refuse_it(person: Person) -> None:
    customer = person.opens_mail_of_a_customer("Synced while webCRM refused")
    person.sees("Not in webCRM yet")
    chips = person.page.locator("#head .chip")
    with _switched_on(person, "webCRM refuses"):
        person.press("Sync to webCRM")
        person.sees_line("webCRM denies access")
        expect(chips).to_have_text([FOLDER, "Not synced"], timeout=PATIENCE_MS)
        person.shoot("webcrm-refuses")
    person.sees("In webCRM")
    expect(chips).to_have_text([FOLDER, "Synced"], timeout=PATIENCE_MS)
    person.in_pane().locator(".story summary").click()
    told = person.in_pane().locator(".story li")
    expect(told.filter(has_text="syncs automatically afterwards")).to_have_count(1)
    expect(told.last).to_contain_text("Marked Synced")
    person.sees_in_webcrm(customer.organisation, "Synced while webCRM refused")


def test_a_mail_is_filed_without_a_click_after_webcrm_is_switched_to_slow(person: Person) -> None:
    customer = person.opens_mail_of_a_customer("Synced while webCRM was slow")
    person.sees("Not in webCRM yet")
    with _switched_on(person, "webCRM slow"):
        person.press("Sync to webCRM")
        person.sees_line("This takes longer than usual. It continues automatically.")
    person.sees("In webCRM")
    person.sees_in_webcrm(customer.organisation, "Synced while webCRM was slow")


@contextmanager
def _switched_on(person: Person, label: str) -> Iterator[None]:
    """One of the switches, by the keyboard."""
    switch = person.page.get_by_label(label)
    switch.press("Space")
    expect(switch).to_be_checked()
    try:
        yield
    finally:
        switch.press("Space")
        expect(switch).not_to_be_checked()
