"""HTML of a mail into the text that webCRM stores."""

from __future__ import annotations

import re

import nh3
from inscriptis.html_engine import Inscriptis
from inscriptis.model.config import ParserConfig
from lxml.etree import ParserError
from lxml.html import HTMLParser, document_fromstring

_LINKS_KEPT = ParserConfig(display_links=True)
_BLANK_LINES = re.compile(r"\n{3,}")
#: Begins only where the blanks begin: a long run of them is looked at once, not once per blank.
_TRAILING_SPACE = re.compile(r"(?<![ \t\u00a0])[ \t\u00a0]++(?=\n|$)")
#: All that is left of HTML that is nested too deeply to be laid out.
_FLAT = {"a", "br", "p"}


def storable(text: str) -> str:
    """`text` as PostgreSQL can store it: without NUL, and with U+FFFD for half an emoji.

    Software that cuts a text at so many UTF-16 units leaves such halves behind.
    """
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def storable_json(value: object) -> object:
    """A value read from JSON with every text in it made storable."""
    match value:
        case str():
            return storable(value)
        case list():
            return [storable_json(one) for one in value]
        case dict():
            return {storable(str(key)): storable_json(one) for key, one in value.items()}
        case _:
            return value


def to_text(body: str, *, is_html: bool) -> str:
    r"""A mail body as plain text: links kept as `[words](address)`, at most one empty line.

    >>> to_text("<p>Dear <b>all</b>,</p><p>see <a href='https://x.example'>this</a></p>",
    ...         is_html=True)
    'Dear all,\n\nsee [this](https://x.example)'
    """
    text = storable(body)
    if is_html:
        text = _read(text)
    text = _TRAILING_SPACE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()


def _read(html: str) -> str:
    """HTML laid out as text; what is nested beyond all reason keeps its words and paragraphs."""
    try:
        return _lay_out(html)
    except RecursionError:
        return _lay_out(nh3.clean(html, tags=_FLAT))


def _lay_out(html: str) -> str:
    # Without `huge_tree` libxml2 drops everything from 256 levels on, in silence.
    parser = HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        tree = document_fromstring(html.encode(), parser=parser)
    except ParserError:  # there is no element and no word in it
        return ""
    text: str = Inscriptis(tree, _LINKS_KEPT).get_text()
    return text


def to_safe_html(text: str) -> tuple[str, bool]:
    """What webCRM keeps of a mail, fit to be shown in Outlook, and whether it is HTML."""
    if nh3.is_html(text):
        return nh3.clean(text), True
    return text, False
