"""Shortens text: at a word, never inside a letter, with lengths as databases count them."""

from __future__ import annotations

import regex

_ELLIPSIS = "…"
#: One letter as a person sees it, with its accents, or an emoji with all of its parts.
_LETTER = regex.compile(r"\X")
#: Longer than any readable letter.
_LONGEST_LETTER = 64


def utf16_length(text: str) -> int:
    """The length in UTF-16 units, as SQL Server counts it: an emoji takes two or more."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def truncate(text: str, limit: int) -> str:
    """`text` within `limit` UTF-16 units (0 = no limit), cut after a word and marked with `…`.

    >>> truncate("Offer for the new hall", 12)
    'Offer for…'
    """
    if not limit or utf16_length(text) <= limit:
        return text
    short = cut_at_letter(text, limit - 1)
    if text[len(short)].isspace():
        return short.rstrip() + _ELLIPSIS
    words = short[: _last_space(short)].rstrip()
    return (words if len(words) > len(short) // 2 else short.rstrip()) + _ELLIPSIS


def cut_at_letter(text: str, limit: int) -> str:
    """The beginning of the text: the whole letters that fit into `limit` UTF-16 units."""
    end = _count_fitting(text, limit)
    if end == len(text):
        return text
    start = max(0, end - _LONGEST_LETTER)
    letters = _LETTER.finditer(text, start, end + _LONGEST_LETTER)
    last = max((letter.end() for letter in letters if letter.end() <= end), default=start)
    # A run of accents that never ends is no letter.
    return text[: last if last > start or not start else end]


def _count_fitting(text: str, limit: int) -> int:
    """The number of characters that fit into the limit."""
    end = max(0, min(len(text), limit))
    while end and utf16_length(text[:end]) > limit:
        end -= max(1, (utf16_length(text[:end]) - limit) // 2)
    return end


def _last_space(text: str) -> int:
    """The start of the last word, 0 if there is only one."""
    at = len(text)
    while at and not text[at - 1].isspace():
        at -= 1
    return at
