"""What an element's `style` attribute changes about its text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

#: Nothing else in a style is looked at; most styles name none of these.
_TELLING = re.compile(
    r"display|visibility|opacity|font-size|height|width|white-space|line-through"
    r"|border|list-style|margin|mso-list|wingdings|super|float",
    re.IGNORECASE,
)
_SHORT, _LONGEST = 200, 4000
_ZERO = re.compile(r"[-+]?0*\.?0*(?:[a-z]+|%)?")
_BLOCKS = frozenset({"block", "flex", "grid", "table", "list-item", "flow-root", "table-row"})
_APART = frozenset({"inline-block", "inline-flex", "inline-table", "inline-grid"})
_LIST_KINDS = {
    "none": "none",
    "lower-alpha": "a",
    "lower-latin": "a",
    "upper-alpha": "A",
    "upper-latin": "A",
    "lower-roman": "i",
    "upper-roman": "I",
}
#: The lines by which Outlook and Exchange mark a quote in HTML that has no blockquote.
_QUOTE_COLOURS = ("blue", "#0000ff", "#800000")
_PRESERVED = frozenset({"pre", "pre-wrap", "pre-line", "break-spaces"})


@dataclass(frozen=True, slots=True)
class Style:
    """The parts of a style that matter to a text; the defaults say "not mentioned"."""

    is_hidden: bool = False
    #: the text within has no size, unless an element inside gives it one again
    is_sizeless: bool | None = None
    is_block: bool | None = None
    #: a box within a line, like a button
    is_apart: bool = False
    is_raised: bool = False
    is_preserved: bool | None = None
    is_struck: bool = False
    is_quote: bool = False
    #: an indentation that the writer made, where its element is usually a quote
    is_borderless: bool = False
    #: HTML's `type` of an ordered list, "none" = no markers, "" = not mentioned
    list_kind: str = ""
    has_no_margin: bool = False
    #: the bullet that Word writes in front of a list's paragraph
    is_marker: bool = False
    #: its letters are pictures
    is_wingdings: bool = False


PLAIN = Style()


def parse_style(text: str) -> Style:
    """The style that an attribute's text gives, `PLAIN` for one that changes nothing here."""
    return _known(text) if len(text) <= _SHORT else _read(text[:_LONGEST])


def _read(text: str) -> Style:
    return _parsed(text) if _TELLING.search(text) else PLAIN


#: A mail repeats its styles, and the mails of a program do.
_known = lru_cache(maxsize=1024)(_read)


def _parsed(text: str) -> Style:
    # A bare ";" within a quoted url would split it; what follows then names no property of ours.
    parts = (part.partition(":") for part in text.lower().split(";"))
    values = {
        name.strip(): value.replace("!important", "").strip() for name, _, value in parts if value
    }
    display, space = values.get("display", ""), values.get("white-space", "")
    size = values.get("font-size", "")
    decoration = values.get("text-decoration", "") + values.get("text-decoration-line", "")
    return Style(
        is_hidden=_is_hidden(values),
        is_sizeless=_is_zero(size) if size else None,
        is_block=_is_block(display),
        # What floats to the left may be the first letter of a word.
        is_apart=display in _APART or values.get("float") == "right",
        is_raised=values.get("vertical-align") == "super",
        is_preserved=space in _PRESERVED if space else None,
        is_struck="line-through" in decoration,
        is_quote=any(colour in values.get("border-left", "") for colour in _QUOTE_COLOURS),
        is_borderless=values.get("border", "").startswith(("none", "0")),
        list_kind=_list_kind(values),
        has_no_margin=_has_no_margin(values),
        is_marker=values.get("mso-list", "") == "ignore",
        is_wingdings="wingdings" in values.get("font-family", ""),
    )


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
