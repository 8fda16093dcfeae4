"""Names of attachments as senders give them, and as they may stand in webCRM."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.core_examples import any_text
from webcrm_sync.core.cutting import units
from webcrm_sync.core.filenames import safe_name, told_apart


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
        ("dir/", "attachment-3"),
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
    ],
)
def test_a_file_name_is_made_safe_and_stays_readable(name: str, safe: str) -> None:
    assert safe_name(name, position=3) == safe


def test_an_attached_mail_ends_as_a_mail_does() -> None:
    assert safe_name("Re: Offer", position=1, ending=".eml") == "Re Offer.eml"
    assert safe_name("Offer.EML", position=1, ending=".eml") == "Offer.EML"
    assert safe_name("x" * 300, position=1, ending=".eml") == "x" * 146 + ".eml"


@given(any_text)
def test_no_name_holds_a_path_or_a_control_character_or_is_empty(name: str) -> None:
    safe = safe_name(name, position=1)
    assert 0 < units(safe) <= 150
    assert not re.search(r"[/\\\x00-\x1f\x7f-\x9f]", safe)
    assert safe.strip(" .") == safe
    safe.encode()


@given(st.lists(st.sampled_from(["a.pdf", "A.pdf", "a (2).pdf", "x" * 150, "b"])))
def test_no_two_names_of_one_mail_are_alike(names: list[str]) -> None:
    apart = told_apart(names)
    assert len({name.casefold() for name in apart}) == len(names)
    assert all(units(name) <= 150 for name in apart)
    endings = [PurePosixPath(name).suffix for name in names]
    assert [PurePosixPath(name).suffix for name in apart] == endings
