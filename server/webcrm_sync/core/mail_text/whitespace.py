"""Cleans text of superfluous whitespace and of invisible characters."""

from __future__ import annotations

import re

import regex

from webcrm_sync.core.storable import to_storable

_BLANK_LINES = re.compile(r"\n{3,}")
_TRAILING_SPACE = " \t\u00a0"
#: Control characters, which XML does not allow either.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
#: `_CONTROLS` and the line ends of Word and of printers. Most texts contain none of these.
_UNUSUAL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
#: The meaning of characters that a program took for Latin-1, in which they are controls (WHATWG:
#: Encoding, 4.2), and of the line ends of Word and of printers.
_MISREAD_MEANING = str.maketrans(
    {
        **{chr(code): bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)},
        "\v": "\n",
        "\f": "\n",
        "\u2028": "\n",
        "\u2029": "\n\n",
    }
)
#: Spaces of other widths, which newsletters use as filler.
_WIDE_BLANKS = re.compile(r"[\u2000-\u200a\u202f\u205f\u2800\u3164\uffa0]")
_POSSIBLE_FILLERS = re.compile(
    r"[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2060-\u2064\ufeff]"
)
#: Scripts in which U+200C and U+200D between letters change the spelling (Unicode 23.2).
_JOINING = (
    r"\p{Arabic}\p{Syriac}\p{Nko}\p{Mandaic}\p{Mongolian}\p{Phags_Pa}\p{Devanagari}\p{Bengali}"
    r"\p{Gurmukhi}\p{Gujarati}\p{Oriya}\p{Tamil}\p{Telugu}\p{Kannada}\p{Malayalam}\p{Sinhala}"
    r"\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Thai}\p{Lao}"
)
#: The characters left and right of the joiner in an emoji (Unicode TR51).
_EMOJI = r"\p{Extended_Pictographic}"
_EMOJI_END = _EMOJI + r"\ufe0f\U0001f3fb-\U0001f3ff\U000e007f"
_FILLERS = regex.compile(
    r"[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\ufeff]"
    rf"|(?<![{_JOINING}])\u200c|\u200c(?![{_JOINING}])"
    rf"|(?<![{_JOINING}{_EMOJI_END}])\u200d|(?<=[{_JOINING}])\u200d(?![{_JOINING}])"
    rf"|(?<=[{_EMOJI_END}])\u200d(?!{_EMOJI})"
)
_DIRECTIONS = regex.compile(r"[\u200e\u200f]")
_RIGHT_TO_LEFT = regex.compile(r"[\p{Arabic}\p{Hebrew}\p{Syriac}\p{Thaana}\p{Nko}]")


def strip_fillers(text: str) -> str:
    r"""The text without zero-width characters that have no meaning in their place.

    Joiners stay in emoji and in the scripts that need them, direction marks in text that contains
    right-to-left letters.

    >>> strip_fillers("Dear\u200b Ann\u200c")
    'Dear Ann'
    """
    if text.isascii():
        return text
    if _POSSIBLE_FILLERS.search(text):
        text = _FILLERS.sub("", text)
        if not _RIGHT_TO_LEFT.search(text):
            text = _DIRECTIONS.sub("", text)
    return _WIDE_BLANKS.sub(" ", text)


def clean_text(text: str) -> str:
    """The text ready to store: no control characters, trailing spaces or double empty lines."""
    text = to_storable(text).replace("\r\n", "\n").replace("\r", "\n")
    if _UNUSUAL.search(text):
        text = _CONTROLS.sub("", text.translate(_MISREAD_MEANING))
    lines = [line.rstrip(_TRAILING_SPACE) for line in text.split("\n")]
    clean = "\n".join(lines)
    return (_BLANK_LINES.sub("\n\n", clean) if "\n\n\n" in clean else clean).strip()
