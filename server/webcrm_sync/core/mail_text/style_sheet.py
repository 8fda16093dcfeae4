"""Finds the elements that a mail's style sheet hides, such as a second version for phones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from webcrm_sync.core.mail_text.html_limits import strip_comments
from webcrm_sync.core.mail_text.style import parse_style

#: A selector of one element name, class or id. Nested and stateful selectors are ignored.
_SELECTOR = re.compile(r"([\w:-]*)([.#])([\w-]+)")
_BRACE = re.compile(r"[{}]")
#: Longer than the style sheet of any newsletter.
_LONGEST = 200_000


@dataclass(slots=True)
class StyleSheet:
    """The hidden classes and ids, each with an element name, "" = any element."""

    _hidden: set[tuple[str, str]] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """True if it hides nothing."""
        return not self._hidden

    def read(self, css: str) -> None:
        """Read a `<style>` element. Rules for certain screens or printers are ignored."""
        css = css[:_LONGEST].lower()
        if not any(word in css for word in ("none", "hidden", "opacity")):
            return
        css = strip_comments(css.replace("<!--", "").replace("-->", ""), "/*", "*/")
        depth, start, selectors = 0, 0, ""
        for brace in _BRACE.finditer(css):
            text, start = css[start : brace.start()], brace.end()
            if brace[0] == "{":
                depth += 1
                selectors = text if depth == 1 else ""
                continue
            if depth == 1 and not selectors.lstrip().startswith("@"):
                self._read_rule(selectors, text)
            depth = max(0, depth - 1)

    def hides(self, tag: str, names: str, identity: str) -> bool:
        """True for an element with one of these class names or this id."""
        keys = [f".{name}" for name in names.lower().split()]
        if identity:
            keys.append(f"#{identity.lower()}")
        return any((element, key) in self._hidden for key in keys for element in ("", tag))

    def _read_rule(self, selectors: str, declarations: str) -> None:
        is_hidden = parse_style(declarations).is_hidden
        if not is_hidden and "display" not in declarations and "visibility" not in declarations:
            return
        for selector in selectors.split(","):
            if match := _SELECTOR.fullmatch(selector.strip()):
                key = (match[1], match[2] + match[3])
                (self._hidden.add if is_hidden else self._hidden.discard)(key)
