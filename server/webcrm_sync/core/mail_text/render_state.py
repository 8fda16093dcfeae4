"""A mail's HTML while it is read: the text so far, and what holds for the words to come."""

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
#: What is to be done at the end of an element.
ExitActions = list[Callable[[], None]]

#: Or a number.
_LETTER = re.compile(r"[^\W_]")
#: Outlook writes smileys and arrows in a font whose letters are pictures.
_WINGDINGS = str.maketrans(
    {"J": "☺", "K": "😐", "L": "☹", "ü": "✓", "û": "✗", "à": "→", "ß": "←", "è": "➔"}
)


@dataclass(slots=True)
class Element:
    """One element of the tree, with what its style changes.

    Not frozen: a mail has hundreds of them, and a frozen one takes four times as long to make.
    """

    node: LexborNode
    tag: str
    attributes: Attributes
    style: Style

    def get(self, name: str) -> str:
        """The attribute's text, "" when there is none."""
        return self.attributes.get(name) or ""


@dataclass(slots=True)
class Numbering:
    """The items of a list as they are counted. `step` 0: they have bullets, `kind` as HTML's."""

    number: int = 0
    step: int = 0
    kind: str = ""


@dataclass(slots=True)
class RenderState:
    """The layout, and what holds for the words to come. `set` changes it for one element."""

    layout: Layout = field(default_factory=Layout)
    is_sizeless: bool = False
    is_preserved: bool = False
    is_wingdings: bool = False
    is_struck: bool = False
    is_linked: bool = False
    is_history: bool = False
    #: a letter or a number was written that is no picture's
    has_words: bool = False
    lists: list[Numbering] = field(default_factory=list)
    #: for each open row of a table, the line of its first words
    rows: list[int | None] = field(default_factory=list)

    def set(self, leaves: ExitActions, **values: bool) -> None:
        """Let these hold until the end of the element."""
        for name, value in values.items():
            leaves.append(partial(setattr, self, name, getattr(self, name)))
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
            self.layout.preserved(text)
        else:
            self.layout.flow(text)

    def block(self, leaves: ExitActions, breaks: int = 1) -> None:
        """Begin and end the element on a line of its own."""
        self.layout.block(breaks)
        leaves.append(partial(self.layout.block, breaks))

    def apart(self, leaves: ExitActions) -> None:
        """Keep the element's words from those beside it."""
        self.layout.separate()
        leaves.append(self.layout.separate)

    def span(self, leaves: ExitActions, before: str, after: str = "") -> None:
        """Write something around the element's words."""
        span = Span(before, after)
        self.layout.open_span(span)
        leaves.append(partial(self.layout.close_span, span))
