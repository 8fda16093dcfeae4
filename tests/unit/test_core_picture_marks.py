"""Marks of pictures in a text: one character each, from the private-use plane 15."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.mail_text.picture_marks import PICTURE_MARKS, marked_pictures, picture_mark

LAST = 0xFFFFD - 0xF0000


@pytest.mark.parametrize(("number", "mark"), [(0, "\U000f0000"), (LAST, "\U000ffffd")])
def test_marks_fill_the_private_plane(number: int, mark: str) -> None:
    assert picture_mark(number) == mark


def test_a_picture_beyond_the_plane_has_no_mark() -> None:
    assert picture_mark(LAST + 1) == ""


@pytest.mark.parametrize("other", ["X", "\U000efffd", "\U000ffffe", "\U00100000"])
def test_nothing_else_is_a_mark(other: str) -> None:
    assert not PICTURE_MARKS.search(other)


@given(st.lists(st.integers(0, LAST)), st.text(st.characters(exclude_categories=["Co", "Cs"])))
def test_the_marks_in_a_text_name_their_pictures(numbers: list[int], between: str) -> None:
    text = between.join(["", *map(picture_mark, numbers), ""])
    assert list(marked_pictures(text)) == numbers
