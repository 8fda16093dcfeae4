"""Which copies are one mail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple

from webcrm_sync.core.aliases import Aliases
from webcrm_sync.core.message import Attachment, Fingerprint
from webcrm_sync.core.subjects import subjects_agree
from webcrm_sync.core.word_digest import WordDigest

#: Copies of one mail carry the same Date header; Exchange rounds it differently per copy.
_SENT_TOLERANCE = timedelta(minutes=2)
_NOBODY = Aliases()
_NOT_READ: Mapping[str, str] = MappingProxyType({})
#: Files up to this many bytes may well have the same size by chance.
SMALL_FILE = 100_000


class File(NamedTuple):
    """A file of a mail. `content`: a hash, "" = name and size are enough to tell it apart."""

    name: str
    size: int
    content: str = ""


#: A mail's files, ascending.
Files = tuple[File, ...]


def is_same_mail(
    one: Fingerprint,
    other: Fingerprint,
    aliases: Aliases = _NOBODY,
    *,
    has_same_words: bool = False,
) -> bool:
    """True when two copies with one Message-ID may be the same mail, going by their heads.

    A gateway may put tags into the subject (`core.subjects`), people may be shown by another of
    their addresses (`core.aliases`); of the recipients overlapping is enough. Two addresses that
    are perhaps one person's contradict each other unless the words are known to be the same. A
    sender's legacy Exchange name on one copy is no contradiction to its address on the other.
    """
    if one.sent_at and other.sent_at and abs(one.sent_at - other.sent_at) > _SENT_TOLERANCE:
        return False
    if not subjects_agree(one.subject, other.subject):
        return False
    return _is_same_sender(one, other, aliases, has_same_words) and _is_to_the_same(
        one, other, aliases, has_same_words
    )


def _is_same_sender(
    one: Fingerprint, other: Fingerprint, aliases: Aliases, has_same_words: bool
) -> bool:
    if "@" not in one.sender or "@" not in other.sender:
        return True
    if aliases.canonical(one.sender) == aliases.canonical(other.sender):
        return True
    return has_same_words and aliases.may_be_same_person(one.sender, other.sender)


def _is_to_the_same(
    one: Fingerprint, other: Fingerprint, aliases: Aliases, has_same_words: bool
) -> bool:
    here, there = one.recipients, other.recipients
    if not here or not there or aliases.have_common_person(here, there):
        return True
    return has_same_words and aliases.may_have_common_person(here, there)


def list_files(
    attachments: Iterable[Attachment],
    *,
    with_sizes: bool = True,
    contents: Mapping[str, str] = _NOT_READ,
) -> Files:
    """A mail's files. What its text shows is none, since servers add their logos.

    `with_sizes`: two copies that came in have the same ones; the sender's own copy may differ.
    `contents`: by the attachments' Graph ids.
    """
    return tuple(
        sorted(
            File(a.name, a.size if with_sizes else 0, contents.get(a.graph_id, ""))
            for a in attachments
            if not (a.is_inline and a.content_type.startswith("image/"))
        )
    )


@dataclass(frozen=True, slots=True)
class MailFeatures:
    """What a copy shows of its mail.

    `words`: None = not known. `has_files`: None = not to be compared, since it lies in another
    mailbox. `files`: None = not looked at.
    """

    fingerprint: Fingerprint
    words: WordDigest | None = None
    has_files: bool | None = None
    files: Files | None = None

    def is_of_mail(self, other: MailFeatures, aliases: Aliases = _NOBODY) -> bool:
        """True when the two, with one Message-ID, are copies of one mail.

        Where the words of one are not known their heads alone decide.
        """
        if self.words is None or other.words is None:
            return is_same_mail(self.fingerprint, other.fingerprint, aliases)
        if not is_same_mail(self.fingerprint, other.fingerprint, aliases, has_same_words=True):
            return False
        return self.words.agrees_with(other.words) and not self._has_other_files(other)

    def may_have_other_files(self, other: MailFeatures, aliases: Aliases = _NOBODY) -> bool:
        """True when nothing but the names and sizes of their files can tell the two apart."""
        if not (self.has_files and other.has_files and self._has_equal_words(other)):
            return False
        return is_same_mail(self.fingerprint, other.fingerprint, aliases, has_same_words=True)

    def _has_other_files(self, other: MailFeatures) -> bool:
        """A gateway that changes files says so in the text: then the words are not equal."""
        if self.has_files is None or other.has_files is None or not self._has_equal_words(other):
            return False
        if self.files is None or other.files is None:
            return self.has_files != other.has_files
        return self.files != other.files

    def _has_equal_words(self, other: MailFeatures) -> bool:
        if self.words is None or other.words is None:
            return False
        return self.words.content == other.words.content
