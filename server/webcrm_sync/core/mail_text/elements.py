"""The effect of each HTML element on the text.

Each handler begins one kind of element and adds to `on_exit` what has to happen at its end. It
returns False if the content of the element is not read.
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
from webcrm_sync.core.mail_text.style import Style
from webcrm_sync.core.mail_text.whitespace import strip_fillers

#: Digits and signs change their meaning without superscript: 10<sup>6</sup>.
_SUPERSCRIPT = re.compile(r"\s*[+\-\u2212\u2013(]?\s*(?:\d[\d.,/]*|[a-z])\s*\)?\s*")
#: Word writes bullets as letters of symbol fonts.
_BULLETS = frozenset("·§oØ•▪◦–-qvü\uf0b7\uf0a7\uf0d8")
_LONGEST_MARKER = 40
_INTEGER = re.compile(r"\s*([+-]?\d{1,9})(?!\d)")
_PICTURE_NAME = re.compile(r"[^\s/]{1,200}\.(?:png|jpe?g|gif|bmp|svg|webp)", re.IGNORECASE)
_CHECKBOXES = frozenset({"checkbox", "radio"})


def _block(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    if element.style.is_block is not False:
        state.begin_block(on_exit)
    if element.style.is_quote or "EmailQuote" in element.get("class"):
        mark_quoted(state, on_exit)
    return True


def _paragraph(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    # Word sets the margins of its paragraphs to zero in a style sheet.
    is_word = element.get("class").removeprefix("x_").startswith("Mso")
    state.begin_block(on_exit, 1 if is_word or element.style.has_no_margin else 2)
    return True


def _preformatted(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    state.begin_block(on_exit)
    if element.style.is_preserved is None:
        state.set_until_exit(on_exit, is_preserved=True)
    return True


def _line_end(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    state.layout.end_line()
    return False


def _quote(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    state.begin_block(on_exit, 2)
    # Gmail and Outlook on the web indent the writer's own text with borderless blockquotes.
    if not element.style.is_borderless or element.get("type") == "cite":
        mark_quoted(state, on_exit)
    return True


def mark_quoted(state: RenderState, on_exit: ExitActions) -> None:
    """Mark the element's lines as a quote."""
    layout = state.layout
    on_exit.append(partial(setattr, layout, "quote_depth", layout.quote_depth))
    layout.quote_depth += 1


