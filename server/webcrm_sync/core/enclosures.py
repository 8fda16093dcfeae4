"""What becomes of a mail's attachments: Documents, parts of the text, lines in the Activity."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from urllib.parse import unquote

from webcrm_sync.core.filenames import safe_name, told_apart
from webcrm_sync.core.message import Attachment, AttachmentKind

#: As Outlook counts.
MEGABYTE = 1024 * 1024
_PICTURE_ENDINGS = {".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".webp"}
#: Types that say nothing about a content.
_ANY_TYPES = {"", "application/octet-stream"}
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature"}
_SEALED = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_RIGHTS = {"application/x-microsoft-rpmsg-message"}


class Shield(Enum):
    """What keeps the text of a mail from being read here; the value is the line that says so."""

    SEALED = "This mail is encrypted; its text cannot be read here. Open it in Outlook."
    PROTECTED = "This mail is protected by its sender's company; its text cannot be read here."


@dataclass(frozen=True, slots=True)
class Enclosure:
    """One attachment that becomes a Document, unless `left_out` says why it does not.

    `position`: from 1, among all attachments of the mail in Outlook's order. `size` in bytes.
    """

    position: int
    name: str
    size: int
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Enclosures:
    """All that is to be said about a mail's attachments."""

    files: tuple[Enclosure, ...] = ()
    links: tuple[str, ...] = ()
    shields: tuple[Shield, ...] = ()

    def lines(self, *, has_text: bool) -> tuple[str, ...]:
        """What the Activity tells besides the Documents. `has_text`: the mail can be read.

        What protects a mail leaves a notice where its text was; what encrypts it leaves nothing.
        """
        shown = (s for s in self.shields if s is Shield.PROTECTED or not has_text)
        left_out = (left_out_line(f.name, f.left_out) for f in self.files if f.left_out)
        linked = (f"Linked file: {name}" for name in self.links)
        return (*(s.value for s in shown), *left_out, *linked)


def left_out_line(name: str, why: str) -> str:
    """The line for a file that is no Document.

    >>> left_out_line("report.zip", "52 MB, more than 25 MB")
    'Left out: report.zip (52 MB, more than 25 MB)'
    """
    return f"Left out: {name} ({why})"


def names(listed: Sequence[Attachment]) -> tuple[str, ...]:
    """A safe name for each attachment, no two alike; an attached mail ends in `.eml`."""
    return told_apart([_name(one, position) for position, one in enumerate(listed, start=1)])


def _name(one: Attachment, position: int) -> str:
    if _is_signed_mail(one):
        return "signed mail.eml"
    is_mail = one.kind is AttachmentKind.ITEM
    return safe_name(one.name, position=position, ending=".eml" if is_mail else "")


def sort_out(listed: Sequence[Attachment], *, cids: Collection[str], largest: int) -> Enclosures:
    """What becomes of each attachment.

    `listed`: all of them, in Outlook's order. `cids`: the content ids that the text shows (see
    `content_id`). `largest`: in bytes, a larger file is left out.
    """
    shown = frozenset(cids)
    named = [
        (position, one, name)
        for position, (one, name) in enumerate(zip(listed, names(listed), strict=True), start=1)
        if not _is_part_of_text(one, shown) and not _is_wrapping(one)
    ]
    return Enclosures(
        files=tuple(
            Enclosure(position, name, one.size, _too_large(one.size, largest))
            for position, one, name in named
            if one.kind is not AttachmentKind.REFERENCE
        ),
        links=tuple(name for _, one, name in named if one.kind is AttachmentKind.REFERENCE),
        shields=tuple(dict.fromkeys(_shields(listed))),
    )


def content_id(text: str) -> str:
    """A content id in the one form in which two of them are compared."""
    return unquote(text).strip().strip("<>").casefold()


def _is_part_of_text(one: Attachment, cids: frozenset[str]) -> bool:
    """True for a picture that the text shows.

    `isInline` cannot tell: Apple Mail sets it on a PDF, and it is missing on pictures that are
    shown (GitHub: microsoft-graph-docs issue 2095). It counts where the type says nothing.
    """
    if one.kind is not AttachmentKind.FILE or content_id(one.content_id) not in cids:
        return False
    kind, ending = _media_type(one), PurePosixPath(one.name).suffix.lower()
    if kind in _ANY_TYPES:
        return ending in _PICTURE_ENDINGS or (not ending and one.is_inline)
    return kind.startswith("image/")


def _is_wrapping(one: Attachment) -> bool:
    """True for what is worth nothing outside of Outlook: a signature, a mail bound to rights."""
    kind, name = _media_type(one), one.name.casefold()
    is_signature = kind in _SIGNATURES or (kind in _ANY_TYPES and name == "smime.p7s")
    return is_signature or _is_bound(one)


def _is_bound(one: Attachment) -> bool:
    return _media_type(one) in _RIGHTS or one.name.casefold() == "message.rpmsg"


def _is_signed_mail(one: Attachment) -> bool:
    """True for a whole mail with its signature (MS-OXOSMIME: clear-signed)."""
    return one.kind is AttachmentKind.FILE and _media_type(one) == "multipart/signed"


def _shields(listed: Iterable[Attachment]) -> Iterable[Shield]:
    for one in listed:
        if _is_bound(one):
            yield Shield.PROTECTED
        # An attached `invoice.xml.p7m` is a file like any other.
        elif _media_type(one) in _SEALED | _ANY_TYPES and one.name.casefold() == "smime.p7m":
            yield Shield.SEALED


def _media_type(one: Attachment) -> str:
    """The type without its parameters, folded."""
    return one.content_type.partition(";")[0].strip().casefold()


def _too_large(size: int, largest: int) -> str:
    if size <= largest:
        return ""
    limit = round(largest / MEGABYTE, 1)
    # What is just over the limit must also read so.
    shown = max(round(size / MEGABYTE, 1), round(limit + 0.1, 1))
    return f"{shown:g} MB, more than {limit:g} MB"
