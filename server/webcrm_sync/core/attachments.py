"""What happens to a mail's attachments: Documents, pictures in the text, lines in the Activity."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import PurePosixPath
from urllib.parse import unquote

from webcrm_sync.core import phrases
from webcrm_sync.core.along import EVERYTHING, Along
from webcrm_sync.core.filenames import deduplicate, safe_name
from webcrm_sync.core.message import Attachment, AttachmentKind
from webcrm_sync.core.pictures import LARGEST_LOGO, NO_PICTURES, PictureFacts

#: Outlook counts megabytes like this.
MEGABYTE = 1024 * 1024
_PICTURE_ENDINGS = {".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".webp"}
#: Media types that say nothing about the content.
_UNKNOWN_TYPES = {"", "application/octet-stream"}
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature"}
_ENCRYPTED = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_RIGHTS_PROTECTED = {"application/x-microsoft-rpmsg-message"}
#: The size of a picture of one colour or pixel, with the bytes that Exchange adds.
_LARGEST_PIXEL = 1024

#: Why a picture is left out without a line in the Activity: nobody misses it.
REPEATED = phrases.REPEATED.english
#: Why an attachment is left out that a person did not choose. One line names none of these.
NOT_CHOSEN = "not_chosen"
PICTURE_MISSING = "The picture in this mail is not kept here. Open the mail in Outlook."


class Protection(Enum):
    """Why a mail's text cannot be read; the value is the line in the Activity."""

    ENCRYPTED = "This mail is encrypted; its text cannot be read here. Open it in Outlook."
    RIGHTS_PROTECTED = (
        "This mail is protected by its sender's company; its text cannot be read here."
    )


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """One attachment that becomes a Document, unless `left_out` gives a reason why not.

    `position`: counts all attachments of the mail from 1, in Outlook's order. `size`: in bytes.
    `may_repeat`: a picture in the text, which is left out if it is filed already. An attachment
    that is left out by choice (`NOT_CHOSEN`) has no name and no size here: nothing may store them.
    """

    position: int
    name: str
    size: int
    left_out: str = ""
    may_repeat: bool = False

    @property
    def is_reported(self) -> bool:
        """True if the attachment is left out and the Activity says so."""
        return self.left_out not in {"", REPEATED, NOT_CHOSEN}


@dataclass(frozen=True, slots=True)
class AttachmentPlan:
    """What happens to all attachments of one mail.

    `not_chosen`: the number of those left out by choice, without pictures in the text.
    """

    files: tuple[DocumentPlan, ...] = ()
    links: tuple[str, ...] = ()
    protections: tuple[Protection, ...] = ()
    is_picture_missing: bool = False
    not_chosen: int = 0

    def lines(self, *, has_text: bool) -> tuple[str, ...]:
        """The lines about attachments in the Activity. `has_text`: the mail's text could be read.

        Protected mails carry a notice in place of their text, encrypted ones carry nothing.
        """
        shown = (s for s in self.protections if s is Protection.RIGHTS_PROTECTED or not has_text)
        missing = (PICTURE_MISSING,) if self.is_picture_missing else ()
        left_out = (left_out_line(f.name, f.left_out) for f in self.files if f.is_reported)
        linked = (f"Linked file: {name}" for name in self.links)
        return (*(s.value for s in shown), *missing, *left_out, *linked)


@dataclass(frozen=True, slots=True)
class FileChoice:
    """Which attachments go along.

    `left_out_cids`: content ids of the pictures in the parts of the text that are left out, None =
    unknown: then no picture that a text could show goes along.
    """

    along: Along = EVERYTHING
    left_out_cids: frozenset[str] | None = frozenset()

    def takes(self, attachment: Attachment) -> bool:
        """True if an attachment that the chosen text does not show goes along."""
        if self.along.is_all:
            return True
        is_complete_mail = _is_signed_mail(attachment) or _is_encrypted_mail(attachment)
        if is_complete_mail or self.is_in_left_out_text(attachment):
            return False
        return self.along.has_file(attachment.name)

    def is_in_left_out_text(self, attachment: Attachment) -> bool:
        """True for a picture that only a left out part of the text shows."""
        if self.left_out_cids is None:
            return bool(attachment.content_id) and _is_picture(attachment)
        return _is_shown(attachment, self.left_out_cids)


