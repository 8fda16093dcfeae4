"""What the elements of HTML do to a text.

Each function begins one kind of element and adds to `leaves` what is to be done at its end; False:
what the element holds is not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from selectolax.lexbor import LexborNode

from webcrm_sync.core.mail_text.layout import Span
from webcrm_sync.core.mail_text.links import target_to_show
from webcrm_sync.core.mail_text.numbering import format_marker
from webcrm_sync.core.mail_text.render_state import Element, ExitActions, Numbering, RenderState
from webcrm_sync.core.mail_text.style import PLAIN, Style
from webcrm_sync.core.mail_text.whitespace import strip_fillers

#: Digits and signs change their meaning when they are no longer raised: 10<sup>6</sup>.
_RAISED = re.compile(r"\s*[+\-\u2212\u2013(]?\s*(?:\d[\d.,/]*|[a-z])\s*\)?\s*")
#: Word writes its bullets as letters of symbol fonts.
_BULLETS = frozenset("·§oØ•▪◦–-qvü\uf0b7\uf0a7\uf0d8")
_LONGEST_MARKER = 40
_INTEGER = re.compile(r"\s*([+-]?\d{1,9})(?!\d)")
_PICTURE_NAME = re.compile(r"[^\s/]{1,200}\.(?:png|jpe?g|gif|bmp|svg|webp)", re.IGNORECASE)
_BUTTONS = frozenset({"button", "submit", "reset"})
_BOXES = frozenset({"checkbox", "radio"})


def _block(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    if element.style.is_block is not False:
        page.block(leaves)
    if element.style.is_quote or "EmailQuote" in element.get("class"):
        mark_quoted(page, leaves)
    return True


def _paragraph(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    # Word says in a style sheet that its paragraphs have no margin.
    is_word = element.get("class").removeprefix("x_").startswith("Mso")
    page.block(leaves, 1 if is_word or element.style.has_no_margin else 2)
    return True


def _preformatted(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    page.block(leaves)
    if element.style.is_preserved is None:
        page.set(leaves, is_preserved=True)
    return True


def _line_end(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    page.layout.line_end()
    return False


def _quote(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    page.block(leaves, 2)
    # Gmail and Outlook on the web indent what a person writes by blockquotes without a border.
    if not element.style.is_borderless or element.get("type") == "cite":
        mark_quoted(page, leaves)
    return True


def mark_quoted(page: RenderState, leaves: ExitActions) -> None:
    """Mark the element's lines as a quote."""
    layout = page.layout
    leaves.append(partial(setattr, layout, "quotes", layout.quotes))
    layout.quotes += 1


