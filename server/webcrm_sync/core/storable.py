"""Texts as the database can store them, and in one line."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import regex

#: Whatever moves what follows to another place, or shows nothing at all.
_GAP = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
#: Quotes, and what a code page, a font or a careless parser takes for one.
QUOTES = (
    "\"'`\u00b4\u02b9-\u02bd\u02c8\u02ca\u02cb\u02ee\u0374\u0384\u055a\u05f3\u05f4\u1fbd\u1fbf"
    "\u1fef\u1ffd\u1ffe\u2018-\u201f\u2032-\u2037\u2057\ua78b\ua78c\uff02\uff07\uff40"
)
#: What is not seen, but for the joiners that names and emoji of some scripts need.
_UNSEEN = regex.compile(r"[\p{Cf}\p{Cs}\p{Co}\p{Cn}--\u200c\u200d]+", regex.V1)
#: Marks that pile up on one letter: 30 are the most that Unicode's Stream-Safe Text has (UAX 15).
_HEAP = regex.compile(r"(\p{M}{30})\p{M}++")


def normalize_unicode(text: str, form: Literal["NFC", "NFKC"]) -> str:
    """The text in a Unicode normalization form, in linear time.

    Sorting the marks of a heap of accents takes the square of its length: its end is cut off.
    """
    return text if text.isascii() else unicodedata.normalize(form, _HEAP.sub(r"\1", text))


def to_storable(text: str) -> str:
    """`text` as PostgreSQL can store it: without NUL, and with U+FFFD for half an emoji.

    Software that cuts a text at so many UTF-16 units leaves such halves behind.
    """
    if text.isascii():
        return text.replace("\0", "")
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def to_storable_json(value: object) -> object:
    """A value read from JSON with every text in it made storable."""
    match value:
        case str():
            return to_storable(value)
        case list():
            return [to_storable_json(one) for one in value]
        case dict():
            return {to_storable(str(key)): to_storable_json(one) for key, one in value.items()}
        case _:
            return value


def to_plain_name(text: str) -> str:
    r"""A name as people type it: in one line, without what is not seen or turns its direction.

    >>> to_plain_name("Eva\r\nBcc: \u202eO\u2019Hara\u2066")
    'Eva Bcc: O\u2019Hara'
    """
    return to_one_line(_UNSEEN.sub("", text))


def to_one_line(text: str) -> str:
    r"""`text` in one line: blanks, line ends and control characters in a row become one blank.

    >>> to_one_line("Re:\tOffer\r\n 17\x07")
    'Re: Offer 17'
    """
    return _GAP.sub(" ", text).strip()