ALL_FILES = FileChoice()


def may_be_shown(attachments: Iterable[Attachment], cids: Collection[str]) -> bool:
    """True if one of these may be a picture in a part of the text that does not have these ids."""
    return any(
        bool(a.content_id) and _is_picture(a) and not _is_shown(a, frozenset(cids))
        for a in attachments
    )


def left_out_line(name: str, why: str) -> str:
    """The line in the Activity about an attachment that is not filed.

    >>> left_out_line("report.zip", "52 MB, more than 25 MB")
    'Left out: report.zip (52 MB, more than 25 MB)'
    """
    return f"Left out: {name} ({why})"


def name_attachments(attachments: Sequence[Attachment]) -> tuple[str, ...]:
    """A safe, unique file name for each attachment, in order; an attached mail ends in `.eml`."""
    return deduplicate(
        [
            _name_attachment(attachment, position)
            for position, attachment in enumerate(attachments, start=1)
        ]
    )


def _name_attachment(attachment: Attachment, position: int) -> str:
    if _is_signed_mail(attachment):
        return "signed mail.eml"
    is_mail = attachment.kind is AttachmentKind.ITEM
    return safe_name(attachment.name, position=position, ending=".eml" if is_mail else "")


def classify(
    attachments: Sequence[Attachment],
    *,
    cids: Collection[str],
    largest: int,
    pictures: PictureFacts = NO_PICTURES,
    choice: FileChoice = ALL_FILES,
) -> AttachmentPlan:
    """What happens to each attachment.

    `attachments`: all attachments, in Outlook's order. `cids`: the content ids that the text shows,
    normalized by `normalize_content_id`. `largest`: the size limit for one file, in bytes.
    `pictures`: what else is known about the pictures in the text. `choice`: which attachments are
    filed; `cids` are those of the chosen part of the text.
    """
    shown, is_alone = frozenset(cids), pictures.are_alone
    files, links, not_chosen = [], [], 0
    for position, (attachment, name) in enumerate(
        zip(attachments, name_attachments(attachments), strict=True), start=1
    ):
        is_shown = _is_shown(attachment, shown)
        is_kept = (
            _has_content(attachment, pictures) if is_shown else not _is_outlook_only(attachment)
        )
        is_of_text = is_shown or choice.is_in_left_out_text(attachment)
        if is_kept and not is_shown and not choice.takes(attachment):
            not_chosen += not is_of_text
            files.append(DocumentPlan(position, "", 0, NOT_CHOSEN))
        elif is_kept and attachment.kind is AttachmentKind.REFERENCE:
            links.append(name)
        elif is_kept:
            left_out, may_repeat = _size_reason(attachment.size, largest), is_shown and not is_alone
            files.append(DocumentPlan(position, name, attachment.size, left_out, may_repeat))
    return AttachmentPlan(
        files=tuple(files),
        links=tuple(links),
        protections=tuple(dict.fromkeys(_protections(attachments))),
        is_picture_missing=pictures.has_pasted or _lacks_all_pictures(attachments, shown, pictures),
        not_chosen=not_chosen,
    )


def leave_out_repeated(plan: AttachmentPlan, filed: Iterable[tuple[str, int]]) -> AttachmentPlan:
    """The plan without the pictures of the text that are filed already.

    `filed`: names and sizes of the Documents in the same place. Mail programs give pasted pictures
    the same names and rename them in each answer, so size and file type decide.
    """
    seen = {_look_of(name, size) for name, size in filed}
    files = []
    for file in plan.files:
        look = _look_of(file.name, file.size)
        if file.may_repeat and not file.left_out and look in seen:
            files.append(replace(file, left_out=REPEATED))
            continue
        seen.add(look)
        files.append(file)
    return replace(plan, files=tuple(files))


def add_asked_for(
    files: Iterable[DocumentPlan], known: Mapping[int, str]
) -> tuple[DocumentPlan, ...]:
    """The files that are not known yet. `known`: the names of the others by position.

    A Document that was read back from webCRM has another position than its attachment, so a new
    file gets the next free one where its own is taken.
    """
    names, taken, new = set(known.values()), set(known), []
    for one in files:
        if (one.name and one.name in names) or (not one.name and one.position in taken):
            continue
        position = one.position if one.position not in taken else max(taken) + 1
        taken.add(position)
        new.append(replace(one, position=position))
    return tuple(new)


