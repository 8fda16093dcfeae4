"""Writes text in lines: words flow, and blocks are separated by line breaks."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: ASCII whitespace (WHATWG: Infra, 4.6).
_BLANKS = " \t\n\r\f"
_BLANK_RUN = re.compile(f"[{_BLANKS}]+")
#: Deeper quotes and lists look like this depth, so that markers never dominate a line.
_DEEPEST_QUOTE, _DEEPEST_LIST = 8, 6
_CELL_GAP = "  "


@dataclass(slots=True, eq=False)
class Span:
    """Words with text around them. Both texts only appear if there are words.

    Not compared by value: nested spans may be alike.

    `start`: the index of `before` in the output, None = no words yet.
    """

    before: str
    after: str
    start: int | None = None


class Layout:
    """The text so far. Separators are requested first and written before the next words."""

    def __init__(self) -> None:
        self.length = 0
        #: quote depth and list depth of the following words
        self.quote_depth = 0
        self.list_depth = 0
        #: the line of the first words written since this was last None
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
        """The whole text."""
        return "".join(self._out)

    @property
    def lines(self) -> int:
        """The number of finished lines."""
        return self._lines

    @property
    def has_open_line(self) -> bool:
        """True if the current line is not empty."""
        return self._is_line_begun

    def write_flowing(self, text: str) -> None:
        """Write words. Runs of whitespace become one space, and none at the start of a line."""
        words = text.strip(_BLANKS)
        if not words:
            self._is_space_due |= bool(text)
            return
        # Of all whitespace, `isprintable` allows the ordinary space alone.
        if "  " in words or not words.isprintable():
            words = _BLANK_RUN.sub(" ", words).replace("\u00a0", " ")
        if text[0] in _BLANKS:
            self._is_space_due = True
        self._write(words)
        self._is_space_due = text[-1] in _BLANKS

    def write_preserved(self, text: str) -> None:
        """Write text with its spaces and line breaks unchanged."""
        first, *more = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if first:
            self._write(first)
        for line in more:
            self.end_line()
            if line:
                self._write(line)

    def write_line(self, words: str) -> None:
        """Write a separate line, without the markers of quotes and lists."""
        self.end_line() if self._is_line_begun else self._flush_breaks()
        self._out.append(words)
        self._finish_line()

    def request_space(self) -> None:
        """Request a space before the next words on this line."""
        self._is_space_due = True

    def end_line(self) -> None:
        """End the line, even an empty one."""
        self._flush_breaks()
        self._finish_line()
        self._is_space_due = False

    def request_break(self, breaks: int = 1) -> None:
        """Request a new line before the next words. `breaks` 2: with an empty line between."""
        if breaks > self._breaks and not self._is_gap_due:
            self._breaks = breaks

    def begin_cell(self, *, is_beside: bool) -> None:
        """Begin a table cell, beside the previous one or below it."""
        if is_beside:
            self._breaks, self._is_gap_due = 0, True
        else:
            self._is_gap_due = False
            self.request_break()

    def end_cell(self) -> None:
        """Cancel the gap before a cell without words."""
        self._is_gap_due = False

    def set_marker(self, marker: str) -> None:
        """Write a list marker before the next words."""
        self._marker = marker

    def drop_marker(self) -> None:
        """Drop the marker of an item without words."""
        self._marker = ""

    def open_span(self, span: Span) -> None:
        """Write `span.before` before the next words."""
        self._spans.append(span)

    def close_span(self, span: Span) -> None:
        """Write `span.after` after the words, nothing if there were none."""
        if span.start is None:
            self._spans.remove(span)
        elif span.after:
            self._out.append(span.after)
            self.length += len(span.after)

    def text_in(self, span: Span) -> str:
        """The words written inside an open span."""
        return "" if span.start is None else "".join(self._out[span.start + 1 :])

    def drop_span_text(self, span: Span) -> None:
        """Remove `span.before` and `span.after`."""
        if span.start is not None:
            self._out[span.start] = ""
        span.after = ""

    def _write(self, words: str) -> None:
        if words.isspace():
            self._write_blanks(words)
            return
        if self._breaks:
            self._flush_breaks()
        if separator := self._separator():
            self._out.append(separator)
        self._marker = ""
        self._is_gap_due = self._is_space_due = False
        self._is_line_begun = True
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
        """A line of spaces counts as an empty line; markers and spans wait for words."""
        self._flush_breaks()
        if self._is_line_begun:
            self._out.append(blanks)
            self._is_space_due = False
        self._is_line_begun = True
        self.length += 1

    def _separator(self) -> str:
        """What comes before the next words on their line."""
        if not self._is_line_begun:
            return self._line_start() if self.quote_depth or self.list_depth else self._marker
        if self._is_gap_due:
            return _CELL_GAP
        return " " + self._marker if self._marker or self._is_space_due else ""

    def _line_start(self) -> str:
        indent = "  " * min(max(self.list_depth - 1, 0), _DEEPEST_LIST)
        return "> " * min(self.quote_depth, _DEEPEST_QUOTE) + indent + self._marker

    def _flush_breaks(self) -> None:
        breaks, self._breaks = self._breaks, 0
        if breaks and self._is_line_begun:
            self._finish_line()
        if breaks > 1 and self._out:
            self._out.append("\n")

    def _finish_line(self) -> None:
        self._out.append("\n")
        self.length += 1
        self._lines += 1
        self._is_line_begun = False
