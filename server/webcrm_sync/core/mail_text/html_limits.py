"""HTML of which a parser reads any amount in linear time and bounded memory.

Every HTML5 parser takes the square of some inputs (measured with lexbor): of the depth of nested
elements (100,000 `<div>` take 18 s), of the attributes on one tag (50,000 take 4 s), of formatting
that is never closed, which it opens again in each block that follows (12 kB make 800,000
elements). Browsers draw the line at a depth of 512. What is beyond the bounds is cut here before
the parser sees it: tags go, words stay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: HTML of fewer tags and characters than this costs nothing, whatever it holds.
_FEW_TAGS, _SHORT = 256, 20_000
#: Deeper than any mail that a program wrote; a long conversation adds a level for each answer.
_DEEPEST = 256
#: How much formatting may be open at once, and how often a parser may open it again.
_MOST_FORMATS, _MOST_REOPENED = 24, 4_000
#: A gateway puts a document of its own around a mail; each further `<body>` costs all before it.
_MOST_DOCUMENTS = 32
_MOST_ATTRIBUTES = 250
#: A shorter tag holds too few attributes to cost anything.
_LONG_TAG = 4_000
#: More than any mail holds besides its pictures. 250,000 characters are kept of its text.
LONGEST_HTML = 3_000_000

#: One attribute, or what stands between two (WHATWG HTML 13.2.5.32 to 39). Never empty.
_ATTRIBUTE = (
    r"(?:[ \t\n\f\r/]++"
    r"|=?[^ \t\n\f\r/>=]++(?:[ \t\n\f\r]*+=[ \t\n\f\r]*+"
    r"(?:\"[^\"]*+\"?|'[^']*+'?|[^ \t\n\f\r>]*+))?"
    r"|=)"
)
#: A comment, what is read like one, or a tag: its slash, its name, its attributes.
_TOKEN = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<[!?][^>]*+>?"
    r"|</[^A-Za-z>][^>]*+>?"
    rf"|<(/?)([A-Za-z][^ \t\n\f\r/>]*+)({_ATTRIBUTE}*+)>?",
    re.DOTALL,
)
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
#: What these hold is text, up to their own end tag.
_RAW = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
#: Elements that end without an end tag, so that an open one is no level (HTML: optional tags).
_UNCOUNTED_TAGS = (
    "p li dt dd option tr td th tbody thead tfoot colgroup area base br col embed hr img input"
    " link meta param source track wbr"
)
_UNCOUNTED = frozenset(_UNCOUNTED_TAGS.split())
_FORMATTING_TAGS = "b big code em font i nobr s small strike strong tt u"
_FORMATTING = frozenset(_FORMATTING_TAGS.split())
#: A picture within the HTML itself: no part of the text, and nearly all of the length. In HTML that
#: is too long without it, `DATA_LEFT_OUT` takes its place.
_INLINE_DATA = re.compile(r"data:[\w./+-]{1,100};base64,[A-Za-z0-9+/=%\s]{1000,}+")
DATA_LEFT_OUT = "data:,"
#: In these a parser may see other tags than the ones that are seen here.
_FOREIGN = re.compile(r"<(?:svg|math|script|plaintext|!\[CDATA)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LimitedHtml:
    """HTML within the bounds. `is_cut`: there was more of it."""

    html: str
    is_cut: bool = False


def limit_html(html: str) -> LimitedHtml:
    """The HTML without what no parser reads in linear time."""
    if len(html) <= _SHORT and html.count("<") <= _FEW_TAGS:
        return LimitedHtml(html)
    if len(html) > LONGEST_HTML:
        html = strip_comments(_INLINE_DATA.sub(DATA_LEFT_OUT, html), "<!--", "-->")
    is_cut = len(html) > LONGEST_HTML
    return LimitedHtml(_scanned(html[:LONGEST_HTML]), is_cut)


def has_known_cost(html: str) -> bool:
    """True for HTML whose cost its bounds tell for certain."""
    return html.count("<") <= _FEW_TAGS or not _FOREIGN.search(html)


def strip_comments(text: str, opening: str, closing: str) -> str:
    """The text without what is between these; one that is never closed stays."""
    kept: list[str] = []
    start = 0
    while (begin := text.find(opening, start)) >= 0 and (end := text.find(closing, begin)) >= 0:
        kept.append(text[start:begin])
        start = end + len(closing)
    return "".join([*kept, text[start:]])


def _scanned(html: str) -> str:
    """The HTML with the tags that its bounds allow."""
    levels = _Levels()
    kept: list[str] = []
    start = at = 0
    while tag := _TOKEN.search(html, at):
        at = tag.end()
        if not (name := (tag[2] or "").lower()):
            continue
        allowed = tag[0] if tag[1] else _with_few_attributes(tag)
        if name in _RAW and not tag[1]:
            at = _end_of_raw(html, name, at)
        elif name not in _UNCOUNTED:
            allowed = levels.close(name, allowed) if tag[1] else levels.open(name, allowed)
        else:
            allowed = levels.pass_by(allowed)
        if allowed is not tag[0]:
            kept += (html[start : tag.start()], allowed)
            start = tag.end()
    return "".join([*kept, html[start:]]) if kept else html


def _end_of_raw(html: str, name: str, at: int) -> int:
    end = re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE).search(html, at)
    return end.start() if end else len(html)


def _with_few_attributes(tag: re.Match[str]) -> str:
    """The tag with its first attributes."""
    if len(tag[3]) <= _LONG_TAG:
        return tag[0]
    end = 0
    for _ in range(_MOST_ATTRIBUTES):
        if not (attribute := _ONE_ATTRIBUTE.match(tag[3], end)):
            return tag[0]
        end = attribute.end()
    return f"<{tag[2]}{tag[3][:end]}>"


class _Levels:
    """The elements that are open, and what of the tags to come is allowed."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._formats: list[str] = []
        self._documents = 0
        self._reopened = 0
        self._is_unformatted = False

    def open(self, name: str, tag: str) -> str:
        """The start tag as far as it is allowed."""
        if name in _FORMATTING:
            return self._format(name, tag)
        if name in {"html", "body"}:
            self._documents += 1
            return tag if self._documents <= _MOST_DOCUMENTS else ""
        if len(self._open) >= _DEEPEST:
            return self.pass_by("")
        self._open.append(name)
        return self.pass_by(tag)

    def close(self, name: str, tag: str) -> str:
        """The end tag, after which the innermost element of this name and those in it are over."""
        if name in _FORMATTING:
            if name in self._formats:
                self._formats.remove(name)
            return tag
        if name not in self._open:
            return tag
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at] == name:
                del self._open[at:]
                break
            if self._open[at] == "table":  # no other tag closes what is outside of it
                break
        return tag

    def pass_by(self, tag: str) -> str:
        """The start tag, within which the formatting that is open may be opened again."""
        self._reopened += len(self._formats)
        return tag if self._reopened <= _MOST_REOPENED else self._unformat() + tag

    def _format(self, name: str, tag: str) -> str:
        if self._is_unformatted:
            return ""
        self._formats.append(name)
        return tag if len(self._formats) <= _MOST_FORMATS else self._unformat()

    def _unformat(self) -> str:
        """End all formatting, since a parser opens it again and again; none begins after it."""
        ends = "".join(f"</{name}>" for name in reversed(self._formats))
        self._formats.clear()
        self._is_unformatted = True
        return ends
