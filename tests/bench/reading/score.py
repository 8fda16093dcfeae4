"""Scores a text by the words that its body shows, according to lexbor's tree.

Visible, as in a browser:
- Text of `body` outside `script`, `style`, `template`, `iframe`, `noscript`, `title` and comments.
  Text in a comment for Outlook alone does not count; `<![if ...]>` hides nothing.
- Not visible, with everything inside: `display:none`, `hidden`, opacity 0, and a height or width of
  at most 0 with hidden overflow. Size 0 and `visibility:hidden` end at an inner element that sets
  another value, as in newsletters.
- A rule of `<style>` outside `@media` counts if it hides. The order of rules does not count.
- `mso-hide` alone hides in Outlook only: such words are neither visible nor hidden.

A word is a run of letters and digits with single marks inside (`1.500,00`, `kunde.example/a`).
Blocks, cells, line breaks, pictures and fields separate words; other elements do not. Invisible
characters (soft hyphens, joiners, direction marks) do not belong to a word. Alternative texts of
pictures and addresses of links do not count, nor do words with a superscript or subscript, since
there is more than one right way to write them.
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
_SEPARATING = {
    *("address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center"),
    *("dd", "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure"),
    *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "img", "input"),
    *("legend", "li", "listing", "main", "marquee", "menu", "nav", "object", "ol", "option", "p"),
    *("plaintext", "pre", "rt", "section", "select", "summary", "svg", "table", "tbody", "td"),
    *("textarea", "tfoot", "th", "thead", "tr", "ul", "xmp"),
}
_BLOCK_DISPLAYS = {"block", "flex", "grid", "list-item", "table", "table-cell", "table-row"}
#: Mark superscripts and subscripts; no mail contains these private-use characters.
_RAISED, _LEVEL = "\ue000", "\ue001"
_WITH_RAISED = regex.compile(rf"[^\s{_RAISED}]*+(?:{_RAISED}[^{_LEVEL}]*+{_LEVEL}\S*+)++")
_ZERO = regex.compile(r"0+(?:\.0+)?(?:px|pt|em|rem|ex|%|cm|mm|in)?")
_MEDIA = regex.compile(r"@[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})")
_RULE = regex.compile(r"([^{}]+)\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class _State:
    """The visibility that an element inherits."""

    is_gone: bool = False
    is_size_zero: bool = False
    is_invisible: bool = False
    is_hidden_in_outlook: bool = False

    @property
    def is_shown(self) -> bool:
        return not (self.is_gone or self.is_size_zero or self.is_invisible)


@dataclass(frozen=True, slots=True)
class Truth:
    """The words of one body with their counts. `alternative`: words of alternative texts."""

    visible: Counter[str]
    hidden: Counter[str]
    alternative: Counter[str]


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one text.

    `words`: the number of visible words. `lost`: words that the text lacks. `broken`: lost words
    that the text has split or joined. `shown`: hidden words that the text shows.
    """

    words: int
    lost: Counter[str]
    broken: Counter[str]
    shown: Counter[str]


def words(text: str) -> list[str]:
    """The words of a text in their order.

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
        is_visible = state is None or (state.is_shown and not state.is_hidden_in_outlook)
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
    """Each text with its state; the separators at the borders of elements have None."""
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
    return "\n" if _separates_words(node, style) else ""


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def _style(text: str) -> dict[str, str]:
    pairs = (piece.partition(":") for piece in text.casefold().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def _separates_words(node: LexborNode, style: dict[str, str]) -> bool:
    display = style.get("display", "")
    if display == "inline":
        return False
    return node.tag in _SEPARATING or display in _BLOCK_DISPLAYS


def _state(node: LexborNode, style: dict[str, str], above: _State) -> _State:
    size, visibility = style.get("font-size"), style.get("visibility")
    return _State(
        is_gone=above.is_gone or "hidden" in node.attributes or _is_gone(style),
        is_size_zero=above.is_size_zero if size is None else bool(_ZERO.fullmatch(size)),
        is_invisible=above.is_invisible if visibility is None else visibility == "hidden",
        is_hidden_in_outlook=above.is_hidden_in_outlook or style.get("mso-hide") == "all",
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
    """The score of a text against its body. The order of words does not count."""
    found = words(text)
    counted = Counter(found)
    lost = right.visible - counted
    extra = _extra(found, counted, right.visible)
    return Score(
        words=right.visible.total(),
        lost=lost,
        broken=Counter({w: times for w, times in lost.items() if _letters(w) in extra}),
        shown=(counted - right.visible - right.alternative) & right.hidden,
    )


def _extra(found: list[str], counted: Counter[str], visible: Counter[str]) -> str:
    """The letters of the surplus words of a text; adjacent surplus words are joined."""
    return "".join(_letters(w) if counted[w] > visible[w] else " " for w in found)


def _letters(word: str) -> str:
    return "".join(letter for letter in word if letter.isalnum())
