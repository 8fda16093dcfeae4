"""Finds where a quoted mail begins: at a rule, a sentence or a header of the mail program."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from webcrm_sync.core.mail_text import quote_words
from webcrm_sync.core.mail_text.quote_lines import (
    LONGEST,
    Line,
    has_address,
    has_date,
    has_date_and_time,
    has_time,
    is_quote_below,
    next_words,
)
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK

#: The characters that a rule may begin with.
_DASHES = "-_=–—*"
#: Programs and gateways fold the sentence over at most this many lines.
_MAX_PARTS = 4
#: The most spaces in a program's sentence: with a name; an address too; a date and time too.
_NAME, _NAME_AND_ADDRESS, _NAME_AND_TIME = 5, 7, 16
#: The most lines of a header, and the most folded lines of a field: recipients may be many.
_MAX_FIELD_LINES = 40
_MAX_FOLDED = {"to": 12, "copy": 12}

_FLAGS = re.IGNORECASE
_WROTE = re.compile(rf"\b(?:{quote_words.WROTE})(?=\W|$)", _FLAGS)
_ENDS = re.compile(rf"[:\uff1a]$|\b(?:{quote_words.WROTE})$", _FLAGS)
_QUOTING = re.compile(rf"\W*(?:{quote_words.QUOTING})\b", _FLAGS)
_ISO_SENDER = re.compile(
    r"\W*\d{4}[-/]\d{1,2}[-/]\d{1,2}\b[^<>]{1,120}<\s?[^<>\s]+@[^<>\s]+\s?>:?$"
)
_PRONOUN = re.compile(quote_words.PRONOUNS)
_BESIDE_NAMES = re.compile(
    rf"(?:{quote_words.BESIDE_NAMES}|(?:{quote_words.MONTHS}|\w{{2,6}}(?:dag|tag|day))\w*)\W*$",
    _FLAGS,
)
_ADDRESSES = re.compile(r"\S*@\S*")
#: "Den tirs. 3.", "On Tuesday, October 25", "3. feb.", "tir. 3."
_BEGINS_WITH_DATE = re.compile(
    rf"\W*(?:(?:{quote_words.ON})\s+)?(?:[^\W\d_]{{1,12}}[.,]*\s+){{0,3}}\d{{1,4}}(?=\W)", _FLAGS
)
#: The same after other words on the line.
_DATE_WITHIN = re.compile(
    r"(?<=[\w.!?)-])\s?(?:On|At|Am|Den|Op|Le|På)\s(?:[^\W\d_]{1,12}[.,]*\s){0,2}\d{1,4}(?=\W)"
)
#: "Please type your reply above this line" between marks, as ticket systems write it.
_ABOVE_THIS_LINE = re.compile(
    r"[\s*]*##-.{5,150}-##[\s*]*$|"
    rf"[^\w\s>][\W_]{{0,20}}[\w ,']{{0,40}}\b(?:{quote_words.ABOVE_THIS_LINE})[\W_]{{0,20}}$|"
    r"(?:please )?(?:type your reply|reply) above this line$",
    _FLAGS,
)
_FIELD = re.compile(r"[\s*|_]*(?P<name>[^\W\d_][^:*|\d]{0,24}?)[\s*_]*:(?P<value>.*)$")
#: The same inside a line, if a gateway has joined the lines.
_FIELD_WITHIN = re.compile(r"(?:^|[\s*])([^\W\d_]{2,14})[\s*]?:(?=\s)")
_ANSWERED = re.compile(
    rf"\W*(?:{quote_words.ANSWER_MARKS}|{quote_words.FORWARD_MARKS})\s?(?:\[\d+\])?:", _FLAGS
)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a quoted mail: the lines from `start` up to and excluding `end`.

    `before`: the writer's own words at the beginning of the first line.
    """

    start: int
    end: int
    before: str = ""


def find_header(lines: Sequence[Line], at: int) -> Header | None:
    """The header that begins at this line, None if there is none."""
    line = lines[at]
    if not line.words or len(line.words) > LONGEST:
        return None
    if line.words == QUOTE_MARK or _is_rule(line):
        return Header(at, at + 1)
    if (end := _end_of_sentence(lines, at)) is not None:
        return Header(at, end, _words_before(line.words) if end == at + 1 else "")
    if (end := _end_of_fields(lines, at)) is not None:
        return Header(at, end)
    return None


