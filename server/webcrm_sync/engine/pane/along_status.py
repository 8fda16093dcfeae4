"""What the pane shows of the parts of a mail that go along, and of how private it is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from webcrm_sync.core.along import Along, TextPart
from webcrm_sync.store.documents import Document


class AlongText(StrEnum):
    """How much of the text goes along, as people choose it."""

    WHOLE = "whole"
    NEW = "new"
    NONE = "none"


class Sensitivity(StrEnum):
    """How Outlook marks a mail that is not meant for everybody."""

    PRIVATE = "private"
    CONFIDENTIAL = "confidential"


#: The text that a person chooses by each word.
PARTS = {
    AlongText.WHOLE: TextPart.WHOLE,
    AlongText.NEW: TextPart.NEW,
    AlongText.NONE: TextPart.NONE,
}
_TEXTS = {
    TextPart.WHOLE: AlongText.WHOLE,
    TextPart.NEW: AlongText.NEW,
    TextPart.NEW_OR_ALL: AlongText.NEW,
    TextPart.NONE: AlongText.NONE,
}
_SENSITIVITIES = {2: Sensitivity.PRIVATE, 3: Sensitivity.CONFIDENTIAL}


@dataclass(frozen=True, slots=True)
class AlongFile:
    """An attachment of a filed mail. `size`: in bytes. `left_out`: why it is not in webCRM.

    The name of an attachment that is left out by choice is empty, since nothing stores it.
    """

    name: str
    size: int
    is_taken: bool
    left_out: str | None


@dataclass(frozen=True, slots=True)
class AlongView:
    """What goes along of the mail. `default_text`: what the settings say.

    `files`: None before the mail is filed. `wanted_files`: the names of the attachments that go
    along then, None = all. `can_change`: the person may choose, or ask for more.
    """

    text: AlongText
    default_text: AlongText
    files: tuple[AlongFile, ...] | None
    can_change: bool
    wanted_files: tuple[str, ...] | None


def view_along(
    along: Along | None,
    default: Along,
    documents: Sequence[Document],
    *,
    is_filed: bool,
    is_open: bool,
) -> AlongView:
    """What goes along of a mail.

    `documents`: the attachments of one of its Activities. `is_filed`: it has one. `is_open`: the
    mail waits for the person, so that everything can still be chosen.
    """
    current = along or default
    files = tuple(_view_file(d) for d in documents if not d.is_placeholder)
    return AlongView(
        text=_TEXTS[current.text],
        default_text=_TEXTS[default.text],
        files=files if is_filed else None,
        can_change=is_open or (is_filed and not current.is_all),
        wanted_files=current.files,
    )


def _view_file(document: Document) -> AlongFile:
    is_taken = document.left_out is None
    return AlongFile(document.name, document.size, is_taken, document.left_out)


def view_sensitivity(number: int | None) -> Sensitivity | None:
    """The mark that Outlook shows, None for a mail that anybody may see."""
    return _SENSITIVITIES.get(number or 0)
