"""What becomes of a mail's attachments: Documents, parts of the text, lines in the Activity."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import PurePosixPath
from urllib.parse import unquote

from webcrm_sync.core.filenames import deduplicate, safe_name
from webcrm_sync.core.message import Attachment, AttachmentKind
from webcrm_sync.core.pictures import LARGEST_LOGO, NO_PICTURES, PictureFacts

#: As Outlook counts.
MEGABYTE = 1024 * 1024
_PICTURE_ENDINGS = {".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".webp"}
#: Types that say nothing about a content.
_ANY_TYPES = {"", "application/octet-stream"}
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature"}
_SEALED = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_RIGHTS = {"application/x-microsoft-rpmsg-message"}
#: A picture of a single colour or pixel, with the bytes that Exchange adds.
_LARGEST_DOT = 1024

#: Why a picture is left out in silence: nobody misses it.
REPEATED = "the same picture is filed with another mail"
PICTURE_MISSING = "The picture in this mail is not kept here. Open the mail in Outlook."


class Protection(Enum):
    """What keeps the text of a mail from being read here; the value is the line that says so."""

    SEALED = "This mail is encrypted; its text cannot be read here. Open it in Outlook."
    PROTECTED = "This mail is protected by its sender's company; its text cannot be read here."


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """One attachment that becomes a Document, unless `left_out` says why it does not.

    `position`: from 1, among all attachments of the mail in Outlook's order. `size` in bytes.
    `may_repeat`: a picture in the text that is left out where it is filed already.
    """

    position: int
    name: str
    size: int
    left_out: str = ""
    may_repeat: bool = False

    @property
    def is_reported(self) -> bool:
        """True when it is left out and people are told so."""
        return bool(self.left_out) and self.left_out != REPEATED


@dataclass(frozen=True, slots=True)
class AttachmentPlan:
    """All that is to be said about a mail's attachments."""

    files: tuple[DocumentPlan, ...] = ()
    links: tuple[str, ...] = ()
    protections: tuple[Protection, ...] = ()
    is_picture_missing: bool = False

    def lines(self, *, has_text: bool) -> tuple[str, ...]:
        """What the Activity tells besides the Documents. `has_text`: the mail can be read.

        What protects a mail leaves a notice where its text was; what encrypts it leaves nothing.
        """
        shown = (s for s in self.protections if s is Protection.PROTECTED or not has_text)
        missing = (PICTURE_MISSING,) if self.is_picture_missing else ()
        left_out = (left_out_line(f.name, f.left_out) for f in self.files if f.is_reported)
        linked = (f"Linked file: {name}" for name in self.links)
        return (*(s.value for s in shown), *missing, *left_out, *linked)


def left_out_line(name: str, why: str) -> str:
    """The line for a file that is no Document.

    >>> left_out_line("report.zip", "52 MB, more than 25 MB")
    'Left out: report.zip (52 MB, more than 25 MB)'
    """
    return f"Left out: {name} ({why})"


def name_attachments(listed: Sequence[Attachment]) -> tuple[str, ...]:
    """A safe name for each attachment, no two alike; an attached mail ends in `.eml`."""
    return deduplicate([_name(one, position) for position, one in enumerate(listed, start=1)])


def _name(one: Attachment, position: int) -> str:
    if _is_signed_mail(one):
        return "signed mail.eml"
    is_mail = one.kind is AttachmentKind.ITEM
    return safe_name(one.name, position=position, ending=".eml" if is_mail else "")


def classify(
    listed: Sequence[Attachment],
    *,
    cids: Collection[str],
    largest: int,
    pictures: PictureFacts = NO_PICTURES,
) -> AttachmentPlan:
    """What becomes of each attachment.

    `listed`: all of them, in Outlook's order. `cids`: the content ids that the text shows (see
    `content_id`), `pictures`: what else is known of these. `largest`: in bytes, a larger file is
    left out.
    """
    shown, is_alone = frozenset(cids), pictures.are_alone
    files, links = [], []
    for position, (one, name) in enumerate(
        zip(listed, name_attachments(listed), strict=True), start=1
    ):
        is_shown = _is_shown(one, shown)
        is_kept = _is_message(one, pictures) if is_shown else not _is_wrapping(one)
        if is_kept and one.kind is AttachmentKind.REFERENCE:
            links.append(name)
        elif is_kept:
            left_out, may_repeat = _too_large(one.size, largest), is_shown and not is_alone
            files.append(DocumentPlan(position, name, one.size, left_out, may_repeat))
    return AttachmentPlan(
        files=tuple(files),
        links=tuple(links),
        protections=tuple(dict.fromkeys(_protections(listed))),
        is_picture_missing=pictures.has_pasted or _lacks_its_picture(listed, shown, pictures),
    )


def leave_out_repeated(
    enclosures: AttachmentPlan, filed: Iterable[tuple[str, int]]
) -> AttachmentPlan:
    """The same, with each picture of the text left out that is filed already.

    `filed`: name and size of what is filed where this mail is. Mail programs name pasted pictures
    alike and anew in each answer: size and type tell whether two are one.
    """
    known = {_looks(name, size) for name, size in filed}
    files = []
    for one in enclosures.files:
        looks = _looks(one.name, one.size)
        if one.may_repeat and not one.left_out and looks in known:
            files.append(replace(one, left_out=REPEATED))
            continue
        known.add(looks)
        files.append(one)
    return replace(enclosures, files=tuple(files))


def normalize_content_id(text: str) -> str:
    """A content id in the one form in which two of them are compared."""
    return unquote(text).strip().strip("<>").casefold()


def _looks(name: str, size: int) -> tuple[str, int]:
    """By what a picture is known again."""
    ending = PurePosixPath(name).suffix.lower()
    return (".jpg" if ending == ".jpeg" else ending), size


def _is_message(one: Attachment, pictures: PictureFacts) -> bool:
    """True for a picture in the text that says something, as far as its mail alone tells."""
    if normalize_content_id(one.content_id) in pictures.decoration:
        return False
    return one.size > (_LARGEST_DOT if pictures.are_alone else LARGEST_LOGO)


def _lacks_its_picture(
    listed: Iterable[Attachment], cids: frozenset[str], pictures: PictureFacts
) -> bool:
    """True when the text has no words, and none of its pictures is attached."""
    attached, has_one = set(), False
    for one in listed:
        attached.add(normalize_content_id(one.content_id))
        has_one |= _is_picture(one) and (not _is_shown(one, cids) or _is_message(one, pictures))
    is_orphaned = not cids <= attached.union(pictures.decoration)
    return pictures.are_alone and not has_one and (pictures.has_unattached or is_orphaned)


def _is_shown(one: Attachment, cids: frozenset[str]) -> bool:
    """True for a picture that the text shows.

    `isInline` cannot tell: Apple Mail sets it on a PDF, and it is missing on pictures that are
    shown (GitHub: microsoft-graph-docs issue 2095). It counts where the type says nothing.
    """
    return normalize_content_id(one.content_id) in cids and _is_picture(one)


def _is_picture(one: Attachment) -> bool:
    if one.kind is not AttachmentKind.FILE:
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


def _protections(listed: Iterable[Attachment]) -> Iterable[Protection]:
    for one in listed:
        if _is_bound(one):
            yield Protection.PROTECTED
        # An attached `invoice.xml.p7m` is a file like any other.
        elif _media_type(one) in _SEALED | _ANY_TYPES and one.name.casefold() == "smime.p7m":
            yield Protection.SEALED


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
