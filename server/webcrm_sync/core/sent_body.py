"""Turns the memo of a mail that webCRM sent into the body of a mail in Outlook.

webCRM does not say whether a memo is text or HTML. Single brackets prove nothing: people write
`<eva@kunde.example>` and `a <b and c> d`. So the memo as a whole decides.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import nh3


def _split_names(names: str) -> frozenset[str]:
    return frozenset(names.split())


#: HTML's elements, obsolete ones included (WHATWG HTML: 4 and 16.2): those within a line ...
_INLINE = _split_names(
    "a abbr acronym audio b bdi bdo big blink button canvas cite code data del dfn em embed font i "
    "iframe img input ins kbd label map mark meter nobr noscript object output picture progress q "
    "rb rp rt rtc ruby s samp select small span strike strong sub sup svg textarea time tt u var "
    "video wbr"
)
#: ... those that never have an end tag ...
_VOID = _split_names("area base br col embed hr img input link meta param source track wbr")
#: ... those that count as markup without one: they show something, or people omit their end ...
_OPTIONAL_END = _split_names("br dd dt hr img li p tbody td tfoot th thead tr wbr")
#: ... and all of them.
_ELEMENTS = (
    _INLINE
    | _VOID
    | _OPTIONAL_END
    | _split_names(
        "address article aside blockquote body caption center colgroup details dialog dir div dl "
        "fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header "
        "hgroup html legend main marquee menu nav noframes ol optgroup option pre script search "
        "section style summary table template title ul"
    )
)
_TAG = re.compile(r"<(/?)([A-Za-z][^\s<>/]*+)([^<>]*+)>")
_DOCUMENT = re.compile(r"<(!doctype\s+html|html[\s>])", re.I)
#: Office's own elements: `<o:p>`, `<v:shape>`.
_OFFICE = re.compile(r"[a-z]{1,2}[0-9]*+:[a-z][a-z0-9-]*+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_BREAK = re.compile(r"<br\b[^<>]*+>\s*+$", re.I)
_BLANKS, _QUOTES, _STOPS = " \t\u00a0", frozenset("\"'`“”„‘’«»"), frozenset(".,;:!?()=")
_MAY_FOLLOW = _QUOTES | _STOPS | frozenset(_BLANKS)
#: How many characters before a tag are searched for a word on the same line.
_LOOK_BEHIND = 80
#: nh3's cost grows with the square of the nesting depth and of the attributes per element. Within
#: these bounds the worst case takes half a second; no mail written by a person is near them.
_MOST_TAGS, _LONGEST_HTML = 10_000, 250_000
#: A picture embedded in the HTML. nh3 removes it, so its length does not count.
_PICTURE = re.compile(r"data:[a-z]++/[^\s\"'<>()]{200,}+", re.I)


def to_outlook_body(memo: str) -> tuple[str, bool]:
    """The body for Outlook and whether it is HTML. Text stays unchanged, HTML is sanitized.

    HTML that would take too long to sanitize is shown as text.

    >>> to_outlook_body("Ask <eva@kunde.example>")
    ('Ask <eva@kunde.example>', False)
    """
    if not is_html(memo):
        return memo, False
    html = _PICTURE.sub("data:", memo)
    if len(html) > _LONGEST_HTML or html.count("<") > _MOST_TAGS:
        return memo, False
    return nh3.clean(_with_line_ends(_TAG.sub(_escape_unknown, html))), True


def _escape_unknown(match: re.Match[str]) -> str:
    """The tag unchanged; an address or placeholder in brackets is escaped."""
    tag = _Tag.of(match)
    return match[0] if _is_known(tag.name) else f"&lt;{match[0][1:-1]}&gt;"


def _is_known(name: str) -> bool:
    """True for an element of HTML or Office."""
    return name in _ELEMENTS or _OFFICE.fullmatch(name) is not None


def _with_line_ends(html: str) -> str:
    """The HTML with line breaks as tags, unless its own tags break lines."""
    names = {_Tag.of(match).name for match in _TAG.finditer(html)}
    return html if names & _ELEMENTS - _INLINE else _LINE_END.sub("<br>\n", html)


def is_html(memo: str) -> bool:
    """True if the memo as a whole is HTML: its tags pair up and break its lines."""
    memo = memo.strip()
    if _DOCUMENT.match(memo):
        return True
    elements, words = _classify_tags(memo)
    return sum(element.tags for element in elements) > words and _breaks_lines(memo, elements)


@dataclass(frozen=True, slots=True)
class _Tag:
    """Text that looks like a tag. `attributes`: the text after the name."""

    start: int
    end: int
    name: str
    attributes: str
    is_closing: bool

    @classmethod
    def of(cls, match: re.Match[str]) -> _Tag:
        """The tag from a match of `_TAG`."""
        rest = match[3].strip().strip("/").strip()
        return cls(match.start(), match.end(), match[2].lower(), rest, match[1] == "/")


@dataclass(frozen=True, slots=True)
class _Element:
    """A tag without an end tag, or an element from its start tag to its end tag."""

    first: _Tag
    last: _Tag

    @property
    def tags(self) -> int:
        """The number of its tags, 1 or 2."""
        return 1 if self.first is self.last else 2

    @property
    def is_element(self) -> bool:
        """True for a complete HTML element in proper syntax."""
        name, attributes = self.first.name, self.first.attributes
        is_whole = self.tags == 2 or (name in _OPTIONAL_END and not self.first.is_closing)
        return is_whole and name in _ELEMENTS and (not attributes or "=" in attributes)


def _classify_tags(memo: str) -> tuple[list[_Element], int]:
    """The memo's HTML elements in order, and the number of tags that are only words in brackets.

    An unescaped address inside HTML does not count as words; an XML tag does.
    """
    elements: list[_Element] = []
    words, inside_until = 0, 0
    for element in sorted(_pair_tags(memo), key=lambda m: m.first.start):
        is_inside = element.first.start < inside_until
        if not is_inside and _is_mentioned(memo, element):
            words += element.tags
        elif element.is_element:
            elements.append(element)
            inside_until = max(inside_until, element.last.start)
        elif not (_is_known(element.first.name) or (is_inside and element.tags == 1)):
            words += element.tags
    return elements, words


def _pair_tags(memo: str) -> Iterator[_Element]:
    """Pairs each start tag with its end tag; a tag without a partner stays alone."""
    opened: dict[str, list[_Tag]] = {}
    for tag in map(_Tag.of, _TAG.finditer(memo)):
        if tag.is_closing and opened.get(tag.name):
            yield _Element(opened[tag.name].pop(), tag)
        elif tag.is_closing or tag.name in _VOID:
            yield _Element(tag, tag)
        else:
            opened.setdefault(tag.name, []).append(tag)
    for rest in opened.values():
        yield from (_Element(tag, tag) for tag in rest)


def _is_mentioned(memo: str, element: _Element) -> bool:
    """True if the text talks about the tag: `use <br> here`, `put "<b>x</b>" there`."""
    start, end = element.first.start, element.last.end
    is_after_quote, after = memo[start - 1 : start] in _QUOTES, memo[end : end + 1]
    is_after_word = _is_after_word(memo, start)
    if element.tags == 1:
        is_plain = not element.first.attributes and after in _MAY_FOLLOW
        return is_plain and (is_after_word or is_after_quote)
    if is_after_quote and after in _QUOTES:
        return True
    is_spaced = memo[element.first.end] in _BLANKS and memo[element.last.start - 1] in _BLANKS
    return is_after_word and (is_spaced or element.first.name not in _INLINE)


def _is_after_word(memo: str, at: int) -> bool:
    """True if a word and a space precede this position on the same line."""
    text_before = memo[max(0, at - _LOOK_BEHIND) : at]
    word = text_before.rstrip(_BLANKS)
    return word != text_before and word[-1:] not in {"", ">", "\r", "\n"}


def _breaks_lines(memo: str, elements: Sequence[_Element]) -> bool:
    """False if the memo relies on its own line breaks, which HTML would lose."""
    kinds = list(_classify_lines(memo, _merge_spans(elements)))
    marked, bare = kinds.count(_LineKind.MARKED), kinds.count(_LineKind.BARE)
    lost = sum(
        {a, b} in ({_LineKind.BARE}, {_LineKind.BARE, _LineKind.EMPTY}) for a, b in pairwise(kinds)
    )
    return bare <= marked and 3 * lost <= marked


class _LineKind(Enum):
    """The kind of a line. MARKED: it contains a tag or is inside an element."""

    EMPTY = "empty"
    MARKED = "marked"
    BARE = "bare"


def _classify_lines(memo: str, spans: Sequence[tuple[int, int]]) -> Iterator[_LineKind]:
    starts = [start for start, _ in spans]
    begin, is_broken = 0, False
    for line in memo.splitlines(keepends=True):
        end = begin + len(line)
        # The last span that begins before the end of the line.
        near = bisect_left(starts, end) - 1
        if not line.strip():
            kind = _LineKind.EMPTY
        elif is_broken or (near >= 0 and spans[near][1] > begin):
            kind = _LineKind.MARKED
        else:
            kind = _LineKind.BARE
        yield kind
        begin, is_broken = end, _BREAK.search(line) is not None


def _merge_spans(elements: Sequence[_Element]) -> list[tuple[int, int]]:
    """The merged ranges of the memo that are inside markup."""
    spans: list[tuple[int, int]] = []
    for element in elements:
        start, end = element.first.start, element.last.end
        if spans and start <= spans[-1][1]:
            start, last = spans.pop()
            end = max(end, last)
        spans.append((start, end))
    return spans
