"""The pictures that a mail shows, gathered while its HTML is read."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from webcrm_sync.core.mail_text.html_limits import DATA_LEFT_OUT
from webcrm_sync.core.mail_text.render_state import Attributes
from webcrm_sync.core.pictures import LARGEST_LOGO

#: Longer than any content id with what is around it.
_LONGEST = 1000
_CID = re.compile(r"cid:['\" ]*([^'\"]*)", re.IGNORECASE)
#: Within a style the id is followed by a bracket, perhaps by a quote.
_CID_IN_STYLE = re.compile(r"cid:['\" ]*([^\s)'\"]+)", re.IGNORECASE)
_ELSEWHERE = ("http:", "https:", "//")
_PICTURES = frozenset({"img", "input", "v:imagedata"})
#: Word's backgrounds: the picture fills a shape.
_FILLS = frozenset({"v:fill", "v:background"})
_DOT = re.compile(r"(?<![\w-])(?:width|height)\s*:\s*[01](?:px)?\s*(?:!|;|$)", re.IGNORECASE)
#: So many letters of base64 hold so many bytes (RFC 4648).
_LETTERS, _BYTES = 4, 3


class PictureCollector:
    """What was shown so far. `cids`: as the HTML has them; `shown`: those that may say something.

    `has_unattached`, `has_pasted`: see `core.pictures.PictureFacts`.
    """

    def __init__(self) -> None:
        self.cids: set[str] = set()
        self.shown: set[str] = set()
        self.has_unattached = False
        self.has_pasted = False

    def visit(self, tag: str, attributes: Attributes, *, is_seen: bool) -> None:
        """Note the pictures of one element."""
        if source := attributes.get("src"):
            self._note(tag, source, says_something=is_seen and not _is_dot(attributes))
        background, style = attributes.get("background"), attributes.get("style")
        if background and (found := _CID.search(background[:_LONGEST])):
            self.cids.add(found[1])
        if style and "cid:" in style:
            self.cids.update(_CID_IN_STYLE.findall(style))

    def pass_by(self, node: LexborNode) -> None:
        """Note the pictures within an element that nobody sees."""
        for within in node.css("[src]"):
            self.visit(within.tag or "", within.attributes, is_seen=False)

    def _note(self, tag: str, source: str, *, says_something: bool) -> None:
        begin = source[:_LONGEST].lstrip()
        scheme = begin[:8].lower()
        if scheme.startswith(("data:", *_ELSEWHERE)):
            if says_something and tag in _PICTURES:
                self.has_unattached = True
                is_large = len(source) * _BYTES > LARGEST_LOGO * _LETTERS
                is_large = is_large or begin.startswith(DATA_LEFT_OUT)
                self.has_pasted |= scheme.startswith("data:") and is_large
        elif found := _CID.search(begin):
            self.cids.add(found[1])
            if says_something and tag not in _FILLS:
                self.shown.add(found[1])


def _is_dot(attributes: Attributes) -> bool:
    """True for a picture of one pixel, or of none."""
    sides = (attributes.get("width"), attributes.get("height"))
    if any(side and side.strip().removesuffix("px") in {"0", "1"} for side in sides):
        return True
    return _DOT.search((attributes.get("style") or "")[:_LONGEST]) is not None
