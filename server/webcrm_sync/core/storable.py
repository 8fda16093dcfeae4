"""Makes text storable in PostgreSQL, and fit for a single line."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import regex

#: Whitespace and control characters.
_WHITESPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
#: Quotes, and characters that a code page, a font or a careless parser turns into one.
QUOTES = (
    "\"'`\u00b4\u02b9-\u02bd\u02c8\u02ca\u02cb\u02ee\u0374\u0384\u055a\u05f3\u05f4\u1fbd\u1fbf"
    "\u1fef\u1ffd\u1ffe\u2018-\u201f\u2032-\u2037\u2057\ua78b\ua78c\uff02\uff07\uff40"
)
#: Invisible characters, except the joiners that names and emoji of some scripts need.
_INVISIBLE = regex.compile(r"[\p{Cf}\p{Cs}\p{Co}\p{Cn}--\u200c\u200d]+", regex.V1)
#: More combining marks on one letter than Unicode's Stream-Safe Text allows, which is 30 (UAX 15).
_LONG_MARK_RUN = regex.compile(r"(\p{M}{30})\p{M}++")


def normalize_unicode(text: str, form: Literal["NFC", "NFKC"]) -> str:
    """The text in a Unicode normalization form, in linear time.

    Sorting a long run of combining marks takes quadratic time, so long runs are cut off.
    """
    return text if text.isascii() else unicodedata.normalize(form, _LONG_MARK_RUN.sub(r"\1", text))


def to_storable(text: str) -> str:
    """`text` as PostgreSQL can store it: no NUL, and U+FFFD for half a surrogate pair.

    Software that cuts text after a number of UTF-16 units leaves such halves behind.
    """
    if text.isascii():
        return text.replace("\0", "")
    well_formed = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return well_formed.replace("\0", "")


def to_storable_json(value: object) -> object:
    """A JSON value with every text in it made storable."""
    match value:
        case str():
            return to_storable(value)
        case list():
            return [to_storable_json(item) for item in value]
        case dict():
            return {to_storable(str(key)): to_storable_json(item) for key, item in value.items()}
        case _:
            return value


def to_plain_name(text: str) -> str:
    r"""A name as people type it: one line, no invisible and no direction-changing characters.

    >>> to_plain_name("Eva\r\nBcc: \u202eO\u2019Hara\u2066")
    'Eva Bcc: O\u2019Hara'
    """
    return to_one_line(_INVISIBLE.sub("", text))


def to_one_line(text: str) -> str:
    r"""`text` in one line: each run of whitespace and control characters becomes a space.

    >>> to_one_line("Re:\tOffer\r\n 17\x07")
    'Re: Offer 17'
    """
    return _WHITESPACE.sub(" ", text).strip()
