"""Limits HTML so that the parser reads it in linear time and bounded memory.

Every HTML5 parser takes quadratic time for some inputs. Measured with lexbor: nested elements
(100,000 `<div>` take 18 s), attributes of one tag (50,000 take 4 s), and formatting that is never
closed, which it reopens in each following block (12 kB create 800,000 elements). Browsers limit the
depth to 512. This module removes the tags beyond its limits before parsing; the words stay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: HTML with at most this many tags and characters is always cheap.
_FEW_TAGS, _SHORT = 256, 20_000
#: Deeper than the HTML of any program. A long conversation adds a level for each answer.
_MAX_DEPTH = 256
#: How many formatting elements may be open at once, and how often a parser may reopen them.
_MAX_FORMATS, _MAX_REOPENED = 24, 4_000
#: A gateway wraps a mail into a document of its own; each further `<body>` makes the parser visit
#: all earlier attributes again.
_MAX_DOCUMENTS = 32
_MAX_ATTRIBUTES = 250
#: A shorter tag has too few attributes to matter.
_LONG_TAG = 4_000
#: Longer than any mail without its pictures. Only 250,000 characters of the text are kept.
LONGEST_HTML = 3_000_000

#: One attribute or the separator between two (WHATWG HTML 13.2.5.32 to 39). Never empty.
_ATTRIBUTE = (
    r"(?:[ \t\n\f\r/]++"
    r"|=?[^ \t\n\f\r/>=]++(?:[ \t\n\f\r]*+=[ \t\n\f\r]*+"
    r"(?:\"[^\"]*+\"?|'[^']*+'?|[^ \t\n\f\r>]*+))?"
    r"|=)"
)
#: A comment, anything parsed like one, or a tag: its slash, name and attributes.
_TOKEN = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<[!?][^>]*+>?"
    r"|</[^A-Za-z>][^>]*+>?"
    rf"|<(/?)([A-Za-z][^ \t\n\f\r/>]*+)({_ATTRIBUTE}*+)>?",
    re.DOTALL,
)
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
#: The content of these elements is text up to their own end tag.
_RAW_TEXT = frozenset(
    {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"}
)
#: Elements without a required end tag, so that an open one adds no level (HTML: optional tags).
_NOT_NESTING_TAGS = (
    "p li dt dd option tr td th tbody thead tfoot colgroup area base br col embed hr img input"
    " link meta param source track wbr"
)
_NOT_NESTING = frozenset(_NOT_NESTING_TAGS.split())
_FORMATTING_TAGS = "b big code em font i nobr s small strike strong tt u"
_FORMATTING = frozenset(_FORMATTING_TAGS.split())
#: A picture embedded in the HTML: no text, but nearly all of the length. `DATA_LEFT_OUT` replaces
#: it if the HTML is too long.
_INLINE_DATA = re.compile(r"data:[\w./+-]{1,100};base64,[A-Za-z0-9+/=%\s]{1000,}+")
DATA_LEFT_OUT = "data:,"
#: Inside these elements a parser may find other tags than this module does.
_OTHER_SYNTAX = re.compile(r"<(?:svg|math|script|plaintext|!\[CDATA)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LimitedHtml:
    """HTML within the limits. `is_cut`: the end is missing."""

    html: str
    is_cut: bool = False


def limit_html(html: str) -> LimitedHtml:
    """The HTML without anything that a parser reads in more than linear time."""
    if len(html) <= _SHORT and html.count("<") <= _FEW_TAGS:
        return LimitedHtml(html)
    if len(html) > LONGEST_HTML:
        html = strip_comments(_INLINE_DATA.sub(DATA_LEFT_OUT, html), "<!--", "-->")
    is_cut = len(html) > LONGEST_HTML
    return LimitedHtml(_scan(html[:LONGEST_HTML]), is_cut)


def has_known_cost(html: str) -> bool:
    """True for HTML whose cost these limits certainly bound."""
    return html.count("<") <= _FEW_TAGS or not _OTHER_SYNTAX.search(html)


def strip_comments(text: str, opening: str, closing: str) -> str:
    """The text without its comments; an unclosed one stays."""
    parts: list[str] = []
    start = 0
    while (begin := text.find(opening, start)) >= 0 and (end := text.find(closing, begin)) >= 0:
        parts.append(text[start:begin])
        start = end + len(closing)
    return "".join([*parts, text[start:]])


def _scan(html: str) -> str:
    """The HTML with the tags that the limits allow."""
    elements = _OpenElements()
    parts: list[str] = []
    start = at = 0
    while tag := _TOKEN.search(html, at):
        at = tag.end()
        if not (name := (tag[2] or "").lower()):
            continue
        allowed = tag[0] if tag[1] else _limit_attributes(tag)
        if name in _RAW_TEXT and not tag[1]:
            at = _end_of_raw(html, name, at)
        elif name not in _NOT_NESTING:
            allowed = elements.close(name, allowed) if tag[1] else elements.open(name, allowed)
        else:
            allowed = elements.count_reopened(allowed)
        if allowed is not tag[0]:
            parts += (html[start : tag.start()], allowed)
            start = tag.end()
    return "".join([*parts, html[start:]]) if parts else html


def _end_of_raw(html: str, name: str, at: int) -> int:
    end = re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE).search(html, at)
    return end.start() if end else len(html)


def _limit_attributes(tag: re.Match[str]) -> str:
    """The tag with its first attributes."""
    if len(tag[3]) <= _LONG_TAG:
        return tag[0]
    end = 0
    for _ in range(_MAX_ATTRIBUTES):
        if not (attribute := _ONE_ATTRIBUTE.match(tag[3], end)):
            return tag[0]
        end = attribute.end()
    return f"<{tag[2]}{tag[3][:end]}>"


class _OpenElements:
    """The open elements, which decide what tags are allowed next."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._formats: list[str] = []
        self._documents = 0
        self._reopened = 0
        self._is_formatting_ended = False

    def open(self, name: str, tag: str) -> str:
        """The start tag as far as it is allowed."""
        if name in _FORMATTING:
            return self._open_format(name, tag)
        if name in {"html", "body"}:
            self._documents += 1
            return tag if self._documents <= _MAX_DOCUMENTS else ""
        if len(self._open) >= _MAX_DEPTH:
            return self.count_reopened("")
        self._open.append(name)
        return self.count_reopened(tag)

    def close(self, name: str, tag: str) -> str:
        """The end tag. It closes the innermost element of this name and everything inside it."""
        if name in _FORMATTING:
            if name in self._formats:
                self._formats.remove(name)
            return tag
        if name not in self._open:
            return tag
        inside = self._open[::-1].index(name)
        # No other end tag closes elements outside of a table.
        if not inside or "table" not in self._open[-inside:]:
            del self._open[-inside - 1 :]
        return tag

    def count_reopened(self, tag: str) -> str:
        """The start tag. A parser may reopen the open formatting inside it."""
        self._reopened += len(self._formats)
        return tag if self._reopened <= _MAX_REOPENED else self._end_formatting() + tag

    def _open_format(self, name: str, tag: str) -> str:
        if self._is_formatting_ended:
            return ""
        self._formats.append(name)
        return tag if len(self._formats) <= _MAX_FORMATS else self._end_formatting()

    def _end_formatting(self) -> str:
        """End tags for all open formatting, after which no formatting begins any more."""
        ends = "".join(f"</{name}>" for name in reversed(self._formats))
        self._formats.clear()
        self._is_formatting_ended = True
        return ends
