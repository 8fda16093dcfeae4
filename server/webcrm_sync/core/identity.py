"""The keys and stamps by which mails and filings are recognised. No other module builds one.

webCRM and Outlook hold these texts, so a key never changes once something is written under it.

E-mail keys, unique within a company:

    <message-id>                       the first mail with this Message-ID
    <message-id> content:<hash>        another mail with the same Message-ID
    <message-id> <digest>              the same, from versions that did not compare words
    digest:<digest> ...                mails without a Message-ID: the digest takes its place
    unread-<hash>                      a copy that could not be read

Filing keys (`ms1-...`) are written to webCRM, stamps (`ms1-s-...`, `ms1-m-...`) to Outlook.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from webcrm_sync.core.message import Fingerprint
from webcrm_sync.core.same_mail import File

#: The prefix of the e-mail key of a copy that could not be read.
UNREAD_PREFIX = "unread-"
_CONTENT = " content:"
_CONTENT_KEY = re.compile(rf".*{_CONTENT}([a-z2-7]{{26}})", re.DOTALL)

_FILING_PREFIX = "ms1-"
_FILING_KEY = re.compile(r"ms1-[a-z2-7]{26}")
#: A filing key's 26 base32 characters hold 130 bits, so 16 whole bytes.
_WHOLE_BYTES = 16
#: How many filing keys one mail may have under one Organisation: a mail gets the next one when a
#: person files it again where an Activity with the earlier key was moved away.
_MAX_FILINGS = 4
#: The database stores an Activity's id in 64 bits, which 18 digits always fit.
_STAMP = re.compile(r"ms1-(?:(s)-([a-z2-7]{26})(?:-([a-z2-7]{26}))?|(m)-([0-9]{1,18}))")


def first_key(message_id: str | None, fingerprint: Fingerprint) -> str:
    """The key of the first mail with this Message-ID, or of a mail without one."""
    return message_id or f"digest:{fingerprint.digest()}"


def legacy_key(first: str, fingerprint: Fingerprint) -> str:
    """The key that versions before the word digest gave another mail with the same first key.

    New mails get a `content_key`. Legacy keys remain valid.
    """
    return f"{first} {fingerprint.digest()}"


def content_key(
    first: str, fingerprint: Fingerprint, *, words: bytes = b"", files: Iterable[File] = ()
) -> str:
    """The key of another mail with the same first key, which its content distinguishes.

    `words`: the content of its word digest.
    """
    listed = "\0".join(f"{file.name}/{file.size}/{file.content}" for file in files)
    facts = b"\0".join([fingerprint.digest().encode(), words, listed.encode()])
    return key_with_content(first, _hash(facts))


def key_with_content(first: str, content_hash: str) -> str:
    """The content key that has this content hash."""
    return f"{first}{_CONTENT}{content_hash}"


def content_hash_of(email_key: str) -> str:
    """The content hash in an e-mail key, empty for other kinds of keys."""
    match = _CONTENT_KEY.fullmatch(email_key)
    return match[1] if match else ""


def first_key_of(email_key: str, message_id: str | None) -> str:
    """The first key that an e-mail key begins with."""
    return message_id or email_key.partition(_CONTENT)[0]


def unread_key(mailbox_id: int, graph_id: str) -> str:
    """The key of a copy that could not be read. It does not depend on the mail."""
    return f"{UNREAD_PREFIX}{hashlib.sha256(f'{mailbox_id}:{graph_id}'.encode()).hexdigest()}"


def file_hash(data: bytes) -> str:
    """The content hash of a small attachment, which content keys include."""
    return hashlib.sha256(data).hexdigest()


def filing_key(company: str, email_key: str, organisation_id: int, *, number: int = 1) -> str:
    """The key in webCRM's key field: `ms1-` and 26 base32 characters.

    `number`: counts the filings of the mail under this Organisation, from 1.
    """
    return _FILING_PREFIX + _hash_of(company, _numbered(email_key, number), str(organisation_id))


def free_filing_key(
    company: str, email_key: str, organisation_id: int, *, taken: Collection[str]
) -> str:
    """The first filing key of the mail under this Organisation that is not taken.

    A key is taken when an Activity that carries it was moved to another Organisation.
    """
    number = 1
    while (key := filing_key(company, email_key, organisation_id, number=number)) in taken:
        number += 1
    return key


def is_filing_key(text: str) -> bool:
    """True for a key that this product wrote."""
    return _FILING_KEY.fullmatch(text) is not None


def find_filing_keys(
    keys: Mapping[bytes, str], company: str, email_key: str, organisation_ids: Iterable[int]
) -> Iterator[str]:
    """The keys of `keys` that belong to this mail under one of these Organisations.

    `keys`: filing keys by their `hash_bytes`. Recovery tries millions of combinations, so the
    common part is hashed once: ten times as fast as calling `filing_key`.
    """
    for key, organisation_id in _match(keys, company, email_key, organisation_ids):
        yield key
        for number in range(2, _MAX_FILINGS + 1):
            later = _match(keys, company, _numbered(email_key, number), [organisation_id])
            yield from (key for key, _ in later)


def hash_bytes(key: str) -> bytes:
    """The 16 bytes of the hash that a filing key holds whole."""
    letters = key.removeprefix(_FILING_PREFIX).upper()
    return base64.b32decode(letters + "=" * (-len(letters) % 8))[:_WHOLE_BYTES]


def mirror_message_id(company: str, activity_id: int, sender_domain: str) -> str:
    """The Message-ID of the mirror of an Activity."""
    return f"<{filing_key(company, 'mirror', activity_id)}@{sender_domain}>"


@dataclass(frozen=True, slots=True)
class Stamp:
    """The text that this product writes on a copy in Outlook. It survives moves and copying.

    `kind`: "s" for a synced copy, "m" for a mirror. `value`: the hash of company and e-mail key,
    or the Activity's id. `content_hash`: the one in the e-mail key, since after a loss of the
    tables there may be no other copy to compute it from.
    """

    kind: str
    value: str
    content_hash: str = ""

    def __str__(self) -> str:
        return "-".join(["ms1", self.kind, self.value, *filter(None, [self.content_hash])])

    @classmethod
    def synced(cls, company: str, email_key: str) -> Stamp:
        """The stamp of the mail's synced copies."""
        return cls("s", _hash_of(company, email_key), content_hash_of(email_key))

    @classmethod
    def mirror(cls, activity_id: int) -> Stamp:
        """The stamp of the mirror of an Activity."""
        return cls("m", str(activity_id))

    @classmethod
    def parse(cls, text: str | None) -> Stamp | None:
        """The stamp that was written as `text`, None for any other text."""
        match = _STAMP.fullmatch(text) if text else None
        if not match:
            return None
        return cls(match[1] or match[4], match[2] or match[5], match[3] or "")

    def is_for(self, company: str, email_key: str) -> bool:
        """True for the stamp of this mail's synced copies."""
        return self.kind == "s" and self.value == _hash_of(company, email_key)


def _numbered(email_key: str, number: int) -> str:
    return email_key if number == 1 else f"{email_key} {number}"


def _match(
    keys: Mapping[bytes, str], company: str, email_key: str, organisation_ids: Iterable[int]
) -> Iterator[tuple[str, int]]:
    common = hashlib.sha256(f"{company}\0{email_key}\0".encode())
    for organisation_id in organisation_ids:
        candidate = common.copy()
        candidate.update(b"%d" % organisation_id)
        if key := keys.get(candidate.digest()[:_WHOLE_BYTES]):
            yield key, organisation_id


def _hash_of(*parts: str) -> str:
    return _hash("\0".join(parts).encode())


def _hash(data: bytes) -> str:
    return base64.b32encode(hashlib.sha256(data).digest()).decode().lower()[:26]
