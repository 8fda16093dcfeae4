"""Formats the markers of ordered lists."""

from __future__ import annotations

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc")),
    *((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
#: Browsers count Roman lists in decimal above this number and below 1 (CSS Counter Styles 3).
_LAST_ROMAN = 3999


def format_marker(number: int, kind: str) -> str:
    """The marker of one list item. `kind`: HTML's `type`; unknown kinds are decimal.

    >>> format_marker(4, "a"), format_marker(9, "I"), format_marker(7, "")
    ('d.', 'IX.', '7.')
    """
    match kind:
        case "a" | "A" if number > 0:
            name = _alphabetic(number)
        case "i" | "I" if 0 < number <= _LAST_ROMAN:
            name = _roman(number)
        case _:
            name = str(number)
    return f"{name.upper() if kind.isupper() else name}."


def _alphabetic(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


def _roman(number: int) -> str:
    letters = ""
    for value, name in _ROMAN:
        count, number = divmod(number, value)
        letters += name * count
    return letters
