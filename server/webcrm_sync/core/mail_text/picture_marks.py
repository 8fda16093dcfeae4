"""Marks in a text that say which pictures are left after quoted mails were cut off.

A mark is a character of the private-use plane 15 (Unicode 23.5), which is removed from the mail's
own text first. `quote_lines` takes marks for spaces, so that they change no cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_FIRST, _LAST = 0xF0000, 0xFFFFD
#: Matches each mark.
PICTURE_MARKS: Final = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")


def picture_mark(number: int) -> str:
    """The mark of the text's picture with this number, counted from 0; "" beyond 65,000."""
    return chr(_FIRST + number) if _FIRST + number <= _LAST else ""


def marked_pictures(text: str) -> Iterator[int]:
    """The numbers of the pictures whose marks are in the text."""
    return (ord(mark) - _FIRST for mark in PICTURE_MARKS.findall(text))
