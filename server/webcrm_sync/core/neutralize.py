"""Texts of strangers that are shown in webCRM: harmless whether it shows them as text or as HTML.

What could begin a tag gets the look-alikes `‹` and `›` (ADR 14).
"""

from __future__ import annotations

import re

#: A bracket, or a character reference to one: a form shows again what a page has decoded. The
#: full-width one becomes a real one in a database of one code page (SQL Server: varchar).
_OPENING = "[<\uff1c]|&(?:lt|LT|#0*+60(?![0-9])|#[xX]0*+3[cC](?![0-9a-fA-F]));?+"
_CLOSING = "[>\uff1e]|&(?:gt|GT|#0*+62(?![0-9])|#[xX]0*+3[eE](?![0-9a-fA-F]));?+"
#: What may follow a bracket that is none of a tag: `a < b`, `<3`, `<-`, `<=`, `<>`.
_NO_TAG = r"[\s0-9=>-]|$"
#: Opening brackets, then what no tag follows, or all up to the closing brackets in that line.
_TAG = re.compile(
    rf"((?:{_OPENING})++)"
    rf"(?:(?={_NO_TAG})|((?:[^<>&\uff1c\uff1e]++|(?!{_OPENING}|{_CLOSING})&)*+)"
    rf"((?:(?<![\r\n])(?:{_CLOSING}))*+))"
)
_OPENINGS, _CLOSINGS = re.compile(_OPENING), re.compile(_CLOSING)


def neutralize_tags(text: str) -> str:
    """`text` without anything that HTML could take for a tag; never longer, words as they are.

    >>> neutralize_tags("From: Eva <eva@kunde.example>, a < b, I <3 <b>you</b>")
    'From: Eva ‹eva@kunde.example›, a < b, I <3 ‹b›you‹/b›'
    """
    return _TAG.sub(_look_alike, text)


def _look_alike(found: re.Match[str]) -> str:
    opening, inner, closing = found.groups()
    if inner is None:
        return found[0]
    return _OPENINGS.sub("‹", opening) + inner + _CLOSINGS.sub("›", closing)
