"""What goes along: the parts of a mail that are filed, and the line about what was left out.

The first filing of a mail fixes its parts. Later somebody may only add to them, see `widen`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class TextPart(StrEnum):
    """How much of a mail's text is filed. The database stores the values, so they never change."""

    #: nothing
    NONE = "none"
    #: what a person chose: the new text, without any earlier mail
    NEW = "new"
    #: what the settings say: the new text; all of a forward, and of a mail without new text
    NEW_OR_ALL = "new or all"
    #: all of it
    WHOLE = "whole"


#: From the smallest part to the largest.
_SIZES = tuple(TextPart)


@dataclass(frozen=True, slots=True)
class Along:
    """The parts of a mail that are filed.

    `files`: the names of the attachments, in the form of `normalize_file_name`; None = all. A name
    stands for every attachment that has it. Pictures in the text belong to the text. `is_chosen`:
    a person chose the parts; else they are those of the settings.
    """

    text: TextPart = TextPart.WHOLE
    files: tuple[str, ...] | None = None
    is_chosen: bool = False

    @classmethod
    def chosen(cls, text: TextPart, files: Iterable[str] | None) -> Along:
        """The parts that a person chose, with the names as Outlook shows them."""
        names = None if files is None else sorted({normalize_file_name(name) for name in files})
        return cls(text, None if names is None else tuple(names), is_chosen=True)

    @property
    def is_all(self) -> bool:
        """True if nothing is left out."""
        return self.text is TextPart.WHOLE and self.files is None

    def has_file(self, name: str) -> bool:
        """True if an attachment with this name is filed."""
        return self.files is None or normalize_file_name(name) in self.files

    def as_json(self) -> dict[str, Any]:
        """The parts as a JSON object."""
        files = None if self.files is None else list(self.files)
        return {"text": self.text.value, "files": files, "is_chosen": self.is_chosen}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Along:
        """The parts from a JSON object."""
        files = stored["files"]
        return cls(
            TextPart(stored["text"]),
            None if files is None else tuple(files),
            is_chosen=stored["is_chosen"],
        )


#: Nothing is left out.
EVERYTHING = Along()


def normalize_file_name(name: str) -> str:
    """The name in the form in which names are compared: a Mac decomposes accents.

    Case counts: a mail may have `Offer.pdf` and `offer.pdf`.
    """
    return unicodedata.normalize("NFC", name.replace("\0", "")).strip()


def widen(filed: Along, asked: Along) -> Along:
    """The parts after a person asked for `asked` of a mail that is in webCRM. Never less."""
    files = None
    if filed.files is not None and asked.files is not None:
        files = tuple(sorted({*filed.files, *asked.files}))
    text = max(filed.text, asked.text, key=_SIZES.index)
    return Along(text, files, is_chosen=filed.is_chosen or asked.is_chosen)


# ---- the line in the Activity -------------------------------------------------------------

_BEGIN = "Left out by choice: "
_TEXT, _EARLIER = "the text", "earlier mails in the text"
_ATTACHMENTS = re.compile(r"\b\d+ attachments?\b")


def choice_line(text: TextPart, *, is_text_cut: bool, attachments: int) -> str:
    """The line about what was left out by choice, "" if nothing was.

    `is_text_cut`: earlier mails were cut off. `attachments`: how many were left out. Their names
    must not appear.

    >>> choice_line(TextPart.NONE, is_text_cut=False, attachments=2)
    'Left out by choice: the text, 2 attachments.'
    """
    parts = []
    if text is TextPart.NONE:
        parts.append(_TEXT)
    elif text is TextPart.NEW and is_text_cut:
        parts.append(_EARLIER)
    if attachments:
        parts.append(f"{attachments} attachment{'s' if attachments > 1 else ''}")
    return f"{_BEGIN}{', '.join(parts)}." if parts else ""


def read_left_out(memo: str, documents: Iterable[str]) -> Along | None:
    """The parts that the Activity with this memo was filed with, None = it says of no choice.

    Reads the line of `choice_line`, which stands among the lines above the text. `documents`:
    the names of the Activity's Documents.
    """
    above = memo.replace("\r\n", "\n").partition("\n\n")[0]
    line = next((x for x in above.split("\n") if x.startswith(_BEGIN)), None)
    if line is None:
        return None
    parts = line.removeprefix(_BEGIN)
    text = TextPart.WHOLE
    if _EARLIER in parts:
        text = TextPart.NEW
    elif _TEXT in parts:
        text = TextPart.NONE
    files = documents if _ATTACHMENTS.search(parts) else None
    return Along.chosen(text, files)
