"""One line of a mail, and the signs of a quoted mail in it: an address, a date, a time.

Only the beginning of a line is examined, with bounded patterns, so no input takes quadratic time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from webcrm_sync.core.mail_text import quote_words
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK

#: The longest line of a mail program, with a long name and address. Paragraphs are longer.
LONGEST: Final = 300

_FLAGS = re.IGNORECASE
_QUOTE = re.compile(r"[ \t]{0,4}(?:>[ \t]?)++")
#: Spaces, and the marks of pictures, which are no words.
_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200b\u202f\u2060\ufeff\U000f0000-\U000ffffd]++")
_ADDRESS = re.compile(r"[^\s<>@:;,]@[^\s<>@:;,]+\.\w")
_TIME = re.compile(
    rf"\b\d{{1,2}}:\d{{2}}|\b(?:{quote_words.AT})\s?\d{{1,2}}[.h]\d{{2}}(?!\.?\d)|"
    rf"\b(?:{quote_words.AT})\s?\d{{1,2}}\.\d{{2}}\.\d{{2}}\b|"
    r"\b(?:19|20)\d{2},? \d{1,2}\.\d{2}\b|\d{1,2}\.\d{2} ?[ap]m\b",
    _FLAGS,
)
_DATE = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th|er)?\.?[ -](?:de )?(?:{quote_words.MONTHS})|"
    rf"\b(?:{quote_words.MONTHS})[^\W\d_]*\.?[ -]\d{{1,2}}(?:st|nd|rd|th)?\b(?![:.]\d)|"
    r"\b\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}\b",
    _FLAGS,
)
_DASHES = re.compile(
    r"[*\s]*[-_=–—]{2,}+\s*(?P<within>[^\s_=–—-].{0,120}?)\s?[-_=–—]{2,}+[*\s]*:?$"
)
#: The same before fields that Samsung's mail program has joined to it.
_DASHES_IN_FRONT = re.compile(r"-{4,}+ ?(?P<within>[^-]{3,40}?) ?-{4,}+(?=\w)")
#: GroupWise's header line, which is not a quote: `>>> Eva <eva@kunde.example> 3.2.2026 10:12 >>>`.
_GROUPWISE = re.compile(r">>> (?=[^<>]{1,100}<[^<>\s]+@[^<>\s]+>.{10,60}(?:>>>|in Nachricht) ?$)")
_RULE = re.compile(r"(?:[-_=*–—─]\s?){5,}+$")
_FORWARDED = re.compile(rf"\b(?:{quote_words.FORWARDED})", _FLAGS)
_BEGIN = re.compile(rf"\W*(?:{quote_words.BEGIN})\b.{{0,60}}:$", _FLAGS)
#: A whole line like `Starten på den videresendte besked:`.
_FORWARDED_MESSAGE = re.compile(
    rf"\W*(?:(?:{quote_words.BEGINS})\w* (?:\w{{1,20}} ){{0,2}})?(?:{quote_words.FORWARDED})\w* "
    rf"(?:{quote_words.MESSAGE})\W{{0,3}}:\W*$",
    _FLAGS,
)


class Line(NamedTuple):
    """A line of a mail. `depth`: its quote depth; `words`: the text without quote markers."""

    text: str
    depth: int
    words: str

    @classmethod
    def of(cls, text: str) -> Line:
        """The line with this text. `words` only holds the beginning of a long line."""
        if not text:
            return BLANK
        mark = None if _GROUPWISE.match(text) else _QUOTE.match(text)
        depth, end = (mark.group().count(">"), mark.end()) if mark else (0, 0)
        return cls(text, depth, _SPACES.sub(" ", text[end : end + LONGEST + 1]).strip())

    @property
    def is_rule(self) -> bool:
        """True for a row of dashes or the like."""
        return _RULE.match(self.words) is not None

    @property
    def is_forward_rule(self) -> bool:
        """True for the line that programs write above a forwarded mail."""
        if not _FORWARDED.search(self.words):
            return False
        alone = (_BEGIN, _FORWARDED_MESSAGE)
        return bool(self.between_dashes or any(form.match(self.words) for form in alone))

    @property
    def is_of_groupwise(self) -> bool:
        """True for GroupWise's header line."""
        return _GROUPWISE.match(self.words) is not None

    @property
    def between_dashes(self) -> str:
        """The words of a line like `--- Original Message ---`, "" for other lines."""
        dashed = _DASHES.match(self.words) or _DASHES_IN_FRONT.match(self.words)
        return dashed["within"].strip(" :*") if dashed else ""


#: An empty line.
BLANK: Final = Line("", 0, "")


def next_words(lines: Sequence[Line], at: int) -> int:
    """The index of the next line with words, or the number of lines."""
    while at < len(lines) and lines[at].words in {"", QUOTE_MARK}:
        at += 1
    return at


def is_quote_below(lines: Sequence[Line], at: int, depth: int) -> bool:
    """True if the next line with words has a larger quote depth than `depth`."""
    below = next_words(lines, at)
    return below < len(lines) and lines[below].depth > depth


def has_address(words: str) -> bool:
    """True for text that contains an e-mail address."""
    return _ADDRESS.search(words) is not None


def has_date(words: str) -> bool:
    """True for text that contains a day of a month."""
    return _DATE.search(words) is not None


def has_time(words: str) -> bool:
    """True for text that contains a time of day."""
    return _TIME.search(words) is not None


def has_date_and_time(words: str) -> bool:
    """True for text that contains a day of a month and a time of day."""
    return has_date(words) and has_time(words)
