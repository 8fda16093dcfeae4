"""The key of an e-mail within its company. Filing keys and stamps are made of it: it never changes.

<message-id>                        the first mail with that Message-ID
<message-id> content:<hash>         another one
<message-id> <digest>               another one, met by a version that did not compare words
digest:<digest> ...                 the same of mails without a Message-ID
"""

from __future__ import annotations

import base64
import hashlib
import re

from webcrm_sync.core.message import Fingerprint

_CONTENT = " content:"
_CONTENT_KEY = re.compile(rf".*{_CONTENT}([a-z2-7]{{26}})", re.DOTALL)


def first_key(message_id: str | None, print_: Fingerprint) -> str:
    """The key of the first mail with its Message-ID, or its fingerprint where there is none."""
    return message_id or f"digest:{print_.digest()}"


def earlier_key(first: str, print_: Fingerprint) -> str:
    """The key that versions which did not compare words gave another mail."""
    return f"{first} {print_.digest()}"


def content_key(first: str, print_: Fingerprint, *content: bytes) -> str:
    """The key of another mail: the fingerprint and the content tell it from the first one."""
    facts = b"\0".join([print_.digest().encode(), *content])
    digest = base64.b32encode(hashlib.sha256(facts).digest()).decode().lower()[:26]
    return key_with(first, digest)


def key_with(first: str, content: str) -> str:
    """The key with this hash of the content in it."""
    return f"{first}{_CONTENT}{content}"


def first_key_in(email_key: str, message_id: str | None) -> str:
    """The first key of the mails among which this key tells one apart."""
    return message_id or email_key.partition(_CONTENT)[0]


def content_in(email_key: str) -> str:
    """The hash of the content in a key, "" when it has none."""
    found = _CONTENT_KEY.fullmatch(email_key)
    return found[1] if found else ""
