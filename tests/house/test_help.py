"""The page of help is the same in each language, and says what the pane says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus
from webcrm_sync.web.help_page import LANGUAGES, PAGES

ROOT = Path(__file__).parents[2]
LOCALES = ROOT / "addin" / "locales"
#: What a line of the page is, whatever it says.
KINDS = {
    "title": r"^# \S",
    "section": r"^## \S",
    "way": r"^\d\. \S",
    "item": r"^- \S",
    "row": r"^\|.*\|$",
    "picture": r"^!\[[^\]]+\]\([^)]+\)$",
    "words": r"^\S",
}
#: What the pane says and the page explains, besides the states.
NAMED = (
    *("button.sync", "button.open", "button.undo", "button.create_contact"),
    *("button.choose", "button.anyway", "button.mark", "button.create_and_sync", "story"),
    *("where", "where.add", "opportunity", "along"),
)


def _text(language: str) -> str:
    return (PAGES / f"{language}.md").read_text("utf-8")


def _shape(text: str) -> list[str]:
    """The kind of each line, in order."""
    lines = filter(None, text.splitlines())
    return [next(kind for kind, form in KINDS.items() if re.match(form, line)) for line in lines]


def _pictures(language: str) -> list[str]:
    return [Path(path).name for path in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", _text(language))]


def test_the_page_exists_in_each_language_of_the_pane() -> None:
    locales = {path.stem for path in LOCALES.glob("*.json")}
    assert set(LANGUAGES) == locales
    assert {path.stem for path in PAGES.glob("*.md")} == locales


def test_the_docs_and_the_served_page_are_one_file() -> None:
    assert (PAGES / "en.md").resolve() == ROOT / "docs" / "use.md"
    assert PAGES.resolve() == ROOT / "docs" / "use"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_each_section_row_and_picture(language: str) -> None:
    shape = _shape(_text("en"))
    assert shape.count("section") >= 6
    assert _shape(_text(language)) == shape
    states = [f"{state}.{language}.png" for state in ("new", "synced", "waiting")]
    assert _pictures(language) == states
    assert [name for name in states if not (PAGES / name).is_file()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_uses_the_words_of_the_pane(language: str) -> None:
    words = json.loads((LOCALES / f"{language}.json").read_text("utf-8"))
    text = _text(language)
    rows = {row.split("|")[1].strip() for row in text.splitlines() if row.startswith("| ")}
    sentences = {words[f"{state.value}.sentence"] for state in DisplayStatus}
    assert sentences - rows == set()
    assert [key for key in NAMED if words[key] not in text] == []


def test_no_picture_is_left_over() -> None:
    used = {name for language in LANGUAGES for name in _pictures(language)}
    assert {path.name for path in PAGES.glob("*.png")} == used
