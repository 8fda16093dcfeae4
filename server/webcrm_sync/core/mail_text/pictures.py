"""Collects the pictures that a mail shows while its HTML is read."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from webcrm_sync.core.mail_text.html_limits import DATA_LEFT_OUT
from webcrm_sync.core.mail_text.render_state import Attributes
from webcrm_sync.core.pictures import LARGEST_LOGO

#: The attributes that can name a picture.
PICTURE_ATTRIBUTES = frozenset({"src", "background", "style"})
#: Longer than any content id with its surroundings.
_LONGEST = 1000
_CID = re.compile(r"cid:['\" ]*([^'\"]*)", re.IGNORECASE)
#: Inside a style, a bracket or quote follows the id.
_CID_IN_STYLE = re.compile(r"cid:['\" ]*([^\s)'\"]+)", re.IGNORECASE)
_REMOTE = ("http:", "https:", "//")
_PICTURES = frozenset({"img", "input", "v:imagedata"})
#: Word's backgrounds, which fill a shape with a picture.
_BACKGROUNDS = frozenset({"v:fill", "v:background"})
_PIXEL_SIZE = re.compile(r"(?<![\w-])(?:width|height)\s*:\s*[01](?:px)?\s*(?:!|;|$)", re.IGNORECASE)
#: Base64 encodes this many bytes in this many letters (RFC 4648).
_LETTERS, _BYTES = 4, 3


class PictureCollector:
    """The pictures so far. `cids`: content ids as in the HTML; `shown`: those with content.

    `in_order`: the shown ones in the order of the text.
    `has_unattached`, `has_pasted`: see `core.pictures.PictureFacts`.
    """

    def __init__(self) -> None:
        self.cids: set[str] = set()
        self.shown: set[str] = set()
        self.in_order: list[str] = []
        self.has_unattached = False
        self.has_pasted = False

    def visit(self, tag: str, attributes: Attributes, *, is_seen: bool) -> None:
        """Add the pictures of one element."""
        if source := attributes.get("src"):
            self._add(tag, source, has_content=is_seen and not _is_pixel(attributes))
        background, style = attributes.get("background"), attributes.get("style")
        if background and (match := _CID.search(background[:_LONGEST])):
            self.cids.add(match[1])
        if style and "cid:" in style:
            self.cids.update(_CID_IN_STYLE.findall(style))

    def visit_hidden(self, node: LexborNode) -> None:
        """Add the pictures inside a hidden element."""
        for within in node.css("[src]"):
            self.visit(within.tag or "", within.attributes, is_seen=False)

    def _add(self, tag: str, source: str, *, has_content: bool) -> None:
        begin = source[:_LONGEST].lstrip()
        scheme = begin[:8].lower()
        if scheme.startswith(("data:", *_REMOTE)):
            if has_content and tag in _PICTURES:
                self.has_unattached = True
                is_large = len(source) * _BYTES > LARGEST_LOGO * _LETTERS
                is_large = is_large or begin.startswith(DATA_LEFT_OUT)
                self.has_pasted |= scheme.startswith("data:") and is_large
        elif match := _CID.search(begin):
            self.cids.add(match[1])
            if has_content and tag not in _BACKGROUNDS:
                self.shown.add(match[1])
                self.in_order.append(match[1])


def _is_pixel(attributes: Attributes) -> bool:
    """True for a picture of at most one pixel."""
    sides = (attributes.get("width"), attributes.get("height"))
    if any(side and side.strip().removesuffix("px") in {"0", "1"} for side in sides):
        return True
    return _PIXEL_SIZE.search((attributes.get("style") or "")[:_LONGEST]) is not None