def normalize_content_id(text: str) -> str:
    """The content id in the form that all comparisons use."""
    return unquote(text).strip().strip("<>").casefold()


def _look_of(name: str, size: int) -> tuple[str, int]:
    """The file type and size that identify a picture."""
    ending = PurePosixPath(name).suffix.lower()
    return (".jpg" if ending == ".jpeg" else ending), size


def _has_content(attachment: Attachment, pictures: PictureFacts) -> bool:
    """True if a picture in the text has content, as far as this mail alone can tell."""
    if normalize_content_id(attachment.content_id) in pictures.decoration:
        return False
    return attachment.size > (_LARGEST_PIXEL if pictures.are_alone else LARGEST_LOGO)


def _lacks_all_pictures(
    attachments: Iterable[Attachment], cids: frozenset[str], pictures: PictureFacts
) -> bool:
    """True if the text consists of pictures only and none of them is attached."""
    attached, has_picture = set(), False
    for attachment in attachments:
        attached.add(normalize_content_id(attachment.content_id))
        has_picture |= _is_picture(attachment) and (
            not _is_shown(attachment, cids) or _has_content(attachment, pictures)
        )
    is_orphaned = not cids <= attached.union(pictures.decoration)
    return pictures.are_alone and not has_picture and (pictures.has_unattached or is_orphaned)


def _is_shown(attachment: Attachment, cids: frozenset[str]) -> bool:
    """True for a picture that the text shows.

    `isInline` is unreliable: Apple Mail sets it on a PDF, and pictures that the text shows lack it
    (GitHub: microsoft-graph-docs issue 2095). It only counts if the media type is unknown.
    """
    return normalize_content_id(attachment.content_id) in cids and _is_picture(attachment)


def _is_picture(attachment: Attachment) -> bool:
    if attachment.kind is not AttachmentKind.FILE:
        return False
    kind, ending = _media_type(attachment), PurePosixPath(attachment.name).suffix.lower()
    if kind in _UNKNOWN_TYPES:
        return ending in _PICTURE_ENDINGS or (not ending and attachment.is_inline)
    return kind.startswith("image/")


def _is_outlook_only(attachment: Attachment) -> bool:
    """True for attachments without use outside Outlook: signatures, rights-protected mails."""
    kind, name = _media_type(attachment), attachment.name.casefold()
    is_signature = kind in _SIGNATURES or (kind in _UNKNOWN_TYPES and name == "smime.p7s")
    return is_signature or _is_rights_protected(attachment)


def _is_rights_protected(attachment: Attachment) -> bool:
    return (
        _media_type(attachment) in _RIGHTS_PROTECTED
        or attachment.name.casefold() == "message.rpmsg"
    )


def _is_signed_mail(attachment: Attachment) -> bool:
    """True for a complete mail with its signature (MS-OXOSMIME: clear-signed)."""
    return attachment.kind is AttachmentKind.FILE and _media_type(attachment) == "multipart/signed"


def _protections(attachments: Iterable[Attachment]) -> Iterable[Protection]:
    for attachment in attachments:
        if _is_rights_protected(attachment):
            yield Protection.RIGHTS_PROTECTED
        elif _is_encrypted_mail(attachment):
            yield Protection.ENCRYPTED


def _is_encrypted_mail(attachment: Attachment) -> bool:
    """True for a complete mail in encryption. `invoice.xml.p7m` is an ordinary file."""
    is_mime = _media_type(attachment) in _ENCRYPTED | _UNKNOWN_TYPES
    return is_mime and attachment.name.casefold() == "smime.p7m"


def _media_type(attachment: Attachment) -> str:
    """The media type in lower case, without parameters."""
    return attachment.content_type.partition(";")[0].strip().casefold()


def _size_reason(size: int, largest: int) -> str:
    if size <= largest:
        return ""
    limit = round(largest / MEGABYTE, 1)
    # A size just over the limit must also look larger than it.
    shown = max(round(size / MEGABYTE, 1), limit + 0.1)
    return phrases.TOO_LARGE.fill(size=f"{shown:g}", limit=f"{limit:g}")
