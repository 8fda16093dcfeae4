"""Makes text from strangers safe to show in webCRM, whether as plain text or as HTML.

Brackets that could begin a tag become the look-alikes `‹` and `›` (ADR 14).
"""

from __future__ import annotations

import re

#: A bracket or its character reference, which a form shows again after a page has decoded it. SQL
#: Server's varchar turns the full-width bracket into a real one.
_OPENING = "[<\uff1c]|&(?:lt|LT|#0*+60(?![0-9])|#[xX]0*+3[cC](?![0-9a-fA-F]));?+"
_CLOSING = "[>\uff1e]|&(?:gt|GT|#0*+62(?![0-9])|#[xX]0*+3[eE](?![0-9a-fA-F]));?+"
#: What may follow a bracket that begins no tag: `a < b`, `<3`, `<-`, `<=`, `<>`.
_NO_TAG = r"[\s0-9=>-]|$"
#: Opening brackets; then either text that begins no tag, or everything up to the closing brackets
#: on the same line.
_TAG = re.compile(
    rf"((?:{_OPENING})++)"
    rf"(?:(?={_NO_TAG})|((?:[^<>&\uff1c\uff1e]++|(?!{_OPENING}|{_CLOSING})&)*+)"
    rf"((?:(?<![\r\n])(?:{_CLOSING}))*+))"
)
_OPENINGS, _CLOSINGS = re.compile(_OPENING), re.compile(_CLOSING)


def neutralize_tags(text: str) -> str:
    """`text` without anything that HTML could read as a tag. Never longer; words stay unchanged.

    >>> neutralize_tags("From: Eva <eva@kunde.example>, a < b, I <3 <b>you</b>")
    'From: Eva ‹eva@kunde.example›, a < b, I <3 ‹b›you‹/b›'
    """
    return _TAG.sub(_replace_brackets, text)


def _replace_brackets(match: re.Match[str]) -> str:
    opening, inner, closing = match.groups()
    if inner is None:
        return opening
    return _OPENINGS.sub("‹", opening) + inner + _CLOSINGS.sub("›", closing)
