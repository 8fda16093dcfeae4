"""Names of attachments from senders, and the names that webCRM gets."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import any_text
from webcrm_sync.core.filenames import deduplicate, safe_name
from webcrm_sync.core.mail_text.truncate import utf16_length


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("offer.pdf", "offer.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\offer.pdf", "offer.pdf"),
        ("offer\r\n.pdf", "offer.pdf"),
        ('a<b>:"|?*.txt', "ab.txt"),
        ("gnp\u202e.exe", "gnp.exe"),
        ("invoice\u200f\u061c\u2066.pdf", "invoice.pdf"),
        ("næste år – 報告.docx", "næste år – 報告.docx"),
        ("half \ud83d.png", "half \ufffd.png"),
        ("A\u030arsrapport.pdf", "\u00c5rsrapport.pdf"),
        ("...", "attachment-3"),
        ("dir/", "dir"),
        ("", "attachment-3"),
        ("  offer.pdf. . ", "offer.pdf"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1 .log", "_com1.log"),
        ("lpt\u00b9.x", "_lpt\u00b9.x"),
        ("console.log", "console.log"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        ("x" * 300 + ". pdf", "x" * 145 + ". pdf"),
        ("x" * 300, "x" * 150),
        ("x" * 300 + ".1234567890", "x" * 139 + ".1234567890"),
        ("x" * 300 + ".12345678901", "x" * 150),  # a word, not an extension
        ("MAX X..pdf", "MAX X.pdf"),
    ],
)
def test_a_file_name_is_made_safe_and_stays_readable(name: str, safe: str) -> None:
    assert safe_name(name, position=3) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Invoice 3/2026.pdf", "Invoice 3_2026.pdf"),
        ("Aftale Hansen A/S.pdf", "Aftale Hansen A_S.pdf"),
        ("Hansen A / S.pdf", "Hansen A_S.pdf"),
        ("2026/11/29 report.pdf", "2026_11_29 report.pdf"),
        ("w/ drawings.zip", "w_drawings.zip"),
        ("and/or", "and_or"),
        ("AC\\DC.mp3", "AC_DC.mp3"),
        ("a//b\\/c.pdf", "a_b_c.pdf"),
        ("price 1\u20442.pdf", "price 1_2.pdf"),
        ("3\u22152026.pdf", "3_2026.pdf"),
        ("3\uff0f2026.pdf", "3_2026.pdf"),
        ("a\uff3cb.pdf", "a_b.pdf"),
        ("A/S", "A_S"),
        ("A/S/", "A_S"),
        ("A/.pdf", "A_.pdf"),
        ("a/ /b.txt", "a_b.txt"),
        ("a/\u200b/b.txt", "a_b.txt"),
        ("con/a.txt", "con_a.txt"),
        ("a/con", "a_con"),
        # a path, as old programs send it
        ("/etc/passwd", "passwd"),
        ("./a/b.pdf", "b.pdf"),
        ("~/a/b.pdf", "b.pdf"),
        ("../A/S.pdf", "S.pdf"),
        ("a/../../b.pdf", "b.pdf"),
        ("C:/temp/a.pdf", "a.pdf"),
        ("c:\\temp\\a.pdf", "a.pdf"),
        ("\\\\server\\share\\a.pdf", "a.pdf"),
        ("\\temp\\a.pdf", "a.pdf"),
        ("file:///C:/temp/a.pdf", "a.pdf"),
        ("https://x.example/a.pdf", "a.pdf"),
        ("..\uff0fa.pdf", "a.pdf"),
        ("../con", "_con"),
        # nothing but slashes
        ("/", "attachment-3"),
        ("///", "attachment-3"),
        ("\\", "attachment-3"),
        ("../..", "attachment-3"),
        ("\u2044\uff0f", "attachment-3"),
        (" / ", "attachment-3"),
        ("./.", "attachment-3"),
    ],
)
def test_a_slash_in_a_name_is_no_path(name: str, safe: str) -> None:
    assert safe_name(name, position=3) == safe


def test_names_that_become_equal_are_made_distinct() -> None:
    given = ["A/S.pdf", "A_S.pdf", "a\\s.pdf", "A\u2044S.pdf"]
    safe = [safe_name(name, position=1) for name in given]
    assert deduplicate(safe) == ("A_S.pdf", "A_S (2).pdf", "a_s (3).pdf", "A_S (4).pdf")


def test_an_attached_mail_has_the_extension_of_a_mail() -> None:
    assert safe_name("Re: Offer", position=1, ending=".eml") == "Re Offer.eml"
    assert safe_name("Offer.EML", position=1, ending=".eml") == "Offer.EML"
    assert safe_name("Tilbud A/S", position=1, ending=".eml") == "Tilbud A_S.eml"
    assert safe_name("x" * 300, position=1, ending=".eml") == "x" * 146 + ".eml"


@given(any_text | st.text(alphabet="./\\~:\u2044\uff0f\uff3c\u200b aC"))
def test_no_name_holds_a_path_or_a_control_character_or_is_empty(name: str) -> None:
    safe = safe_name(name, position=1)
    assert 0 < utf16_length(safe) <= 150
    assert not re.search(r"[/\\\u2044\u2215\uff0f\uff3c\x00-\x1f\x7f-\x9f]", safe)
    assert safe not in (".", "..")
    assert PurePosixPath(safe).name == PureWindowsPath(safe).name == safe
    assert safe.strip(" .") == safe
    safe.encode()


@given(st.lists(st.sampled_from(["a.pdf", "A.pdf", "a (2).pdf", "x" * 150, "b"])))
def test_no_two_names_of_one_mail_are_equal(names: list[str]) -> None:
    apart = deduplicate(names)
    assert len({name.casefold() for name in apart}) == len(names)
    assert all(utf16_length(name) <= 150 for name in apart)
    endings = [PurePosixPath(name).suffix for name in names]
    assert [PurePosixPath(name).suffix for name in apart] == endings
