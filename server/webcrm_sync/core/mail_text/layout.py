"""A text being laid out: words flow into lines, blocks ask for breaks between them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLANKS = re.compile(r"[ \t\n\r\f]+")
_MORE_THAN_A_BLANK = re.compile(r"[\t\n\r\f]|  ")
#: Deeper quotes and lists look like this one, so that no line is longer than its words by much.
_DEEPEST_QUOTE, _DEEPEST_LIST = 8, 6
_CELL_GAP = "  "


@dataclass(slots=True)
class Span:
    """Words with something written around them, once there are words.

    `start`: where in the text `before` is written, None as long as there are none.
    """

    before: str
    after: str
    start: int | None = None


class Layout:
    """The text so far. What separates words is asked for and written when words follow."""

    def __init__(self) -> None:
        self.length = 0
        #: how deep the words that follow are quoted, and within how many lists they are
        self.quotes = 0
        self.lists = 0
        #: the line on which the first words were written since this was set to None
        self.first_line: int | None = None
        self._out: list[str] = []
        self._breaks = 0
        self._lines = 0
        self._is_line_begun = False
        self._is_space_due = False
        self._is_gap_due = False
        self._marker = ""
        self._spans: list[Span] = []

    def text(self) -> str:
        """All that was written."""
        return "".join(self._out)

    @property
    def lines(self) -> int:
        """How many lines were ended."""
        return self._lines

    @property
    def has_open_line(self) -> bool:
        """True when something is written on the current line."""
        return self._is_line_begun

    def flow(self, text: str) -> None:
        """Write words; runs of blanks are one blank, at the beginning of a line none."""
        if _MORE_THAN_A_BLANK.search(text):
            text = _BLANKS.sub(" ", text)
        if text.startswith(" "):
            self._is_space_due = True
            text = text[1:]
        if text:
            ends_in_space = text.endswith(" ")
            self._write((text[:-1] if ends_in_space else text).replace("\u00a0", " "))
            self._is_space_due = ends_in_space

    def preserved(self, text: str) -> None:
        """Write text with its blanks and line ends as they are."""
        first, *more = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if first:
            self._write(first)
        for line in more:
            self.line_end()
            if line:
                self._write(line)

    def line(self, words: str) -> None:
        """Write a line of its own, whatever is quoted or counted around it."""
        self.line_end() if self._is_line_begun else self._flush_breaks()
        self._out.append(words)
        self._end_line()

    def separate(self) -> None:
        """Ask for a blank before what follows on the same line."""
        self._is_space_due = True

    def line_end(self) -> None:
        """End the line, an empty one too."""
        self._flush_breaks()
        self._end_line()
        self._is_space_due = False

    def block(self, breaks: int = 1) -> None:
        """Ask for a new line before what follows; `breaks` 2: with an empty one between."""
        if breaks > self._breaks and not self._is_gap_due:
            self._breaks = breaks

    def next_cell(self, *, is_beside: bool) -> None:
        """Begin a table's cell, beside the one before it or below it."""
        if is_beside:
            self._breaks, self._is_gap_due = 0, True
        else:
            self._is_gap_due = False
            self.block()

    def end_cell(self) -> None:
        """A gap before a cell without words is none."""
        self._is_gap_due = False

    def mark(self, marker: str) -> None:
        """Write a list's marker before the words that follow."""
        self._marker = marker

    def unmark(self) -> None:
        """Forget the marker of an item without words."""
        self._marker = ""

    def open_span(self, span: Span) -> None:
        """Write `span.before` where the next words begin."""
        self._spans.append(span)

    def close_span(self, span: Span) -> None:
        """Write `span.after` behind the last words, nothing when there were none."""
        if span.start is None:
            self._spans.remove(span)
        elif span.after:
            self._out.append(span.after)
            self.length += len(span.after)

    def words_of(self, span: Span) -> str:
        """What was written within an open span."""
        return "" if span.start is None else "".join(self._out[span.start + 1 :])

    def drop_before(self, span: Span) -> None:
        """Take back `span.before`, and write nothing behind the words."""
        if span.start is not None:
            self._out[span.start] = ""
        span.after = ""

    def _write(self, words: str) -> None:
        if words.isspace():
            self._write_blanks(words)
            return
        self._separate()
        if self.first_line is None:
            self.first_line = self._lines
        if self._spans:
            self._begin_spans()
        self._out.append(words)
        self.length += len(words)

    def _begin_spans(self) -> None:
        for span in self._spans:
            span.start = len(self._out)
            self._out.append(span.before)
        self._spans.clear()

    def _write_blanks(self, blanks: str) -> None:
        """A line of blanks alone is an empty line; a marker and a span wait for words."""
        self._flush_breaks()
        if self._is_line_begun:
            self._out.append(blanks)
            self._is_space_due = False
        self._is_line_begun = True
        self.length += 1

    def _separate(self) -> None:
        """Write what was asked for between the words before and those that follow."""
        if self._breaks:
            self._flush_breaks()
        if not self._is_line_begun:
            if self.quotes or self.lists or self._marker:
                self._out.append(self._line_start())
        elif self._is_gap_due:
            self._out.append(_CELL_GAP)
        elif self._marker or self._is_space_due:
            self._out.append(" " + self._marker)
        self._marker = ""
        self._is_gap_due = self._is_space_due = False
        self._is_line_begun = True

    def _line_start(self) -> str:
        indent = "  " * min(max(self.lists - 1, 0), _DEEPEST_LIST)
        return "> " * min(self.quotes, _DEEPEST_QUOTE) + indent + self._marker

    def _flush_breaks(self) -> None:
        breaks, self._breaks = self._breaks, 0
        if breaks and self._is_line_begun:
            self._end_line()
        if breaks > 1 and self._out:
            self._out.append("\n")

    def _end_line(self) -> None:
        self._out.append("\n")
        self.length += 1
        self._lines += 1
        self._is_line_begun = False