def _is_rule(line: Line) -> bool:
    """True for a rule of a mail program, which is sufficient alone."""
    within = line.between_dashes if line.words[0] in _DASHES else ""
    if within and (within.casefold() in quote_words.ORIGINAL or _WROTE.search(within)):
        return True
    return line.is_of_groupwise or _ABOVE_THIS_LINE.match(line.words) is not None


def _end_of_sentence(lines: Sequence[Line], at: int) -> int | None:
    """The line after a sentence like `On Tuesday Eva wrote:`, which may be folded."""
    first = lines[at]
    if _ISO_SENDER.match(first.words):
        return at + 1
    most = 1 if _ENDS.search(first.words) else _MAX_PARTS
    if most > 1 and not _may_be_folded(first.words):
        return None
    joined = ""
    for number, line in enumerate(lines[at : at + most], 1):
        joined = f"{joined} {line.words}".lstrip()
        if not line.words or line.depth != first.depth or len(joined) > LONGEST:
            return None
        if _ENDS.search(line.words):
            end = at + number
            is_quoted = is_quote_below(lines, end, first.depth)
            return end if _is_attribution(joined, is_quote_below=is_quoted) else None
    return None


def _may_be_folded(first: str) -> bool:
    """True for the first part of a program's sentence: it begins with a date or has an address."""
    if _BEGINS_WITH_DATE.match(first) and has_date(first):
        return True
    is_end = first.endswith((".", "!", "?")) and not _WROTE.search(first)
    return has_address(first) and not is_end


def _is_attribution(sentence: str, *, is_quote_below: bool) -> bool:
    if _ISO_SENDER.match(sentence):
        return True
    is_dated = has_date_and_time(sentence)
    if not (_WROTE.search(sentence) or _QUOTING.match(sentence)):
        # The verb may be from a language that this module does not know.
        return is_quote_below and has_time(sentence) and has_address(sentence)
    if _PRONOUN.search(_ADDRESSES.sub("", sentence)):
        return is_quote_below and is_dated
    if not sentence.endswith((":", "\uff1a")):
        return is_dated and has_address(sentence)
    return sentence.count(" ") <= _max_spaces(sentence, is_quote_below=is_quote_below)


def _max_spaces(sentence: str, *, is_quote_below: bool) -> int:
    """The most spaces that a program's sentence with this content has; -1 = not a program's."""
    if has_date_and_time(sentence):
        return _NAME_AND_TIME + _NAME_AND_ADDRESS * has_address(sentence)
    if has_address(sentence):
        return _NAME_AND_TIME if has_date(sentence) else _NAME_AND_ADDRESS
    if not is_quote_below or not _names_somebody(sentence):
        return -1
    return _NAME_AND_TIME if has_date(sentence) else _NAME


def _names_somebody(sentence: str) -> bool:
    """True if the sentence only consists of a name, a date and the verb, as programs write it."""
    small = (word for word in _WROTE.sub("", sentence).split() if word[0].islower())
    return all(_BESIDE_NAMES.match(word) for word in small)


def _words_before(sentence: str) -> str:
    """The writer's own words on the line, before the date."""
    within = _DATE_WITHIN.search(sentence)
    if within is None or not has_date_and_time(sentence[within.start() :]):
        return ""
    return sentence[: within.start()].rstrip(" -")


def _end_of_fields(lines: Sequence[Line], at: int) -> int | None:
    """The line after the header fields that begin at this line."""
    if _is_header_in_a_line(lines[at].words):
        return at + 1
    fields = _Fields.read(lines, at)
    return fields.end if fields is not None and fields.are_a_header(lines) else None


def _is_header_in_a_line(words: str) -> bool:
    """True for `Date: 3 Feb 2026 10:12 From: eva@kunde.example To: Bo Subject: Hall`."""
    required = {"from", "to", "subject"}
    if words.count(":") <= len(required) or not has_address(words):
        return False
    kinds = {quote_words.FIELDS.get(name.casefold()) for name in _FIELD_WITHIN.findall(words)}
    is_dated = not kinds.isdisjoint({"sent", "date"}) and has_date_and_time(words)
    return is_dated and required <= kinds


