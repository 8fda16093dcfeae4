"""Texts as the database can store them and Outlook can show them."""

from __future__ import annotations

import nh3


def storable(text: str) -> str:
    """`text` as PostgreSQL can store it: without NUL, and with U+FFFD for half an emoji.

    Software that cuts a text at so many UTF-16 units leaves such halves behind.
    """
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def storable_json(value: object) -> object:
    """A value read from JSON with every text in it made storable."""
    match value:
        case str():
            return storable(value)
        case list():
            return [storable_json(one) for one in value]
        case dict():
            return {storable(str(key)): storable_json(one) for key, one in value.items()}
        case _:
            return value


def to_safe_html(text: str) -> tuple[str, bool]:
    """What webCRM keeps of a mail, fit to be shown in Outlook, and whether it is HTML."""
    if nh3.is_html(text):
        return nh3.clean(text), True
    return text, False
