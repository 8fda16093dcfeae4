"""Decides which copies belong to the same mail."""

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

#: Copies of one mail have the same Date header, but Exchange rounds it differently per copy.
_SENT_TOLERANCE = timedelta(minutes=2)
_NOBODY = Aliases()
_NO_HASHES: Mapping[str, str] = MappingProxyType({})
#: Files of at most this many bytes may have the same size by chance.
SMALL_FILE = 100_000


class File(NamedTuple):
    """A file of a mail. `content`: its hash, "" = its name and size identify it."""

    name: str
    size: int
    content: str = ""


#: The files of a mail, sorted.
Files = tuple[File, ...]


def is_same_mail(
    head: Fingerprint,
    other: Fingerprint,
    aliases: Aliases = _NOBODY,
    *,
    has_same_words: bool = False,
) -> bool:
    """True if two copies with the same Message-ID may be the same mail, judged by their heads.

    Gateways may tag the subject (`core.subjects`), people may appear under another of their
    addresses (`core.aliases`), and recipients only need to overlap. Two addresses that may belong
    to one person contradict each other unless the words are the same. A legacy Exchange sender on
    one copy does not contradict an SMTP address on the other.
    """
    if head.sent_at and other.sent_at and abs(head.sent_at - other.sent_at) > _SENT_TOLERANCE:
        return False
    if not subjects_agree(head.subject, other.subject):
        return False
    return _is_same_sender(head, other, aliases, has_same_words) and _has_common_recipient(
        head, other, aliases, has_same_words
    )


def _is_same_sender(
    head: Fingerprint, other: Fingerprint, aliases: Aliases, has_same_words: bool
) -> bool:
    if "@" not in head.sender or "@" not in other.sender:
        return True
    if aliases.canonical(head.sender) == aliases.canonical(other.sender):
        return True
    return has_same_words and aliases.may_be_same_person(head.sender, other.sender)


def _has_common_recipient(
    head: Fingerprint, other: Fingerprint, aliases: Aliases, has_same_words: bool
) -> bool:
    recipients, other_recipients = head.recipients, other.recipients
    if (
        not recipients
        or not other_recipients
        or aliases.have_common_person(recipients, other_recipients)
    ):
        return True
    return has_same_words and aliases.may_have_common_person(recipients, other_recipients)


def list_files(
    attachments: Iterable[Attachment],
    *,
    with_sizes: bool = True,
    contents: Mapping[str, str] = _NO_HASHES,
) -> Files:
    """The files of a mail, without pictures in its text, since servers add their logos.

    `with_sizes`: False for the sender's own copy, whose sizes may differ. Copies that arrived have
    equal sizes. `contents`: content hashes by the attachments' Graph ids.
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
    """The features of a copy that are compared with other copies.

    `words`: None = unknown. `has_files`: None = not comparable, since the copy is in another
    mailbox. `files`: None = not listed.
    """

    fingerprint: Fingerprint
    words: WordDigest | None = None
    has_files: bool | None = None
    files: Files | None = None

    def is_of_mail(self, other: MailFeatures, aliases: Aliases = _NOBODY) -> bool:
        """True if both copies, which have the same Message-ID, belong to the same mail.

        The heads alone decide if the words of one copy are unknown.
        """
        if self.words is None or other.words is None:
            return is_same_mail(self.fingerprint, other.fingerprint, aliases)
        if not is_same_mail(self.fingerprint, other.fingerprint, aliases, has_same_words=True):
            return False
        return self.words.agrees_with(other.words) and not self._has_other_files(other)

    def may_have_other_files(self, other: MailFeatures, aliases: Aliases = _NOBODY) -> bool:
        """True if only the names and sizes of their files can show that the copies differ."""
        if not (self.has_files and other.has_files and self._has_equal_words(other)):
            return False
        return is_same_mail(self.fingerprint, other.fingerprint, aliases, has_same_words=True)

    def _has_other_files(self, other: MailFeatures) -> bool:
        """A gateway that changes files adds a notice, so the words differ as well."""
        if self.has_files is None or other.has_files is None or not self._has_equal_words(other):
            return False
        if self.files is None or other.files is None:
            return self.has_files != other.has_files
        return self.files != other.files

    def _has_equal_words(self, other: MailFeatures) -> bool:
        if self.words is None or other.words is None:
            return False
        return self.words.content == other.words.content
