"""Names of files as webCRM, and whoever saves them from there, can take them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from webcrm_sync.core.mail_text.truncate import cut_at_letter, utf16_length
from webcrm_sync.core.storable import normalize_unicode, to_storable

#: Control characters, what Windows forbids, and marks that turn the direction of reading.
_UNSAFE = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"|?*\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]'
)
#: Windows opens a device by these names, whatever ending follows (Microsoft: naming files).
_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\.|$)", re.I
)
#: What separates folders, and what some systems take for it when they cannot show it: the slashes
#: of fractions, division and full width, and their mirror images (Unicode: best fit mappings).
_SLASHES = r"/\\\u2044\u2215\u2216\u29f5\u29f8\u29f9\ufe68\uff0f\uff3c"
_SEPARATORS = re.compile(rf"[{_SLASHES}]+")
#: How a path begins, which old programs send for a name: a drive, a server, a folder above, an
#: address. It must not be mistaken for a text with a slash in it ("A/S", "3/2026").
_PATH = re.compile(r"\s*([a-z]:[/\\]|[/\\]|~[/\\]|\.{1,2}[/\\]|[a-z]{3,9}://)", re.I)
_LONGEST_NAME, _LONGEST_ENDING = 150, 10


def safe_name(name: str, *, position: int, ending: str = "") -> str:
    """A file name that webCRM can take: no path, no control characters, never empty.

    Of a path the last part stays; in any other name each slash becomes `_`. A long one is
    shortened before its ending, which says what opens it. `ending`: the one that it must have.

    >>> safe_name("../x", position=1)
    'x'
    >>> safe_name("Invoice 3/2026.pdf", position=1)
    'Invoice 3_2026.pdf'
    """
    parts = _SEPARATORS.split(normalize_unicode(to_storable(name), "NFC"))
    kept = [clean for part in parts if (clean := _UNSAFE.sub("", part).strip())]
    named = kept[-1:] if _PATH.match(name) or ".." in kept else kept
    clean = "_".join(named).strip(" .") or f"attachment-{position}"
    if _DEVICE.match(clean):
        clean = f"_{clean}"
    has_ending = clean.casefold().endswith(ending.casefold())
    return _shortened(clean if has_ending else clean + ending, "")


def _shortened(name: str, more: str) -> str:
    """The name with `more` before its ending, as much of it as there is room for."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _LONGEST_ENDING:
        stem, dot, ending = name, "", ""
    room = _LONGEST_NAME - utf16_length(more + dot + ending)
    return cut_at_letter(stem, room).rstrip(" .") + more + dot + ending


def deduplicate(names: Iterable[str]) -> tuple[str, ...]:
    """The names, the later one of two alike with a number in it; cases count as alike.

    >>> deduplicate(["a.pdf", "A.pdf", "a.pdf"])
    ('a.pdf', 'A (2).pdf', 'a (3).pdf')
    """
    taken: set[str] = set()
    found = []
    for name in names:
        number, fresh = 1, name
        while fresh.casefold() in taken:
            number += 1
            fresh = _shortened(name, f" ({number})")
        taken.add(fresh.casefold())
        found.append(fresh)
    return tuple(found)
