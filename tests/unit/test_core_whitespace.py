"""Superfluous whitespace, fillers and control characters in a mail's text."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.whitespace import clean_text, strip_fillers


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a \t\u00a0\nXX \nb  ", "a\nXX\nb"),
        ("a\n\n\n\nb\n\nc", "a\n\nb\n\nc"),
        ("  a  b", "a  b"),
        ("a\x00\x01\x08\x0e\x7f\ufffe\uffffb", "ab"),
        ("a\tb", "a\tb"),
        ("a\vb\fc\u2028d", "a\nb\nc\nd"),
        ("a\u2029b", "a\n\nb"),
        ("\x93quoted\x94 \x96 5 \x80", "“quoted” – 5 €"),  # Windows-1252 taken for Latin-1
        ("a\x81b", "ab"),  # no character in Windows-1252
        ("half \ud83d.", "half \ufffd."),
    ],
    ids=ascii,
)
def test_a_text_is_ready_to_store(text: str, clean: str) -> None:
    assert clean_text(text) == clean_text(clean) == clean


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("plain", "plain"),
        ("no filler: ø", "no filler: ø"),
        ("so\u00adft zero\u200bwidth\ufeff", "soft zerowidth"),
        ("a\u2003b\u3164c\u2800d\u202fe", "a b c d e"),
        ("a\u200cb\u200dc", "abc"),
        ("\u200cनमस्ते", "नमस्ते"),
        ("क्\u200dष", "क्\u200dष"),  # a joiner of Devanagari
        ("نامه\u200cای", "نامه\u200cای"),  # a non-joiner of Persian
        ("X\u200cX\u200dX", "XXX"),
        ("X\u200cन", "Xन"),
        ("न\u200cX", "नX"),
        ("X\u200dन", "Xन"),
        ("न\u200dX", "नX"),
        ("X\u200d👧", "X👧"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("👩\u200d b", "👩 b"),
        ("👍🏽\u200d", "👍🏽"),
        ("a\u200eb\u200f", "ab"),
        ("שלום\u200f!", "שלום\u200f!"),
    ],
    ids=ascii,
)
def test_only_characters_without_a_meaning_are_stripped(text: str, stripped: str) -> None:
    assert strip_fillers(text) == strip_fillers(stripped) == stripped
