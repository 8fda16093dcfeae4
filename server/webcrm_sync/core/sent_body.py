"""What webCRM keeps of a mail that it sent, as the body of a mail in Outlook.

webCRM does not say whether a memo is text or HTML. A bracket alone does not tell either: people
write `<eva@kunde.example>` and `a <b and c> d`. So the whole decides.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import nh3


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


#: HTML's elements, obsolete ones included (WHATWG HTML: 4 and 16.2): those within a line ...
_INLINE = _names(
    "a abbr acronym audio b bdi bdo big blink button canvas cite code data del dfn em embed font i "
    "iframe img input ins kbd label map mark meter nobr noscript object output picture progress q "
    "rb rp rt rtc ruby s samp select small span strike strong sub sup svg textarea time tt u var "
    "video wbr"
)
#: ... those that never have an end tag ...
_SINGLE = _names("area base br col embed hr img input link meta param source track wbr")
#: ... those that are markup without one: they show something, or people leave the end out ...
_ALONE = _names("br dd dt hr img li p tbody td tfoot th thead tr wbr")
#: ... and all of them.
_ELEMENTS = (
    _INLINE
    | _SINGLE
    | _ALONE
    | _names(
        "address article aside blockquote body caption center colgroup details dialog dir div dl "
        "fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header "
        "hgroup html legend main marquee menu nav noframes ol optgroup option pre script search "
        "section style summary table template title ul"
    )
)
_TAG = re.compile(r"<(/?)([A-Za-z][^\s<>/]*+)([^<>]*+)>")
_DOCUMENT = re.compile(r"<(!doctype\s+html|html[\s>])", re.I)
#: What Office adds to its HTML: `<o:p>`, `<v:shape>`.
_FOREIGN = re.compile(r"[a-z]{1,2}[0-9]*+:[a-z][a-z0-9-]*+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_BREAK = re.compile(r"<br\b[^<>]*+>\s*+$", re.I)
_BLANKS, _QUOTES, _STOPS = " \t\u00a0", frozenset("\"'`“”„‘’«»"), frozenset(".,;:!?()=")
_MAY_FOLLOW = _QUOTES | _STOPS | frozenset(_BLANKS)
#: How far before a tag its line is looked at.
_NEAR = 80
#: nh3 takes the square of how deep elements are nested and of how many attributes one has. Within
#: these bounds its worst takes half a second; no mail that a person wrote comes near them.
_MOST_TAGS, _LONGEST_HTML = 10_000, 250_000
#: A picture within the HTML: nh3 drops it, so it does not count.
_PICTURE = re.compile(r"data:[a-z]++/[^\s\"'<>()]{200,}+", re.I)


def to_outlook_body(memo: str) -> tuple[str, bool]:
    """A memo as Outlook can show it, and whether that is HTML: text to the letter, HTML harmless.

    HTML that would take too long to be made harmless is shown as text.

    >>> to_outlook_body("Ask <eva@kunde.example>")
    ('Ask <eva@kunde.example>', False)
    """
    if not is_html(memo):
        return memo, False
    html = _PICTURE.sub("data:", memo)
    if len(html) > _LONGEST_HTML or html.count("<") > _MOST_TAGS:
        return memo, False
    return nh3.clean(_with_line_ends(_TAG.sub(_kept, html))), True


def _kept(found: re.Match[str]) -> str:
    """A tag as it is; an address or a placeholder in brackets as words."""
    tag = _Tag.of(found)
    return found[0] if _is_known(tag.name) else f"&lt;{found[0][1:-1]}&gt;"


def _is_known(name: str) -> bool:
    """True for an element of HTML's or Office's."""
    return name in _ELEMENTS or _FOREIGN.fullmatch(name) is not None


def _with_line_ends(html: str) -> str:
    """The line ends as tags, where no tag of the HTML makes a line."""
    names = {_Tag.of(found).name for found in _TAG.finditer(html)}
    return html if names & _ELEMENTS - _INLINE else _LINE_END.sub("<br>\n", html)


def is_html(memo: str) -> bool:
    """True when the memo as a whole is HTML: its tags fit together, and they make its lines."""
    memo = memo.strip()
    if _DOCUMENT.match(memo):
        return True
    markup, words = _sort_out(memo)
    return sum(one.tags for one in markup) > words and _makes_the_lines(memo, markup)


@dataclass(frozen=True, slots=True)
class _Tag:
    """What looks like a tag. `attributes`: what follows its name."""

    start: int
    end: int
    name: str
    attributes: str
    is_closing: bool

    @classmethod
    def of(cls, found: re.Match[str]) -> _Tag:
        """The tag that was found by `_TAG`."""
        rest = found[3].strip().strip("/").strip()
        return cls(found.start(), found.end(), found[2].lower(), rest, found[1] == "/")


@dataclass(frozen=True, slots=True)
class _Markup:
    """A tag that has no other end, or an element from its first tag to its last."""

    first: _Tag
    last: _Tag

    @property
    def tags(self) -> int:
        """How many tags it has."""
        return 1 if self.first is self.last else 2

    @property
    def is_element(self) -> bool:
        """True for one of HTML's that is whole, and written as HTML is."""
        name, attributes = self.first.name, self.first.attributes
        is_whole = self.tags == 2 or (name in _ALONE and not self.first.is_closing)
        return is_whole and name in _ELEMENTS and (not attributes or "=" in attributes)


