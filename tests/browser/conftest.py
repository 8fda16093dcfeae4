"""One service and one browser for all tests here; each test opens fresh pages."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from browser.person import PATIENCE_MS, Person, SitDown
from browser.world import World, open_world

#: No background requests; no browser sandbox, since root cannot use it.
_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
]


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The real service behind the demo's screen."""
    scratch = Path(tempfile.mkdtemp(prefix="wcs-"))
    try:
        with open_world(scratch) as made:
            yield made
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium. The tests are skipped, with a reason, on a machine without one."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("there is no Chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield made
        made.close()


@pytest.fixture
def sit_down(browser: Browser, world: World) -> Iterator[SitDown]:
    """Opens Kim's Outlook for a person. Fails if a page raises an error or calls another host."""
    troubles: list[str] = []
    pages: list[Page] = []

    def made(friend: str | None = None) -> Person:
        page = browser.new_page(
            viewport={"width": 1280, "height": 800}, ignore_https_errors=friend is not None
        )
        pages.append(page)
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: _note_policy(line, troubles))
        page.on("request", lambda asked: _note_outside(asked.url, friend, troubles))
        person = Person(page, world)
        person.sit_down()
        return person

    yield made
    for page in pages:
        page.close()
    assert troubles == []


@pytest.fixture
def person(sit_down: SitDown) -> Person:
    """A person at Kim's Outlook."""
    return sit_down()


def _note_policy(line: ConsoleMessage, troubles: list[str]) -> None:
    if "Content Security Policy" in line.text:
        troubles.append(line.text)


def _note_outside(url: str, friend: str | None, troubles: list[str]) -> None:
    if not url.startswith(("http://127.0.0.1:", "data:", "blob:", friend or "data:")):
        troubles.append(f"asked for {url}")
