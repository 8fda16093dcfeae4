"""File names that webCRM accepts, and that are safe for people who save the file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from webcrm_sync.core.mail_text.truncate import cut_at_letter, utf16_length
from webcrm_sync.core.storable import normalize_unicode, to_storable

#: Control characters, those that Windows forbids, and marks that change the writing direction.
_UNSAFE = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"|?*\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]'
)
#: Windows opens a device by these names, with any extension (Microsoft: naming files).
_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\.|$)", re.I
)
#: Path separators, and characters that some systems replace by one: the slashes of fractions,
#: division and full width, and their mirror images (Unicode: best fit mappings).
_SLASHES = r"/\\\u2044\u2215\u2216\u29f5\u29f8\u29f9\ufe68\uff0f\uff3c"
_SEPARATORS = re.compile(rf"[{_SLASHES}]+")
#: The beginning of a path, which old programs send as a name: a drive, a server, a parent folder, a
#: URL. A text with a slash in it is no path ("A/S", "3/2026").
_PATH = re.compile(r"\s*([a-z]:[/\\]|[/\\]|~[/\\]|\.{1,2}[/\\]|[a-z]{3,9}://)", re.I)
_LONGEST_NAME, _LONGEST_ENDING = 150, 10


def safe_name(name: str, *, position: int, ending: str = "") -> str:
    """A file name that webCRM accepts: no path, no control characters, never empty.

    A path is reduced to its last part; in other names each slash becomes `_`. A long name is
    shortened before its extension, since that decides which program opens it. `ending`: the
    extension that the name must have.

    >>> safe_name("../x", position=1)
    'x'
    >>> safe_name("Invoice 3/2026.pdf", position=1)
    'Invoice 3_2026.pdf'
    """
    parts = _SEPARATORS.split(normalize_unicode(to_storable(name), "NFC"))
    non_empty = [clean for part in parts if (clean := _UNSAFE.sub("", part).strip())]
    used = non_empty[-1:] if _PATH.match(name) or ".." in non_empty else non_empty
    clean = "_".join(used).strip(" .") or f"attachment-{position}"
    if _DEVICE.match(clean):
        clean = f"_{clean}"
    has_ending = clean.casefold().endswith(ending.casefold())
    return _shorten(clean if has_ending else clean + ending, "")


def _shorten(name: str, suffix: str) -> str:
    """The name with `suffix` before its extension, shortened to the longest allowed length."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _LONGEST_ENDING:
        stem, dot, ending = name, "", ""
    available = _LONGEST_NAME - utf16_length(suffix + dot + ending)
    return cut_at_letter(stem, available).rstrip(" .") + suffix + dot + ending


def deduplicate(names: Iterable[str]) -> tuple[str, ...]:
    """The names, with a number in each one that repeats an earlier name, ignoring case.

    >>> deduplicate(["a.pdf", "A.pdf", "a.pdf"])
    ('a.pdf', 'A (2).pdf', 'a (3).pdf')
    """
    taken: set[str] = set()
    unique = []
    for name in names:
        number, candidate = 1, name
        while candidate.casefold() in taken:
            number += 1
            candidate = _shorten(name, f" ({number})")
        taken.add(candidate.casefold())
        unique.append(candidate)
    return tuple(unique)
