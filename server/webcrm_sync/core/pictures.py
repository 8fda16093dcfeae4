"""Facts about the pictures that a mail's text shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: Logos, smileys and lines are smaller than this, pasted screenshots are larger. Exchange adds some
#: hundred bytes to each size; a picture just below the limit counts as pasted and is kept.
LARGEST_LOGO = 20_000


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """The facts about the pictures in a text, apart from their content ids."""

    #: content ids of pictures without content: backgrounds, hidden ones, tracking pixels
    decoration: tuple[str, ...] = ()
    #: True if the text has no words besides the pictures
    are_alone: bool = False
    #: True if the text shows pictures from a web server, or pictures embedded in the HTML
    has_unattached: bool = False
    #: True if a picture embedded in the HTML is larger than a logo
    has_pasted: bool = False

    def as_json(self) -> dict[str, Any]:
        """The facts as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> PictureFacts:
        """The facts from a JSON object. None: a version without these facts read the mail."""
        facts = dict(stored or {})
        return cls(**{**facts, "decoration": tuple(facts.get("decoration", ()))})


#: The facts about a text without pictures, or one that an earlier version read.
NO_PICTURES = PictureFacts()
