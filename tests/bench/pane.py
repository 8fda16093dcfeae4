"""How long a person waits in the pane: for its first state, and from a click to `In webCRM`."""

from __future__ import annotations

import gzip
import json
import shutil
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright

from browser.person import Person
from browser.world import open_world
from webcrm_sync import web

_OPENINGS, _CLICKS = 15, 30
_LATENCY = timedelta(milliseconds=50)
_HAS_SENTENCE = "text => document.querySelector('#sentence')?.textContent === text"
_BUILD = Path(web.__file__).parent / "static" / "addin"


def measure_size() -> None:
    """Print the size of what one person loads: scripts, styles and the largest language."""
    chunks = json.loads((_BUILD / "manifest.json").read_bytes()).values()
    languages = {one["file"] for one in chunks if one.get("isDynamicEntry")}
    files = [p for p in _BUILD.iterdir() if p.suffix in {".js", ".css"}]
    sizes = {p.name: len(gzip.compress(p.read_bytes())) for p in files}
    shared = sum(size for name, size in sizes.items() if name not in languages)
    kb = (shared + max(sizes[name] for name in languages)) / 1000
    print(f"the pane of one person: {kb:.1f} kB gzipped   limit 140 kB  ({kb / 140:.0%})")


def measure_waits() -> None:
    """Print the times to the first state and from a click to the sentence, in a real browser."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        print("the pane in the browser: not measured, there is no Chromium on this machine")
        return
    with (
        tempfile.TemporaryDirectory() as scratch,
        open_world(Path(scratch), MIRROR_SECONDS="30", DIRECTORY_SECONDS="60") as world,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        person = Person(browser.new_page(viewport={"width": 1280, "height": 800}), world)
        person.sit_down()
        customer = world.customer()
        _first_states(person, customer.address)
        world.sandbox.faults.latency = _LATENCY
        _clicks(person, customer.address)
        browser.close()


def _first_states(person: Person, address: str) -> None:
    person.world.deliver("Opened repeatedly", address)
    person.read("Opened repeatedly")
    person.open_pane()
    person.sees("Not in webCRM yet")
    times = []
    for _ in range(_OPENINGS):
        began = time.monotonic()
        person.pane().evaluate("location.reload()")
        person.page.wait_for_timeout(20)
        person.sees("Not in webCRM yet")
        times.append(time.monotonic() - began)
    _print_times(f"the pane's first state, {_OPENINGS} reloads", times, limit=0.5)


def _clicks(person: Person, address: str) -> None:
    times = []
    for number in range(_CLICKS):
        subject = f"Clicked {number}"
        person.world.deliver(subject, address)
        person.read(subject)
        person.sees("Not in webCRM yet")
        began = time.monotonic()
        person.press("Sync to webCRM")
        # Looks at each frame that the browser draws; `sees` looks 0.35 and then 0.85 s later.
        person.pane().wait_for_function(_HAS_SENTENCE, arg="In webCRM")
        times.append(time.monotonic() - began)
    _print_times(f"click to 'In webCRM' shown, 50 ms a call, {_CLICKS} clicks", times, limit=0.7)


def _print_times(name: str, times: list[float], *, limit: float) -> None:
    p95 = sorted(times)[int(len(times) * 0.95) - 1]
    median = statistics.median(times)
    print(f"{name}:")
    print(f"  median {median:.2f} s   p95 {p95:.2f} s   limit {limit:.1f} s  ({p95 / limit:.0%})")
