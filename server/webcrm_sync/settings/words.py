"""Says in the product's own words what is wrong with a value. Quotes no value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

Context = Mapping[str, Any]

#: pydantic's types of errors, each with the words for it.
_WORDS: Mapping[str, Callable[[Context], str]] = {
    "missing": lambda _: "is missing",
    "value_error": lambda context: str(context["error"]),
    "float_parsing": lambda _: "must be a number",
    "finite_number": lambda _: "must be a number",
    "int_parsing": lambda _: "must be a whole number",
    "int_parsing_size": lambda _: "is too large a number",
    "int_from_float": lambda _: "must be a whole number",
    "greater_than": lambda context: f"must be more than {_number(context['gt'])}",
    "greater_than_equal": lambda context: f"must be at least {_number(context['ge'])}",
    "less_than": lambda context: f"must be less than {_number(context['lt'])}",
    "less_than_equal": lambda context: f"must be at most {_number(context['le'])}",
    "bool_parsing": lambda _: "must be true or false",
    "literal_error": lambda context: f"must be {context['expected'].replace(chr(39), '')}",
    "string_too_short": lambda _: "must not be empty",
    "string_too_long": lambda context: f"must have at most {context['max_length']} characters",
}


def describe_error(error: ErrorDetails) -> str:
    """The sentence about one wrong value, to follow its name and a colon.

    >>> describe_error({"type": "missing", "loc": ("a",), "msg": "", "input": None})
    'is missing'
    """
    kind = error["type"]
    if kind.startswith(("date", "time")):
        return "must be a day or a moment, such as 2027-03-01 or 2027-03-01T12:00:00Z"
    words = _WORDS.get(kind)
    return words(error.get("ctx", {})) if words else "has a form that cannot be read"


def _number(value: float) -> str:
    return f"{value:g}" if value < 1e6 else f"{value:.0f}"