def _list(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    state.begin_block(on_exit, 1 if state.lists else 2)
    kind = element.style.list_kind or element.get("type")
    state.lists.append(_numbering(element, kind) if element.tag == "ol" else Numbering(kind=kind))
    layout = state.layout
    on_exit += (
        state.lists.pop,
        partial(setattr, layout, "list_depth", layout.list_depth),
    )
    layout.list_depth += 1
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


def _item(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    state.begin_block(on_exit)
    numbering = state.lists[-1] if state.lists else Numbering()
    if numbering.step:
        value = _integer(element.get("value"))
        numbering.number = numbering.number if value is None else value
        mark = format_marker(numbering.number, numbering.kind)
        numbering.number += numbering.step
    else:
        mark = "*"
    if numbering.kind != "none" and element.style.list_kind != "none":
        state.layout.set_marker(f"{mark} ")
        on_exit.append(state.layout.drop_marker)
    return True


def _word_marker(state: RenderState, element: Element) -> bool:
    """The list marker that Word writes as text before a paragraph."""
    text = " ".join(element.node.text()[:_LONGEST_MARKER].split())
    state.layout.set_marker("* " if text in _BULLETS else f"{text} ")
    return False


def _integer(text: str) -> int | None:
    match = _INTEGER.match(text)
    return int(match[1]) if match else None


def _table(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    state.begin_block(on_exit)
    return True


def _row(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    state.begin_block(on_exit)
    state.rows.append(None)
    on_exit.append(state.rows.pop)
    return True


def _cell(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    if state.rows:
        state.begin_cell(on_exit)
    return True


def _link(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    href = element.get("href")
    if not href or state.is_linked:
        return True
    state.set_until_exit(on_exit, is_linked=True)
    span = Span("[", "")
    state.layout.open_span(span)
    on_exit.append(partial(_end_link, state, span, href))
    return True


def _end_link(state: RenderState, span: Span, href: str) -> None:
    address = target_to_show(href, state.layout.text_in(span))
    if address:
        span.after = f"]({address})"
    else:
        state.layout.drop_span_text(span)
    state.layout.close_span(span)


def _picture(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    words = strip_fillers(element.get("alt")).strip()
    is_pixel = any(element.get(side) in {"0", "1"} for side in ("width", "height"))
    if not words or is_pixel or _PICTURE_NAME.fullmatch(words):
        return False
    is_emoji = not any(letter.isalnum() for letter in words)
    if not is_emoji:
        state.layout.request_space()
    state.layout.write_flowing(words)
    if not is_emoji:
        state.layout.request_space()
    return False


def _struck_out(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    strike(state, on_exit)
    return True


def strike(state: RenderState, on_exit: ExitActions) -> None:
    """Show that the element's words are struck out."""
    if not state.is_struck:
        state.set_until_exit(on_exit, is_struck=True)
        state.begin_span(on_exit, "~~", "~~")


def _superscript(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    if _SUPERSCRIPT.fullmatch(_sole_text(element.node)[:_LONGEST_MARKER]):
        state.begin_span(on_exit, "^")
    return True


def _sole_text(node: LexborNode) -> str:
    """The text of a node whose only leaf is text; "" for other nodes."""
    while (child := node.first_child) is not None and child.next is None:
        node = child
    return (node.text_content or "") if node.tag == "-text" else ""


def _citation(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    state.begin_span(on_exit, "“", "”")
    return True


def _inline_box(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    state.begin_inline_box(on_exit)
    return True


def _input(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    kind = element.get("type").lower()
    if kind in _CHECKBOXES:
        words = "[x]" if "checked" in element.attributes else "[ ]"
    elif kind == "image":
        words = element.get("alt")
    else:
        words = "" if kind in {"hidden", "password"} else element.get("value")
    if words.strip():
        state.layout.request_space()
        state.layout.write_flowing(strip_fillers(words))
        state.layout.request_space()
    return False


def _for_tags(
    begin: Callable[[RenderState, Element, ExitActions], bool], tags: str
) -> Iterable[tuple[str, Handler]]:
    return ((tag, begin) for tag in tags.split())


Handler = Callable[[RenderState, Element, ExitActions], bool]
HANDLERS: dict[str, Handler] = dict(
    [
        *_for_tags(
            _block,
            "address article aside body center dd details dialog dir div dl dt fieldset figcaption"
            " figure footer form frameset header hgroup html legend main menu nav optgroup option"
            " search section summary tbody tfoot thead caption marquee",
        ),
        *_for_tags(_paragraph, "p h1 h2 h3 h4 h5 h6 hr"),
        *_for_tags(_preformatted, "pre textarea xmp listing plaintext"),
        *_for_tags(_list, "ul ol"),
        *_for_tags(_cell, "td th"),
        *_for_tags(_struck_out, "s strike del"),
        *_for_tags(_inline_box, "button label select meter progress"),
        ("br", _line_end),
        ("blockquote", _quote),
        ("li", _item),
        ("table", _table),
        ("tr", _row),
        ("a", _link),
        ("area", _link),
        ("img", _picture),
        ("sup", _superscript),
        ("q", _citation),
        ("input", _input),
    ]
)


_INLINE = frozenset({_link, _picture, _struck_out, _superscript, _citation, _inline_box})


def begin_styled(state: RenderState, element: Element, on_exit: ExitActions) -> bool:
    """Begin an element that has a style. False: its content is not read."""
    style = element.style
    if style.is_marker:
        return _word_marker(state, element)
    _apply(state, style, on_exit)
    begin = HANDLERS.get(element.tag)
    if style.is_block and (begin is None or begin in _INLINE):
        state.begin_block(on_exit)
    is_read = begin(state, element, on_exit) if begin else True
    if style.is_inline_box:
        state.begin_inline_box(on_exit)
    if style.is_superscript and element.tag != "sup":
        _superscript(state, element, on_exit)
    if style.is_struck:
        strike(state, on_exit)
    return is_read


def _apply(state: RenderState, style: Style, on_exit: ExitActions) -> None:
    """Apply a style to the words of its element."""
    if style.is_sizeless is not None and style.is_sizeless != state.is_sizeless:
        state.set_until_exit(on_exit, is_sizeless=style.is_sizeless)
    if style.is_preserved is not None and style.is_preserved != state.is_preserved:
        state.set_until_exit(on_exit, is_preserved=style.is_preserved)
    if style.is_wingdings:
        state.set_until_exit(on_exit, is_wingdings=True)
