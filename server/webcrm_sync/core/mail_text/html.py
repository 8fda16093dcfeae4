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
from webcrm_sync.core.mail_text.elements import HANDLERS, begin_element
from webcrm_sync.core.mail_text.html_limits import limit_html
from webcrm_sync.core.mail_text.pictures import PictureCollector
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK
from webcrm_sync.core.mail_text.render_state import Attributes, Element, ExitActions, RenderState
from webcrm_sync.core.mail_text.style import PLAIN, parse_style
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
_END_OF_DOCUMENT = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
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


def html_to_text(html: str, *, limit: int, marks_quotes: bool = False) -> HtmlText:
    """The text of some HTML, about `limit` characters at most. Linear in the length of the HTML.

    Links become `[words](address)`, quoted lines begin with `> `, struck words are in `~~`.
    `marks_quotes`: writes a `QUOTE_MARK` before each quoted mail that a mail program has marked.
    """
    html = to_storable(html).replace(QUOTE_MARK, "")
    limited = limit_html(_END_OF_DOCUMENT.sub(r"<div></div>\g<0>", html))
    walk = _TreeWalk(limit, marks_quotes=marks_quotes)
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

    def __init__(self, limit: int, *, marks_quotes: bool) -> None:
        self.state = RenderState()
        self.collected = PictureCollector()
        self.is_cut = False
        self._sheet = StyleSheet()
        self._limit = limit
        self._marks_quotes = marks_quotes

    def run(self, root: LexborNode) -> None:
        """Read the tree without recursion, since the nesting depth has no limit."""
        ancestors: list[tuple[LexborNode, ExitActions]] = []
        node: LexborNode | None = root
        layout, limit = self.state.layout, self._limit
        while node is not None:
            if layout.length > limit:
                self.is_cut = True
                return
            on_exit = self._begin(node)
            child = None if on_exit is None else node.first_child
            if on_exit is not None and child is not None:
                ancestors.append((node, on_exit))
                node = child
                continue
            if on_exit:
                _run_exit_actions(on_exit)
            following = node.next if ancestors else None
            while following is None and ancestors:
                node, on_exit = ancestors.pop()
                if on_exit:
                    _run_exit_actions(on_exit)
                following = node.next if ancestors else None
            node = following

    def _begin(self, node: LexborNode) -> ExitActions | None:
        """Begin a node. Returns the actions for its end, None = its content is not read."""
        tag = node.tag or "-"
        if tag == "-text":
            self.state.write(node.text_content or "")
            return None
        if tag in _INVISIBLE or tag[0] in "-!":
            if tag == "style":
                self._sheet.read(node.text(deep=True))
            return None
        attributes: Attributes = node.attributes
        if attributes:
            return self._begin_element(node, tag, attributes)
        if tag not in HANDLERS:
            return _NO_ACTIONS
        return self._enter(Element(node, tag, attributes, PLAIN), [])

    def _begin_element(
        self, node: LexborNode, tag: str, attributes: Attributes
    ) -> ExitActions | None:
        style = parse_style(attributes.get("style") or "")
        element = Element(node, tag, attributes, style)
        is_hidden = style.is_hidden or "hidden" in attributes or self._is_hidden_by_sheet(element)
        self.collected.visit(tag, attributes, is_seen=not is_hidden)
        if is_hidden:
            self.collected.visit_hidden(node)
            return None
        on_exit: ExitActions = []
        if self._marks_quotes and not self.state.is_in_quoted_mail:
            self._mark_quote(element, on_exit)
        return self._enter(element, on_exit)

    def _enter(self, element: Element, on_exit: ExitActions) -> ExitActions | None:
        if begin_element(self.state, element, on_exit):
            return on_exit
        _run_exit_actions(on_exit)
        return None

    def _is_hidden_by_sheet(self, element: Element) -> bool:
        if self._sheet.is_empty or element.style.is_block is not None:
            return False
        return self._sheet.hides(element.tag, element.get("class"), element.get("id"))

    def _mark_quote(self, element: Element, on_exit: ExitActions) -> None:
        """Write a line that says that a quoted mail begins here."""
        marks = quote_marks.marks_of(element.attributes)
        relevant = quote_marks.QUOTE_BLOCKS if element.tag == "blockquote" else _QUOTE_MARKS
        if not marks.isdisjoint(relevant):
            self.state.layout.write_line(QUOTE_MARK)
            self.state.set_until_exit(on_exit, is_in_quoted_mail=True)


#: The actions of an element that changes nothing. No code adds to this list.
_NO_ACTIONS: ExitActions = []


def _run_exit_actions(on_exit: ExitActions) -> None:
    for action in reversed(on_exit):
        action()