def _list(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    page.block(leaves, 1 if page.lists else 2)
    kind = element.style.list_kind or element.get("type")
    page.lists.append(_numbering(element, kind) if element.tag == "ol" else Numbering(kind=kind))
    layout = page.layout
    leaves += (
        partial(page.lists.__delitem__, -1),
        partial(setattr, layout, "lists", layout.lists),
    )
    layout.lists += 1
    return True


def _numbering(element: Element, kind: str) -> Numbering:
    start = _integer(element.get("start"))
    if "reversed" not in element.attributes:
        return Numbering(1 if start is None else start, 1, kind)
    if start is None:
        child, start = element.node.first_child, 0
        while child is not None:
            start += child.tag == "li"
            child = child.next
    return Numbering(start, -1, kind)


def _item(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    page.block(leaves)
    numbering = page.lists[-1] if page.lists else Numbering()
    if numbering.step:
        value = _integer(element.get("value"))
        numbering.number = numbering.number if value is None else value
        mark = format_marker(numbering.number, numbering.kind)
        numbering.number += numbering.step
    else:
        mark = "*"
    if numbering.kind != "none" and element.style.list_kind != "none":
        page.layout.mark(f"{mark} ")
        leaves.append(page.layout.unmark)
    return True


def _word_marker(page: RenderState, element: Element) -> bool:
    """The marker that Word writes as text in front of a list's paragraph."""
    text = " ".join(element.node.text(deep=True)[:_LONGEST_MARKER].split())
    page.layout.mark("* " if text in _BULLETS else f"{text} ")
    return False


def _integer(text: str) -> int | None:
    found = _INTEGER.match(text)
    return int(found[1]) if found else None


def _table(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    page.block(leaves)
    return True


def _row(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    page.block(leaves)
    page.rows.append(None)
    leaves.append(partial(page.rows.__delitem__, -1))
    return True


def _cell(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    layout = page.layout
    if not page.rows:
        return True
    first = page.rows[-1]
    layout.next_cell(is_beside=first == layout.lines and layout.has_open_line)
    before, layout.first_line = layout.first_line, None
    leaves.append(partial(_end_cell, page, before))
    return True


def _end_cell(page: RenderState, before: int | None) -> None:
    layout = page.layout
    layout.end_cell()
    if layout.first_line is not None and page.rows[-1] is None:
        page.rows[-1] = layout.first_line
    layout.first_line = before if before is not None else layout.first_line


def _link(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    href = element.get("href")
    if not href or page.is_linked:
        return True
    page.set(leaves, is_linked=True)
    span = Span("[", "")
    page.layout.open_span(span)
    leaves.append(partial(_end_link, page, span, href))
    return True


def _end_link(page: RenderState, span: Span, href: str) -> None:
    address = target_to_show(href, page.layout.words_of(span))
    if address:
        span.after = f"]({address})"
    else:
        page.layout.drop_before(span)
    page.layout.close_span(span)


def _picture(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    words = strip_fillers(element.get("alt")).strip()
    is_pixel = any(element.get(side) in {"0", "1"} for side in ("width", "height"))
    if not words or is_pixel or _PICTURE_NAME.fullmatch(words):
        return False
    is_emoji = not any(letter.isalnum() for letter in words)
    if not is_emoji:
        page.layout.separate()
    page.layout.flow(words)
    if not is_emoji:
        page.layout.separate()
    return False


def _struck(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    strike(page, leaves)
    return True


def strike(page: RenderState, leaves: ExitActions) -> None:
    """Show that the element's words are struck out."""
    if not page.is_struck:
        page.set(leaves, is_struck=True)
        page.span(leaves, "~~", "~~")


def _raised(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    if _RAISED.fullmatch(_only_text(element.node)[:_LONGEST_MARKER]):
        page.span(leaves, "^")
    return True


def _only_text(node: LexborNode) -> str:
    """The text of a node that holds one alone, whatever is around it within; "" for others."""
    while (child := node.first_child) is not None and child.next is None:
        node = child
    return (node.text_content or "") if node.tag == "-text" else ""


def _citation(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    page.span(leaves, "“", "”")
    return True


def _apart(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    page.apart(leaves)
    return True


def _input(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    kind = element.get("type").lower()
    if kind in _BOXES:
        words = "[x]" if "checked" in element.attributes else "[ ]"
    elif kind == "image":
        words = element.get("alt")
    else:
        words = "" if kind in {"hidden", "password"} else element.get("value")
    if words.strip():
        page.layout.separate()
        page.layout.flow(strip_fillers(words))
        page.layout.separate()
    return False


def _all(
    begin: Callable[[RenderState, Element, ExitActions], bool], tags: str
) -> Iterable[tuple[str, Handler]]:
    return ((tag, begin) for tag in tags.split())


Handler = Callable[[RenderState, Element, ExitActions], bool]
HANDLERS: dict[str, Handler] = dict(
    [
        *_all(
            _block,
            "address article aside body center dd details dialog dir div dl dt fieldset figcaption"
            " figure footer form frameset header hgroup html legend main menu nav optgroup option"
            " search section summary tbody tfoot thead caption marquee",
        ),
        *_all(_paragraph, "p h1 h2 h3 h4 h5 h6 hr"),
        *_all(_preformatted, "pre textarea xmp listing plaintext"),
        *_all(_list, "ul ol"),
        *_all(_cell, "td th"),
        *_all(_struck, "s strike del"),
        *_all(_apart, "button label select meter progress"),
        ("br", _line_end),
        ("blockquote", _quote),
        ("li", _item),
        ("table", _table),
        ("tr", _row),
        ("a", _link),
        ("area", _link),
        ("img", _picture),
        ("sup", _raised),
        ("q", _citation),
        ("input", _input),
    ]
)


_INLINE = frozenset({_link, _picture, _struck, _raised, _citation, _apart})


def begin_element(page: RenderState, element: Element, leaves: ExitActions) -> bool:
    """Begin an element; False: what it holds is not read."""
    style = element.style
    if style is PLAIN:
        known = HANDLERS.get(element.tag)
        return known(page, element, leaves) if known else True
    if style.is_marker:
        return _word_marker(page, element)
    _apply(page, style, leaves)
    known = HANDLERS.get(element.tag)
    if style.is_block and (known is None or known in _INLINE):
        page.block(leaves)
    is_read = known(page, element, leaves) if known else True
    if style.is_apart:
        page.apart(leaves)
    if style.is_raised and element.tag != "sup":
        _raised(page, element, leaves)
    if style.is_struck:
        strike(page, leaves)
    return is_read


def _apply(page: RenderState, style: Style, leaves: ExitActions) -> None:
    """Let a style hold for the words of its element."""
    if style.is_sizeless is not None and style.is_sizeless != page.is_sizeless:
        page.set(leaves, is_sizeless=style.is_sizeless)
    if style.is_preserved is not None and style.is_preserved != page.is_preserved:
        page.set(leaves, is_preserved=style.is_preserved)
    if style.is_wingdings:
        page.set(leaves, is_wingdings=True)
