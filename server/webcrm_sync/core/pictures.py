"""What a mail's text shows besides words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: A logo, a smiley or a line is smaller, a pasted screenshot is not. Exchange counts some hundred
#: bytes of its own: what is just below counts as pasted, which keeps it.
LARGEST_LOGO = 20_000


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What is known of the pictures in a text, besides their content ids."""

    #: content ids of those that say nothing: backgrounds, hidden ones, dots that count readers
    decoration: tuple[str, ...] = ()
    #: the text has no words beside them
    are_alone: bool = False
    #: some are not attached: a web server has them, or the HTML itself
    has_unattached: bool = False
    #: one that the HTML itself holds is larger than a logo
    has_pasted: bool = False

    def as_json(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any] | None) -> PictureFacts:
        """What `as_json` gave. None: an earlier version read the mail."""
        facts = dict(kept or {})
        return cls(**{**facts, "decoration": tuple(facts.get("decoration", ()))})


#: Of a text that shows none, or that an earlier version read.
NO_PICTURES = PictureFacts()
