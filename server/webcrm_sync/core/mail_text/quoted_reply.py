"""Separates the new text of a mail from the mails that it quotes.

Quoted lines begin with `>`. If the HTML marks a quote, a `QUOTE_MARK` line precedes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from webcrm_sync.core.mail_text import quote_words
from webcrm_sync.core.mail_text.quote_header import Header, find_header
from webcrm_sync.core.mail_text.quote_lines import BLANK, Line, next_words
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK

#: How many characters are searched for headers: people write less than this above a quote.
_MAX_SEARCHED = 100_000
#: The most attribution lines between a `QUOTE_MARK` and the quote that no rule recognises.
_MAX_ATTRIBUTION_LINES = 2
#: The first lines of a marked quote, in which a program names the writer.
_FIRST_LINES = 6
#: A quoted line of at least this length may be folded, with a rest that has lost its marker.
_LONG_LINE = 60
_BRACKETED = r"\[[^\[\]]{1,60}\]|[({<*#][^\])}>*#]{1,60}[\])}>*#]+"
_TAG = rf"(?:{_BRACKETED})[\s:|-]*|(?:{quote_words.GATEWAY_MARKS})\s*[:|-]\s*"
_FORWARD = re.compile(
    rf"\s*(?:{_TAG})*+(?:{quote_words.FORWARD_MARKS})\s*(?:[(\[]\d+[)\]]\s*)?[:\uff1a]",
    re.IGNORECASE,
)
_BLANK_LINES = re.compile(r"\n{3,}")


def new_text(subject: str, text: str) -> str:
    """The new text of a mail. A forward keeps the mail that it passes on."""
    return _tidy_lines(text) if is_forward(subject, text) else strip_quoted_mails(text)


def is_forward(subject: str, text: str = "") -> bool:
    r"""True for a mail that passes another one on, by its subject or the first rule in its text.

    >>> is_forward("[EXTERNAL] VS: Tilbud"), is_forward("SV: VS: Tilbud")
    (True, False)
    >>> is_forward("For you", "See below.\n\n--- Forwarded message ---\nFrom: Eva")
    True
    """
    if _FORWARD.match(subject[:300]):
        return True
    mail = _MailLines.of(text[:_MAX_SEARCHED])
    for number, line in enumerate(mail.lines):
        if line.is_forward_rule:
            return True
        if mail.header(number):
            below = next_words(mail.lines, number)
            return below < len(mail.lines) and mail.lines[below].is_forward_rule
    return False


def strip_quoted_mails(text: str) -> str:
    r"""The text without quoted mails, or the whole text if nothing new would be left.

    An answer below the quoted mail stays. Answers between quoted lines stay together with them.

    >>> strip_quoted_mails("Yes.\n\nOn 3 Feb 2026, at 10:12, Eva wrote:\n> Shall we?")
    'Yes.'
    """
    return _tidy_lines("\n".join(_MailLines.of(text).new_lines())) or _tidy_lines(text)


def own_text(text: str) -> str:
    r"""The text without quoted mails; empty if nothing new is left. A forward loses its mail too.

    >>> own_text("See below.\n\n--- Forwarded message ---\nFrom: Eva\n\nHello")
    'See below.'
    """
    new = _MailLines.of(text).new_lines()
    rules = (n for n, line in enumerate(new) if Line.of(line).is_forward_rule)
    return _tidy_lines("\n".join(new[: next(rules, None)]))


def whole_text(text: str) -> str:
    """The whole text, without the marks of quotes."""
    return _tidy_lines(text)


def _tidy_lines(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", text.replace(QUOTE_MARK, "")).strip()


@dataclass(frozen=True, slots=True)
class _MailLines:
    """The lines of a mail. `searched`: how many of them are searched for headers.

    `last`: the last line outside of quotes.
    """

    lines: list[Line]
    searched: int
    last: int

    @classmethod
    def of(cls, text: str) -> _MailLines:
        """The mail with this text."""
        lines = [Line.of(x) for x in text.split("\n")]
        own_lines = (n for n in reversed(range(len(lines))) if _is_own(lines[n]))
        return cls(lines, text.count("\n", 0, _MAX_SEARCHED) + 1, next(own_lines, -1))

    def header(self, at: int) -> Header | None:
        """The header that begins at this line."""
        header = find_header(self.lines, at) if at < self.searched else None
        return None if header and self._is_own_quote(at) else header

    def new_lines(self) -> list[str]:
        """The lines that are new."""
        new: list[Line] = []
        at = 0
        while at < len(self.lines):
            if (header := self.header(at)) is None:
                new.append(self.lines[at])
                at += 1
                continue
            _drop_above(new, is_quoted=self.lines[at].depth > 0)
            answers, at = self._read_below(header)
            new += [Line.of(header.before), BLANK, *answers]
        return [line.text for line in new]

    def _read_below(self, header: Header) -> tuple[list[Line], int]:
        """The new lines below a header, and the line to continue at."""
        start = self._quote_start(header)
        if start is None:
            return [], len(self.lines)
        end = self._next_header(start)
        return _select_answers(self.lines[start:end]), end

    def _quote_start(self, header: Header) -> int | None:
        """The start of the quote below a header; None if the quoted mail has no markers."""
        if self.lines[header.start].depth:
            return header.end
        at = next_words(self.lines, header.end)
        if self.lines[header.start].words == QUOTE_MARK:
            at = self._skip_attribution(at)
        if not self._is_quoted(at):
            return None
        quoted = find_header(self.lines, at)
        return quoted.end if quoted else at

    def _skip_attribution(self, at: int) -> int:
        """The first line with words after the attribution of a quote."""
        if not self._is_quoted(at) and (header := self.header(at)):
            return next_words(self.lines, header.end)
        for _ in range(_MAX_ATTRIBUTION_LINES):
            if not self._is_quoted(at):
                at = next_words(self.lines, at + 1)
        return at

    def _is_own_quote(self, mark: int) -> bool:
        """True for the writer's own quote, which mail programs mark like a quoted mail.

        It names no author, and the writer's words follow it.
        """
        if self.lines[mark].words != QUOTE_MARK:
            return False
        start = next_words(self.lines, mark)
        first = range(start, min(start + _FIRST_LINES, len(self.lines)))
        if not self._is_quoted(start) or any(find_header(self.lines, n) for n in first):
            return False
        return start < self.last

    def _is_quoted(self, at: int) -> bool:
        return at < len(self.lines) and self.lines[at].depth > 0

    def _next_header(self, start: int) -> int:
        """The start of the next header outside of quotes."""
        mark: int | None = None
        for number in range(start, len(self.lines)):
            line = self.lines[number]
            if line.words == QUOTE_MARK:
                mark = number if mark is None else mark
            elif line.depth:
                mark = None
            elif line.words and (mark is not None or self.header(number)):
                return number if mark is None else mark
        return len(self.lines)


def _is_own(line: Line) -> bool:
    return not line.depth and line.words not in {"", QUOTE_MARK}


def _drop_above(lines: list[Line], *, is_quoted: bool) -> None:
    """Drop the rules directly above a header, and the quote that contains a quoted header."""
    while lines and (not lines[-1].words or lines[-1].is_rule or (is_quoted and lines[-1].depth)):
        lines.pop()


def _select_answers(lines: Sequence[Line]) -> list[Line]:
    """The answers to quotes, together with the quotes if there are answers between them."""
    parts = _split_parts(lines)
    last = max((n for n, (is_quoted, _) in enumerate(parts) if not is_quoted), default=-1)
    answers = [part for is_quoted, part in parts if not is_quoted]
    is_between = len(answers) > 1 or last + 1 < len(parts)
    shown = [part for _, part in parts[: last + 1]] if is_between else answers
    return [line for part in shown for line in [*part, BLANK]]


def _split_parts(lines: Sequence[Line]) -> list[tuple[bool, list[Line]]]:
    """The quotes (True) and answers, without the blank lines around them."""
    are_quoted = [line.depth > 0 or _is_rest_of_quote(lines, n) for n, line in enumerate(lines)]
    parts = groupby(range(len(lines)), key=are_quoted.__getitem__)
    trimmed = (
        (is_quoted, _trim_blank_lines([lines[n] for n in part])) for is_quoted, part in parts
    )
    return [(is_quoted, part) for is_quoted, part in trimmed if part]


def _is_rest_of_quote(lines: Sequence[Line], number: int) -> bool:
    """True for the folded rest of a quoted line, which has lost its marker."""
    if not 0 < number < len(lines) - 1 or not lines[number + 1].depth:
        return False
    above = lines[number - 1]
    is_open = above.words.count("(") > above.words.count(")")
    is_long = len(above.words) >= _LONG_LINE and not above.words.endswith((".", "!", "?", ":"))
    return above.depth > 0 and bool(lines[number].words) and (is_long or is_open)


def _trim_blank_lines(part: list[Line]) -> list[Line]:
    """The lines without blank ones at both ends."""
    shown = [n for n, line in enumerate(part) if line.words not in {"", QUOTE_MARK}]
    return part[shown[0] : shown[-1] + 1] if shown else []
