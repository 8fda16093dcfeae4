"""The product's three Outlook categories, merged into those that the owner has set."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

SYNC = "webCRM sync"
SYNCED = "Synced"
NOT_SYNCED = "Not synced"

#: The categories' colours as Graph presets: blue, green, red (reference graph-mail 8).
COLOURS = {SYNC: "preset7", SYNCED: "preset4", NOT_SYNCED: "preset0"}
_OWN_NAMES = {name.casefold() for name in COLOURS}


class Mark(Enum):
    """The product's categories on a copy."""

    SYNCED = (SYNC, SYNCED)
    NOT_SYNCED = (SYNC, NOT_SYNCED)
    NONE = ()


def merge_categories(present: Iterable[str], mark: Mark) -> tuple[str, ...]:
    """The owner's categories unchanged, followed by those of `mark`.

    Exchange compares names without case, so an existing name keeps its spelling.

    >>> merge_categories(("Customer", "not synced", "webcrm sync"), Mark.SYNCED)
    ('Customer', 'webcrm sync', 'Synced')
    """
    names = {name.casefold() for name in mark.value}
    unchanged = tuple(c for c in present if c.casefold() not in _OWN_NAMES or c.casefold() in names)
    unchanged_names = {c.casefold() for c in unchanged}
    return unchanged + tuple(name for name in mark.value if name.casefold() not in unchanged_names)


def has_mark(present: Iterable[str], mark: Mark) -> bool:
    """True if `merge_categories` would change nothing."""
    return merge_categories(tuple(present), mark) == tuple(present)


def has_synced_category(present: Iterable[str]) -> bool:
    """True if the mail has the category `Synced`."""
    return any(c.casefold() == SYNCED.casefold() for c in present)
