"""Reads from a `style` attribute what changes the text of its element."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

#: The relevant properties and values; most styles contain none of them.
_RELEVANT = re.compile(
    r"display|visibility|opacity|font-size|height|width|white-space|line-through"
    r"|border|list-style|margin|mso-list|wingdings|super|float",
    re.IGNORECASE,
)
_SHORT, _LONGEST = 200, 4000
_ZERO = re.compile(r"[-+]?0*\.?0*(?:[a-z]+|%)?")
_BLOCKS = frozenset({"block", "flex", "grid", "table", "list-item", "flow-root", "table-row"})
_INLINE_BOXES = frozenset({"inline-block", "inline-flex", "inline-table", "inline-grid"})
_LIST_KINDS = {
    "none": "none",
    "lower-alpha": "a",
    "lower-latin": "a",
    "upper-alpha": "A",
    "upper-latin": "A",
    "lower-roman": "i",
    "upper-roman": "I",
}
#: The colours of the line with which Outlook and Exchange mark a quote without a blockquote.
_QUOTE_COLOURS = ("blue", "#0000ff", "#800000")
_PRESERVED = frozenset({"pre", "pre-wrap", "pre-line", "break-spaces"})


@dataclass(frozen=True, slots=True)
class Style:
    """The relevant parts of a style. The defaults mean that the style does not mention them."""

    is_hidden: bool = False
    #: the text inside has no size, unless an inner element sets one
    is_sizeless: bool | None = None
    is_block: bool | None = None
    #: a box inside a line, like a button
    is_inline_box: bool = False
    is_superscript: bool = False
    is_preserved: bool | None = None
    is_struck: bool = False
    is_quote: bool = False
    #: the writer's own indentation, by an element that usually means a quote
    is_borderless: bool = False
    #: HTML's `type` of an ordered list, "none" = no markers, "" = not mentioned
    list_kind: str = ""
    has_no_margin: bool = False
    #: the bullet that Word writes before a list paragraph
    is_marker: bool = False
    #: its letters are symbols
    is_wingdings: bool = False


PLAIN = Style()


def parse_style(text: str) -> Style:
    """The style of an attribute's text, `PLAIN` if nothing in it is relevant."""
    return _parse_cached(text) if len(text) <= _SHORT else _parse_if_relevant(text[:_LONGEST])


def _parse_if_relevant(text: str) -> Style:
    return _parse(text) if _RELEVANT.search(text) else PLAIN


#: Mails repeat their styles, and a program repeats them in all its mails.
_parse_cached = lru_cache(maxsize=1024)(_parse_if_relevant)


def _parse(text: str) -> Style:
    # A ";" inside a quoted url splits it as well; no relevant property follows then.
    parts = (part.partition(":") for part in text.lower().split(";"))
    values = {
        name.strip(): value.replace("!important", "").strip() for name, _, value in parts if value
    }
    display, space = values.get("display", ""), values.get("white-space", "")
    size = values.get("font-size", "")
    decoration = values.get("text-decoration", "") + values.get("text-decoration-line", "")
    style = Style(
        is_hidden=_is_hidden(values),
        is_sizeless=_is_zero(size) if size else None,
        is_block=_is_block(display),
        # An element that floats to the left may be the first letter of a word.
        is_inline_box=display in _INLINE_BOXES or values.get("float") == "right",
        is_superscript=values.get("vertical-align") == "super",
        is_preserved=space in _PRESERVED if space else None,
        is_struck="line-through" in decoration,
        is_quote=any(colour in values.get("border-left", "") for colour in _QUOTE_COLOURS),
        is_borderless=values.get("border", "").startswith(("none", "0")),
        list_kind=_list_kind(values),
        has_no_margin=_has_no_margin(values),
        is_marker=values.get("mso-list", "") == "ignore",
        is_wingdings="wingdings" in values.get("font-family", ""),
    )
    return PLAIN if style == PLAIN else style


def _is_hidden(values: dict[str, str]) -> bool:
    if values.get("display") == "none" or values.get("visibility") in {"hidden", "collapse"}:
        return True
    if _is_zero(values.get("opacity", "")):
        return True
    heights = (values.get(name, "") for name in ("max-height", "height", "max-width", "width"))
    return values.get("overflow") == "hidden" and any(map(_is_zero, heights))


def _is_zero(value: str) -> bool:
    return bool(value) and _ZERO.fullmatch(value) is not None and "0" in value


def _is_block(display: str) -> bool | None:
    if display in {"inline", "contents"}:
        return False
    return True if display in _BLOCKS else None


def _list_kind(values: dict[str, str]) -> str:
    words = f"{values.get('list-style', '')} {values.get('list-style-type', '')}".split()
    return next((_LIST_KINDS[word] for word in words if word in _LIST_KINDS), "")


def _has_no_margin(values: dict[str, str]) -> bool:
    if (margin := values.get("margin", "")) and all(map(_is_zero, margin.split()[:1])):
        return True
    sides = [values.get(f"margin-{side}", "") for side in ("top", "bottom")]
    return all(map(_is_zero, sides))
