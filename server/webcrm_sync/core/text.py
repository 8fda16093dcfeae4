"""HTML of a mail into the text that webCRM stores."""

from __future__ import annotations

import re

import nh3
from inscriptis import get_text
from inscriptis.model.config import ParserConfig

_LINKS_KEPT = ParserConfig(display_links=True)
_BLANK_LINES = re.compile(r"\n{3,}")
_TRAILING_SPACE = re.compile(r"[ \t\u00a0]+(?=\n|$)")


def without_nul(text: str) -> str:
    """`text` without the one character that PostgreSQL cannot store."""
    return text.replace("\0", "")


def to_text(body: str, *, is_html: bool) -> str:
    r"""A mail body as plain text: links kept as `[words](address)`, at most one empty line.

    >>> to_text("<p>Dear <b>all</b>,</p><p>see <a href='https://x.example'>this</a></p>",
    ...         is_html=True)
    'Dear all,\n\nsee [this](https://x.example)'
    """
    text = without_nul(body)
    if is_html:
        text = get_text(text, _LINKS_KEPT) if text.strip() else ""
    text = _TRAILING_SPACE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()


def to_safe_html(text: str) -> tuple[str, bool]:
    """What webCRM keeps of a mail, fit to be shown in Outlook, and whether it is HTML."""
    if nh3.is_html(text):
        return nh3.clean(text), True
    return text, False
