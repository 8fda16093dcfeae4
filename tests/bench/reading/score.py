"""The words that a body shows, by lexbor's tree, and how many of them a text holds.

What is visible, as a browser has it:
- Text of `body` outside `script`, `style`, `template`, `iframe`, `noscript`, `title` and comments.
  Text in a comment that only Outlook reads is none; `<![if ...]>` hides nothing.
- Not visible: `display:none`, `hidden`, opacity 0, and a height or width of at most 0 with hidden
  overflow, with all that is inside. Size 0 and `visibility:hidden` end where an element inside sets
  another value, as builders of newsletters do it.
- What `<style>` says counts where it hides by a rule outside `@media`. The order of rules does not.
- `mso-hide` alone hides in Outlook only: such words are neither visible nor hidden.

A word is a run of letters and figures with single marks within (`1.500,00`, `kunde.example/a`).
Blocks, cells, line breaks, pictures and fields part words; other elements do not. Invisible letters
(soft hyphens, joiners, marks of direction) are no part of a word. Alternative texts of pictures and
the addresses of links count neither way, nor do words with a raised or lowered piece, since there
is more than one right way to write them.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import regex
from selectolax.lexbor import LexborHTMLParser, LexborNode

_WORD = regex.compile(r"[\p{L}\p{N}]\p{M}*(?:[._,'’:@/&+-]?[\p{L}\p{N}]\p{M}*)*")
_NO_LETTERS = regex.compile(r"[\p{Cf}\u034f]")
_NEVER = {"script", "style", "template", "iframe", "noscript", "title", "head"}
_PARTED = {
    *("address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center"),
    *("dd", "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure"),
    *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "img", "input"),
    *("legend", "li", "listing", "main", "marquee", "menu", "nav", "object", "ol", "option", "p"),
    *("plaintext", "pre", "rt", "section", "select", "summary", "svg", "table", "tbody", "td"),
    *("textarea", "tfoot", "th", "thead", "tr", "ul", "xmp"),
}
_BLOCK_DISPLAYS = {"block", "flex", "grid", "list-item", "table", "table-cell", "table-row"}
#: Around raised and lowered pieces; no mail holds these letters for private use.
_RAISED, _LEVEL = "\ue000", "\ue001"
_WITH_RAISED = regex.compile(rf"[^\s{_RAISED}]*+(?:{_RAISED}[^{_LEVEL}]*+{_LEVEL}\S*+)++")
_ZERO = regex.compile(r"0+(?:\.0+)?(?:px|pt|em|rem|ex|%|cm|mm|in)?")
_MEDIA = regex.compile(r"@[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})")
_RULE = regex.compile(r"([^{}]+)\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class _State:
    """What an element takes from those around it."""

    is_gone: bool = False
    is_size_zero: bool = False
    is_invisible: bool = False
    is_outlooks: bool = False

    @property
    def is_shown(self) -> bool:
        return not (self.is_gone or self.is_size_zero or self.is_invisible)


@dataclass(frozen=True, slots=True)
class Truth:
    """The words of one body, each with how often it is there. `alternative`: those of pictures."""

    visible: Counter[str]
    hidden: Counter[str]
    alternative: Counter[str]


@dataclass(frozen=True, slots=True)
class Score:
    """The words of one body: how many, those not in the text, those of them that are there in
    pieces or glued, and the hidden ones that the text shows.
    """

    words: int
    lost: Counter[str]
    broken: Counter[str]
    shown: Counter[str]


def words(text: str) -> list[str]:
    """The words of a text, in their order.

    >>> words("Bau\u00adstelle: **1**.500,00 [plan](https://x.example/a)")
    ['Baustelle', '1', '500,00', 'plan', 'https', 'x.example/a']
    """
    return _WORD.findall(_NO_LETTERS.sub("", unicodedata.normalize("NFC", text)))


def truth(html: str) -> Truth:
    """The words that a body shows, and those that it hides."""
    tree = LexborHTMLParser(html)
    assert tree.root is not None
    by_rule = {node.mem_id for node in _hidden_by_rule(tree)}
    visible, hidden = [], []
    for text, state in _pieces_of(tree.root, by_rule):
        is_visible = state is None or (state.is_shown and not state.is_outlooks)
        is_hidden = state is not None and not state.is_shown
        visible.append(text if is_visible else "\n")
        hidden.append(text if is_hidden else "\n")
    shown = _WITH_RAISED.sub(" ", "".join(visible))
    pictures = (node.attributes.get("alt") or "" for node in tree.css("img"))
    return Truth(
        visible=Counter(words(shown)),
        hidden=Counter(words("".join(hidden))),
        alternative=Counter(words("\n".join(pictures))),
    )


def _pieces_of(root: LexborNode, by_rule: set[int]) -> Iterator[tuple[str, _State | None]]:
    """Each text with its state, and with None what stands at the borders of elements."""
    open_nodes: list[tuple[LexborNode, _State, bool]] = [(root, _State(), False)]
    while open_nodes:
        node, above, is_end = open_nodes.pop()
        if node.is_text_node:
            yield node.text_content or "", above
        if not node.is_element_node or node.tag in _NEVER:
            continue
        style = _style(node.attributes.get("style") or "")
        yield _border(node, style, is_end=is_end), None
        if is_end:
            continue
        state = _state(node, style, above)
        if node.mem_id in by_rule:
            state = replace(state, is_gone=True)
        open_nodes.append((node, above, True))
        open_nodes += [(child, state, False) for child in reversed(list(_children(node)))]


def _border(node: LexborNode, style: dict[str, str], *, is_end: bool) -> str:
    if node.tag in {"sup", "sub"}:
        return _LEVEL if is_end else _RAISED
    return "\n" if _parts_words(node, style) else ""


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def _style(written: str) -> dict[str, str]:
    pairs = (piece.partition(":") for piece in written.casefold().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def _parts_words(node: LexborNode, style: dict[str, str]) -> bool:
    display = style.get("display", "")
    if display == "inline":
        return False
    return node.tag in _PARTED or display in _BLOCK_DISPLAYS


def _state(node: LexborNode, style: dict[str, str], above: _State) -> _State:
    size, visibility = style.get("font-size"), style.get("visibility")
    return _State(
        is_gone=above.is_gone or "hidden" in node.attributes or _is_gone(style),
        is_size_zero=above.is_size_zero if size is None else bool(_ZERO.fullmatch(size)),
        is_invisible=above.is_invisible if visibility is None else visibility == "hidden",
        is_outlooks=above.is_outlooks or style.get("mso-hide") == "all",
    )


def _is_gone(style: dict[str, str]) -> bool:
    if style.get("display") == "none" or _ZERO.fullmatch(style.get("opacity", "1")):
        return True
    bounds = (style.get(name, "") for name in ("max-height", "height", "max-width", "width"))
    return style.get("overflow") == "hidden" and any(_ZERO.fullmatch(bound) for bound in bounds)


def _hidden_by_rule(tree: LexborHTMLParser) -> Iterator[LexborNode]:
    for sheet in tree.css("style"):
        for selector, written in _RULE.findall(_MEDIA.sub("", sheet.text())):
            style = _style(written)
            if style.get("display") == "none" or style.get("visibility") == "hidden":
                yield from tree.css(selector.strip().removeprefix("<!--"))


def score(right: Truth, text: str) -> Score:
    """How a text stands to what its body shows; the order of words does not count."""
    told = words(text)
    counted = Counter(told)
    lost = right.visible - counted
    extra = _extra(told, counted, right.visible)
    return Score(
        words=right.visible.total(),
        lost=lost,
        broken=Counter({w: times for w, times in lost.items() if _letters(w) in extra}),
        shown=(counted - right.visible - right.alternative) & right.hidden,
    )


def _extra(told: list[str], counted: Counter[str], visible: Counter[str]) -> str:
    """What stands in a text beyond the words that are right, each run of it without its gaps."""
    return "".join(_letters(w) if counted[w] > visible[w] else " " for w in told)


def _letters(word: str) -> str:
    return "".join(letter for letter in word if letter.isalnum())