def _sort_out(memo: str) -> tuple[list[_Markup], int]:
    """What of the memo is markup, in its order, and how many tags are words in brackets.

    An address that nobody escaped, in the middle of HTML, does not count; a tag of XML does.
    """
    markup: list[_Markup] = []
    words, inside_until = 0, 0
    for one in sorted(_put_together(memo), key=lambda m: m.first.start):
        is_inside = one.first.start < inside_until
        if not is_inside and _is_spoken_of(memo, one):
            words += one.tags
        elif one.is_element:
            markup.append(one)
            inside_until = max(inside_until, one.last.start)
        elif not (_is_known(one.first.name) or (is_inside and one.tags == 1)):
            words += one.tags
    return markup, words


def _put_together(memo: str) -> Iterator[_Markup]:
    """Each tag with the one that ends it; alone where there is none."""
    opened: dict[str, list[_Tag]] = {}
    for tag in map(_Tag.of, _TAG.finditer(memo)):
        if tag.is_closing and opened.get(tag.name):
            yield _Markup(opened[tag.name].pop(), tag)
        elif tag.is_closing or tag.name in _SINGLE:
            yield _Markup(tag, tag)
        else:
            opened.setdefault(tag.name, []).append(tag)
    for rest in opened.values():
        yield from (_Markup(tag, tag) for tag in rest)


def _is_spoken_of(memo: str, one: _Markup) -> bool:
    """True for a tag that is a word of a sentence: `use <br> here`, `put "<b>x</b>" there`."""
    start, end = one.first.start, one.last.end
    is_after_quote, after = memo[start - 1 : start] in _QUOTES, memo[end : end + 1]
    is_after_word = _is_after_word(memo, start)
    if one.tags == 1:
        is_plain = not one.first.attributes and after in _MAY_FOLLOW
        return is_plain and (is_after_word or is_after_quote)
    if is_after_quote and after in _QUOTES:
        return True
    is_spaced = memo[one.first.end] in _BLANKS and memo[one.last.start - 1] in _BLANKS
    return is_after_word and (is_spaced or one.first.name not in _INLINE)


def _is_after_word(memo: str, at: int) -> bool:
    """True where a word and a blank come before, in the same line."""
    before = memo[max(0, at - _NEAR) : at]
    word = before.rstrip(_BLANKS)
    return word != before and word[-1:] not in {"", ">", "\r", "\n"}


def _makes_the_lines(memo: str, markup: Sequence[_Markup]) -> bool:
    """False where the memo's own line ends make its lines, and would be lost in HTML."""
    kinds = list(_lines(memo, _spans(markup)))
    marked, bare = kinds.count(_Line.MARKED), kinds.count(_Line.BARE)
    lost = sum({a, b} in ({_Line.BARE}, {_Line.BARE, _Line.EMPTY}) for a, b in pairwise(kinds))
    return bare <= marked and 3 * lost <= marked


class _Line(Enum):
    """What a line consists of. MARKED: a tag is in it, or it is within an element."""

    EMPTY = "empty"
    MARKED = "marked"
    BARE = "bare"


def _lines(memo: str, spans: Sequence[tuple[int, int]]) -> Iterator[_Line]:
    starts = [start for start, _ in spans]
    begin, is_broken = 0, False
    for line in memo.splitlines(keepends=True):
        end = begin + len(line)
        # The last span that begins before the line's end.
        near = bisect_left(starts, end) - 1
        if not line.strip():
            kind = _Line.EMPTY
        elif is_broken or (near >= 0 and spans[near][1] > begin):
            kind = _Line.MARKED
        else:
            kind = _Line.BARE
        yield kind
        begin, is_broken = end, _BREAK.search(line) is not None


def _spans(markup: Sequence[_Markup]) -> list[tuple[int, int]]:
    """From where to where the memo is within markup."""
    spans: list[tuple[int, int]] = []
    for one in markup:
        start, end = one.first.start, one.last.end
        if spans and start <= spans[-1][1]:
            start, last = spans.pop()
            end = max(end, last)
        spans.append((start, end))
    return spans
