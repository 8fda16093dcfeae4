"""HTML of which a parser reads any amount in linear time and bounded memory.

Every HTML5 parser takes the square of the depth of nested elements, and of the attributes on one
tag (measured with lexbor: 100,000 nested `<div>` take 18 s, 50,000 attributes 4 s). Browsers draw
the line at a depth of 512. What is beyond is cut here before the parser sees it: the tags go, the
words stay. The patterns look for tags alone; what they take for one within a comment or a value is
only markup in excess of what any mail needs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Deeper than any mail that a program wrote; a long conversation adds a level for each answer.
_DEEPEST = 256
_MOST_FORMATS = 24
#: A gateway puts a document of its own around a mail; each further `<body>` costs all before it.
_MOST_DOCUMENTS = 32
_MOST_ATTRIBUTES = 250
#: A tag of at most so many characters cannot hold more attributes than that takes a moment.
_LONG_TAG = 4_000
#: More than any mail holds besides its pictures. 250,000 characters are kept of its text.
LONGEST_HTML = 3_000_000
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:_-]*+)")
#: Elements that end without an end tag, so that an open one is no level (HTML: optional tags).
_UNCOUNTED_TAGS = (
    "p li dt dd option optgroup tr td th tbody thead tfoot colgroup rt rp area base br"
    " col embed hr img input link meta param source track wbr"
)
_UNCOUNTED = frozenset(_UNCOUNTED_TAGS.split())
_FORMATTING_TAGS = "b big code em font i nobr s small strike strong tt u"
_FORMATTING = frozenset(_FORMATTING_TAGS.split())
_LONG_TAGS = re.compile(rf"(<[A-Za-z][A-Za-z0-9:_-]*+)[^<>]{{{_LONG_TAG}}}")
_ATTRIBUTE = re.compile(r"[\s/]*+[^\s/>=]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>]*+))?")
#: A picture within the HTML itself: no part of the text, and nearly all of the length. In HTML that
#: is too long without it, `DATA_LEFT_OUT` takes its place.
_INLINE_DATA = re.compile(r"data:[\w./+-]{1,100};base64,[A-Za-z0-9+/=%\s]{1000,}+")
DATA_LEFT_OUT = "data:,"


@dataclass(frozen=True, slots=True)
class Bounded:
    """HTML within the bounds. `is_cut`: there was more of it."""

    html: str
    is_cut: bool = False


def bounded(html: str) -> Bounded:
    """The HTML without what no parser reads in linear time."""
    if len(html) > LONGEST_HTML:
        html = _without_comments(_INLINE_DATA.sub(DATA_LEFT_OUT, html))
    is_cut = len(html) > LONGEST_HTML
    html = _with_fewer_attributes(html[:LONGEST_HTML])
    return Bounded(_flatter(html), is_cut)


def _without_comments(html: str) -> str:
    kept: list[str] = []
    start = 0
    while (begin := html.find("<!--", start)) >= 0 and (end := html.find("-->", begin)) >= 0:
        kept.append(html[start:begin])
        start = end + len("-->")
    return "".join([*kept, html[start:]])


def _flatter(html: str) -> str:
    """The HTML without the tags that open a level below the deepest one."""
    ends = html.count("</")
    begins = html.count("<") - ends
    if begins <= _DEEPEST and begins - ends <= _MOST_FORMATS:
        return html
    levels = _Levels()
    kept: list[str] = []
    start = 0
    for found in _TAG.finditer(html):
        name = found[2].lower()
        if name in _UNCOUNTED:
            continue
        if found[1]:
            levels.close(name)
        elif not levels.open(name):
            # An element that has no content takes the attributes.
            kept += (html[start : found.start()], "<wbr")
            start = found.end()
    return "".join([*kept, html[start:]]) if kept else html


class _Levels:
    """The elements that are open, as far as their tags tell.

    Formatting is counted apart: a parser opens what is left unclosed again in each block that
    follows (HTML: reconstruct the active formatting elements).
    """

    def __init__(self) -> None:
        self._open: list[str] = []
        self._formats: list[str] = []
        self._documents: list[str] = []

    def open(self, name: str) -> bool:
        """False where no further level may be opened."""
        stack, most = self._stack(name)
        if len(stack) >= most:
            return False
        stack.append(name)
        return True

    def close(self, name: str) -> None:
        """Close the innermost element of this name, and those within it."""
        stack, _ = self._stack(name)
        if stack is self._documents:
            return
        for at in range(len(stack) - 1, -1, -1):
            if stack[at] == name:
                del stack[at:]
                return
            if stack[at] == "table":  # no other tag closes what is outside of it
                return

    def _stack(self, name: str) -> tuple[list[str], int]:
        if name in _FORMATTING:
            return self._formats, _MOST_FORMATS
        if name in {"html", "body"}:
            return self._documents, _MOST_DOCUMENTS
        return self._open, _DEEPEST


def _with_fewer_attributes(html: str) -> str:
    """The HTML with the first attributes of each tag."""
    if not _LONG_TAGS.search(html):
        return html
    kept: list[str] = []
    start = 0
    for found in _LONG_TAGS.finditer(html):
        if found.start() < start:
            continue
        end = found.end(1)
        for _ in range(_MOST_ATTRIBUTES):
            if not (attribute := _ATTRIBUTE.match(html, end)):
                break
            end = attribute.end()
        kept.append(html[start:end])
        while attribute := _ATTRIBUTE.match(html, end):
            end = attribute.end()
        start = end
    return "".join([*kept, html[start:]])