@dataclass(slots=True)
class _Fields:
    """The fields of a possible header by kind, in order."""

    start: int
    end: int
    values: dict[str, str]

    @classmethod
    def read(cls, lines: Sequence[Line], at: int) -> _Fields | None:
        """The fields from this line on, None if the first one is unknown."""
        first = _field(lines[at])
        if first is None or first[0] not in {"from", "sent", "date", "subject"}:
            return None
        fields = cls(at, at, {})
        kind, folded = "", 0
        for number in range(at, min(at + _MAX_FIELD_LINES, len(lines))):
            line = lines[number]
            field = _field(line)
            is_again = field is not None and field[0] in fields.values.keys() - {"other"}
            if line.depth != lines[at].depth or is_again:
                break
            if field:
                kind, folded, fields.end = field[0], 0, number + 1
                fields.values[kind] = field[1]
            elif fields.ends_before(lines, number) or folded == _MAX_FOLDED.get(kind, 2):
                break
            else:
                folded += 1
                fields.values[kind] += f" {line.words}"
        return fields

    def ends_before(self, lines: Sequence[Line], number: int) -> bool:
        """True for a line that is neither a known field nor a folded part of the previous one."""
        line = lines[number]
        if line.words:
            return _FIELD.match(line.words) is not None and not has_address(line.words)
        return number + 1 >= len(lines) or _field(lines[number + 1]) is None

    def are_a_header(self, lines: Sequence[Line]) -> bool:
        """True for the header of a mail. Freight, trips and web forms have similar fields."""
        kinds = self.values.keys()
        if kinds.isdisjoint({"sent", "date"}) or len(kinds & {"from", "to", "subject"}) < 2:
            return False
        if self._begins_above(lines) or self._is_form(lines):
            return False
        if self._is_time_table() or self._is_call():
            return False
        return self._has_evidence() or self._has_mark(lines)

    def _has_evidence(self) -> bool:
        if self._has_address() or _ANSWERED.match(self.values.get("subject", "")):
            return True
        order = list(self.values)
        if has_date_and_time(self.values.get("sent", "")):
            # A parcel notice names the time of sending first and has no subject.
            return order[0] != "sent" or "subject" in order
        # Freight papers name both places first.
        is_mail = ("from", "date") in pairwise(order)
        return is_mail and has_date_and_time(self.values["date"])

    def _has_mark(self, lines: Sequence[Line]) -> bool:
        depth = lines[self.start].depth
        above = next(
            (x for x in reversed(lines[max(0, self.start - 2) : self.start]) if x.words), None
        )
        return (
            depth > 0
            or (above is not None and above.is_rule)
            or is_quote_below(lines, self.end, depth)
        )

    def _is_form(self, lines: Sequence[Line]) -> bool:
        """True if fields that no mail has are directly above or below.

        A signature may end with such a line. A form has no time of sending next to a recipient,
        except for a parcel notice, which has no subject.
        """
        is_of_mail = "subject" in self.values or self._has_address() or self._continues_below(lines)
        if {"sent", "to"} <= self.values.keys() and is_of_mail:
            return False
        beside = [*lines[max(0, self.start - 1) : self.start], *lines[self.end : self.end + 1]]
        if any(_is_unknown_field(line) for line in beside):
            return True
        below = next_words(lines, self.end)
        field = _FIELD.match(lines[below].words) if below < len(lines) else None
        return field is not None and field["name"].casefold() in quote_words.FORM_FIELDS

    def _begins_above(self, lines: Sequence[Line]) -> bool:
        """True if the fields begin further up, where no mail header was found."""
        return self.start > 0 and _field(lines[self.start - 1]) is not None

    def _has_address(self) -> bool:
        # Lotus Notes writes `Eva Holm/Company@Company`.
        return any("@" in value for value in self.values.values())

    def _continues_below(self, lines: Sequence[Line]) -> bool:
        """True if a known field follows the unknown one that ends the fields."""
        return self.end + 1 < len(lines) and _field(lines[self.end + 1]) is not None

    def _is_time_table(self) -> bool:
        """True for `From: 3 May 10:00`."""
        sender = self.values.get("from", "")
        return not has_address(sender) and has_date(sender)

    def _is_call(self) -> bool:
        """True for `From: +45 11 22 33 44`: a fax, a voice mail or an SMS."""
        sender = self.values.get("from", "")
        return bool(sender) and not any(letter.isalpha() for letter in sender)


def _field(line: Line) -> tuple[str, str] | None:
    """The kind and value of a line like `From: Eva`."""
    match = _FIELD.match(line.words) if ":" in line.words else None
    kind = quote_words.FIELDS.get(match["name"].casefold()) if match else None
    return (kind, match["value"].strip(" *_|")) if match and kind else None


def _is_unknown_field(line: Line) -> bool:
    match = _FIELD.match(line.words)
    return (
        match is not None
        and match["name"].casefold() not in quote_words.FIELDS
        and bool(match["value"])
    )
