"""HTML of a mail as text: what a person sees of it, in the order and form in which it is read.

The tree is lexbor's, made as browsers make it (WHATWG HTML). The walk over it is our own: no
library keeps links, numbers, quotes and struck words and leaves out what is hidden (ADR 10).
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

_UNSEEN_TAGS = (
    "title script style template iframe noembed noframes embed datalist map metadata desc"
    " annotation annotation-xml param source track"
    # What Office keeps for itself, where a gateway took the comment off around it.
    " o:officedocumentsettings o:shapedefaults o:shapelayout w:worddocument w:latentstyles"
)
_UNSEEN = frozenset(_UNSEEN_TAGS.split())
#: A parser puts the words behind a document's end beside those before it.
_END_OF_DOCUMENT = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
#: Lexbor copies a list's chosen option at each option otherwise: 100,000 of them take 50 s.
_WITHOUT_EVENTS = LexborDocumentOptions.WO_EVENTS
_HISTORY = quote_marks.QUOTE_STARTS | quote_marks.QUOTE_CONTAINERS | quote_marks.ATTRIBUTIONS


@dataclass(frozen=True, slots=True)
class HtmlText:
    """What was read. `has_words`: there is a letter or a number besides the pictures' own words.

    `is_cut`: there was more than the limit lets through.
    """

    text: str
    gallery: PictureCollector
    has_words: bool
    is_cut: bool


def html_to_text(html: str, *, limit: int, marks_history: bool = False) -> HtmlText:
    """The text of some HTML, of `limit` characters or little more.

    Links are `[words](address)`, quotes begin with `> `, struck words are in `~~`. Linear in the
    length of the HTML. `marks_history`: with a `HISTORY_LINE` in front of each older mail that a
    mail program has marked.
    """
    html = to_storable(html).replace(QUOTE_MARK, "")
    taken = limit_html(_END_OF_DOCUMENT.sub(r"<div></div>\g<0>", html))
    walk = _Walk(limit, marks_history=marks_history)
    root = LexborHTMLParser(taken.html, options=_WITHOUT_EVENTS).root
    if root is not None:
        walk.run(root)
    return HtmlText(
        walk.page.layout.text(), walk.gallery, walk.page.has_words, taken.is_cut or walk.is_cut
    )


class _Walk:
    """One walk through a tree, in the order of reading."""

    def __init__(self, limit: int, *, marks_history: bool) -> None:
        self.page = RenderState()
        self.gallery = PictureCollector()
        self.is_cut = False
        self._sheet = StyleSheet()
        self._limit = limit
        self._marks_history = marks_history

    def run(self, root: LexborNode) -> None:
        """Read the tree, without recursion, since nothing limits how deep a mail is nested."""
        above: list[tuple[LexborNode, ExitActions]] = []
        node: LexborNode | None = root
        layout, limit = self.page.layout, self._limit
        while node is not None:
            if layout.length > limit:
                self.is_cut = True
                return
            leaves = self._begin(node)
            child = None if leaves is None else node.first_child
            if leaves is not None and child is not None:
                above.append((node, leaves))
                node = child
                continue
            if leaves:
                _end(leaves)
            following = node.next if above else None
            while following is None and above:
                node, leaves = above.pop()
                if leaves:
                    _end(leaves)
                following = node.next if above else None
            node = following

    def _begin(self, node: LexborNode) -> ExitActions | None:
        """Begin a node: what is to be done at its end, None = nothing in it is read."""
        tag = node.tag or "-"
        if tag == "-text":
            self.page.write(node.text_content or "")
            return None
        if tag in _UNSEEN or tag[0] in "-!":
            if tag == "style":
                self._sheet.read(node.text(deep=True))
            return None
        attributes: Attributes = node.attributes
        if attributes:
            return self._begin_element(node, tag, attributes)
        if tag not in HANDLERS:
            return _NO_LEAVES
        return self._enter(Element(node, tag, attributes, PLAIN), [])

    def _begin_element(
        self, node: LexborNode, tag: str, attributes: Attributes
    ) -> ExitActions | None:
        style = parse_style(attributes.get("style") or "")
        element = Element(node, tag, attributes, style)
        is_hidden = style.is_hidden or "hidden" in attributes or self._is_hidden_by_sheet(element)
        self.gallery.visit(tag, attributes, is_seen=not is_hidden)
        if is_hidden:
            self.gallery.pass_by(node)
            return None
        leaves: ExitActions = []
        if self._marks_history and not self.page.is_history:
            self._mark_history(element, leaves)
        return self._enter(element, leaves)

    def _enter(self, element: Element, leaves: ExitActions) -> ExitActions | None:
        if begin_element(self.page, element, leaves):
            return leaves
        _end(leaves)
        return None

    def _is_hidden_by_sheet(self, element: Element) -> bool:
        if self._sheet.is_empty or element.style.is_block is not None:
            return False
        return self._sheet.hides(element.tag, element.get("class"), element.get("id"))

    def _mark_history(self, element: Element, leaves: ExitActions) -> None:
        """Say in a line of its own that an older mail begins here."""
        marks = quote_marks.marks_of(element.attributes)
        known = quote_marks.QUOTE_BLOCKS if element.tag == "blockquote" else _HISTORY
        if not marks.isdisjoint(known):
            self.page.layout.line(QUOTE_MARK)
            self.page.set(leaves, is_history=True)


#: Of an element that changes nothing; never added to.
_NO_LEAVES: ExitActions = []


def _end(leaves: ExitActions) -> None:
    for leave in reversed(leaves):
        leave()
