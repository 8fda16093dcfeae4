"""The state of a conversion from HTML: the layout, and the settings for the next words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from selectolax.lexbor import LexborNode

from webcrm_sync.core.mail_text.layout import Layout, Span
from webcrm_sync.core.mail_text.links import unwrap_links
from webcrm_sync.core.mail_text.style import Style
from webcrm_sync.core.mail_text.whitespace import strip_fillers

Attributes = dict[str, str | None]
#: Actions for the end of an element, in order of registration.
ExitActions = list[Callable[[], object]]

#: Matches a letter or digit.
_LETTER = re.compile(r"[^\W_]")
#: Outlook writes smileys and arrows as letters of the font Wingdings.
_WINGDINGS = str.maketrans(
    {"J": "☺", "K": "😐", "L": "☹", "ü": "✓", "û": "✗", "à": "→", "ß": "←", "è": "➔"}
)


@dataclass(slots=True)
class Element:
    """One element of the tree with its parsed style.

    Not frozen: a mail has hundreds of elements, and creating a frozen one takes four times as long.
    """

    node: LexborNode
    tag: str
    attributes: Attributes
    style: Style

    def get(self, name: str) -> str:
        """The attribute's value, "" if it has none."""
        return self.attributes.get(name) or ""


@dataclass(slots=True)
class Numbering:
    """The numbers of a list's items. `step` 0: the items have bullets. `kind`: HTML's `type`."""

    number: int = 0
    step: int = 0
    kind: str = ""


@dataclass(slots=True)
class RenderState:
    """The layout, and the settings for the next words, which one element can change."""

    layout: Layout = field(default_factory=Layout)
    is_sizeless: bool = False
    is_preserved: bool = False
    is_wingdings: bool = False
    is_struck: bool = False
    is_linked: bool = False
    is_in_quoted_mail: bool = False
    #: True once a letter or digit was written that belongs to no picture
    has_words: bool = False
    lists: list[Numbering] = field(default_factory=list)
    #: for each open table row, the line of its first words
    rows: list[int | None] = field(default_factory=list)
    #: for each open cell, the line of the first words before it in the cell around it
    outer_first_lines: list[int | None] = field(default_factory=list)

    def set_until_exit(self, on_exit: ExitActions, **values: bool) -> None:
        """Change these settings until the end of the element."""
        for name, value in values.items():
            on_exit.append(partial(setattr, self, name, getattr(self, name)))
            setattr(self, name, value)

    def write(self, text: str) -> None:
        """Write the text of a node."""
        if self.is_sizeless:
            return
        if not text.isascii():
            text = strip_fillers(text)
        if "://" in text:
            text = unwrap_links(text)
        if self.is_wingdings:
            text = text.translate(_WINGDINGS)
        if not self.has_words:
            self.has_words = _LETTER.search(text) is not None
        if self.is_preserved:
            self.layout.write_preserved(text)
        else:
            self.layout.write_flowing(text)

    def begin_block(self, on_exit: ExitActions, breaks: int = 1) -> None:
        """Put the element on lines of its own."""
        request_break = self.layout.request_break
        request_break(breaks)
        on_exit.append(request_break if breaks == 1 else partial(request_break, breaks))

    def begin_cell(self, on_exit: ExitActions) -> None:
        """Put a table cell beside the previous cell of its row, if both begin on one line."""
        layout = self.layout
        layout.begin_cell(is_beside=self.rows[-1] == layout.lines and layout.has_open_line)
        self.outer_first_lines.append(layout.first_line)
        layout.first_line = None
        on_exit.append(self._end_cell)

    def _end_cell(self) -> None:
        layout = self.layout
        layout.end_cell()
        if layout.first_line is not None and self.rows[-1] is None:
            self.rows[-1] = layout.first_line
        outer = self.outer_first_lines.pop()
        if outer is not None:
            layout.first_line = outer

    def begin_inline_box(self, on_exit: ExitActions) -> None:
        """Separate the element's words from their neighbours by spaces."""
        self.layout.request_space()
        on_exit.append(self.layout.request_space)

    def begin_span(self, on_exit: ExitActions, before: str, after: str = "") -> None:
        """Write text around the element's words."""
        span = Span(before, after)
        self.layout.open_span(span)
        on_exit.append(partial(self.layout.close_span, span))
