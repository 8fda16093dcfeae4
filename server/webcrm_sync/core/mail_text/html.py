"""Converts the HTML of a mail to text: what a person sees of it, in reading order.

Lexbor builds the tree as browsers do (WHATWG HTML). The product walks the tree itself, since no
library keeps links, numbering, quotes and struck words and also leaves out hidden elements
(ADR 16).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from webcrm_sync.core.mail_text import quote_marks
from webcrm_sync.core.mail_text.elements import HANDLERS, begin_styled
from webcrm_sync.core.mail_text.html_limits import limit_html
from webcrm_sync.core.mail_text.picture_marks import PICTURE_MARKS, picture_mark
from webcrm_sync.core.mail_text.pictures import PICTURE_ATTRIBUTES, PictureCollector
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK
from webcrm_sync.core.mail_text.render_state import Attributes, Element, ExitActions, RenderState
from webcrm_sync.core.mail_text.style import PLAIN, Style, parse_style
from webcrm_sync.core.mail_text.style_sheet import StyleSheet
from webcrm_sync.core.storable import to_storable

_INVISIBLE_TAGS = (
    "title script style template iframe noembed noframes embed datalist map metadata desc"
    " annotation annotation-xml param source track"
    # Office's metadata, if a gateway removed the comment around it.
    " o:officedocumentsettings o:shapedefaults o:shapelayout w:worddocument w:latentstyles"
)
_INVISIBLE = frozenset(_INVISIBLE_TAGS.split())
#: A parser joins the words after the end of a document to those before it.
_END_OF_DOCUMENT = re.compile(r"</(?:[Bb][Oo][Dd][Yy]|[Hh][Tt][Mm][Ll])\s*>")
#: Without this option lexbor copies the selected option of a list at each option: 100,000 options
#: take 50 s.
_WITHOUT_EVENTS = LexborDocumentOptions.WO_EVENTS
_QUOTE_MARKS = quote_marks.QUOTE_STARTS | quote_marks.QUOTE_CONTAINERS | quote_marks.ATTRIBUTIONS


@dataclass(frozen=True, slots=True)
class HtmlText:
    """The text of some HTML. `has_words`: there is a letter or digit outside of pictures.

    `is_cut`: the text was longer than the limit.
    """

    text: str
    collected: PictureCollector
    has_words: bool
    is_cut: bool


def html_to_text(
    html: str, *, limit: int, marks_quotes: bool, marks_pictures: bool = False
) -> HtmlText:
    """The text of some HTML, about `limit` characters at most. Linear in the length of the HTML.

    Links become `[words](address)`, quoted lines begin with `> `, struck words are in `~~`.
    `marks_quotes`: writes a `QUOTE_MARK` before each quoted mail that a mail program has marked.
    `marks_pictures`: writes the `picture_mark` of each shown picture at its place.
    """
    html = to_storable(html).replace(QUOTE_MARK, "")
    if marks_pictures:
        html = PICTURE_MARKS.sub("", html)
    limited = limit_html(_END_OF_DOCUMENT.sub(r"<div></div>\g<0>", html))
    walk = _TreeWalk(limit, marks_quotes=marks_quotes, marks_pictures=marks_pictures)
    root = LexborHTMLParser(limited.html, options=_WITHOUT_EVENTS).root
    if root is not None:  # pragma: no branch - the type allows None, a parsed text has a root
        walk.run(root)
    return HtmlText(
        walk.state.layout.text(),
        walk.collected,
        walk.state.has_words,
        limited.is_cut or walk.is_cut,
    )


class _TreeWalk:
    """One walk through a tree in reading order."""

    def __init__(self, limit: int, *, marks_quotes: bool, marks_pictures: bool) -> None:
        self.state = RenderState()
        self.collected = PictureCollector()
        self.is_cut = False
        self._sheet = StyleSheet()
        self._can_sheet_hide = False
        self._limit = limit
        self._marks_quotes = marks_quotes
        self._marks_pictures = marks_pictures

    def run(self, root: LexborNode) -> None:
        """Read the tree without recursion, since the nesting depth has no limit."""
        ancestors: list[tuple[LexborNode, ExitActions]] = []
        node: LexborNode | None = root
        layout, limit, write = self.state.layout, self._limit, self.state.write
        while node is not None:
            if layout.length > limit:
                self.is_cut = True
                return
            following: LexborNode | None = None
            if (words := node.text_content) is not None:
                write(words)
            elif (on_exit := self._begin(node)) is not None:
                following = node.first_child
                if following is None:
                    _run_exit_actions(on_exit)
                else:
                    ancestors.append((node, on_exit))
            while following is None and ancestors:
                if (following := node.next) is None:
                    node, on_exit = ancestors.pop()
                    _run_exit_actions(on_exit)
            node = following

    def _begin(self, node: LexborNode) -> ExitActions | None:
        """Begin an element. Returns the actions for its end, None = its content is not read."""
        tag = node.tag or "-"
        begin = HANDLERS.get(tag)
        if begin is None and self._is_invisible(node, tag):
            return None
        attributes: Attributes = node.attributes
        style = PLAIN
        on_exit: ExitActions = []
        if attributes:
            style = parse_style(attributes["style"] or "") if "style" in attributes else PLAIN
            if self._is_hidden(tag, attributes, style):
                self.collected.visit_hidden(node)
                return None
            if self._marks_quotes and not self.state.is_in_quoted_mail:
                self._mark_quote(tag, attributes, on_exit)
        if style is not PLAIN:
            begin = begin_styled
        if begin is None or begin(self.state, Element(node, tag, attributes, style), on_exit):
            return on_exit
        _run_exit_actions(on_exit)
        return None

    def _is_invisible(self, node: LexborNode, tag: str) -> bool:
        """True for an element that shows nothing. Reads it if it is a style sheet."""
        if tag == "style":
            self._sheet.read(node.text())
            self._can_sheet_hide = not self._sheet.is_empty
        return tag in _INVISIBLE or tag[0] in "-!"

    def _is_hidden(self, tag: str, attributes: Attributes, style: Style) -> bool:
        """True for an element that its attributes hide. Collects the pictures that they name."""
        is_hidden = style.is_hidden or "hidden" in attributes
        if self._can_sheet_hide and not is_hidden and style.is_block is None:
            names, identity = attributes.get("class") or "", attributes.get("id") or ""
            is_hidden = self._sheet.hides(tag, names, identity)
        if not PICTURE_ATTRIBUTES.isdisjoint(attributes):
            known = len(self.collected.in_order)
            self.collected.visit(tag, attributes, is_seen=not is_hidden)
            if self._marks_pictures and len(self.collected.in_order) > known:
                self.state.layout.write_flowing(picture_mark(known))
        return is_hidden

    def _mark_quote(self, tag: str, attributes: Attributes, on_exit: ExitActions) -> None:
        """Write a line that says that a quoted mail begins here."""
        marks = quote_marks.marks_of(attributes)
        relevant = quote_marks.QUOTE_BLOCKS if tag == "blockquote" else _QUOTE_MARKS
        if not marks.isdisjoint(relevant):
            self.state.layout.write_line(QUOTE_MARK)
            self.state.set_until_exit(on_exit, is_in_quoted_mail=True)


def _run_exit_actions(on_exit: ExitActions) -> None:
    while on_exit:
        on_exit.pop()()
