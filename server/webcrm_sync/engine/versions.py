"""Version tokens: the pane sends one back to learn whether what it shows is still true.

A token names the copy that was found and the version of what was answered about it, so that a
look at a mail that has not changed costs one query and no call to Graph. It is signed for one
person: nobody can ask about a copy that was not found in the own mailbox first.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from webcrm_sync.core.message import Message
from webcrm_sync.engine.parts import Parts
from webcrm_sync.store.sealing import SIGNATURE
from webcrm_sync.store.versions import DIGEST, Version, read_version

#: So long an answer is taken for true while its version is the same. What only Outlook knows of a
#: mail outside the sync folders is not in our tables; without push nobody reports it soon.
_TRUSTED_S, _TRUSTED_UNPUSHED_S = 300, 20
#: A mail that Outlook shows in the folder and we have not read there may be gone from it again.
_TRUSTED_UNREAD_S = 5


@dataclass(frozen=True, slots=True)
class Known:
    """The copy that a token names, as it was when the token was made."""

    graph_id: str
    message_id: str | None
    digest: bytes
    expires_at: int


def make_token(
    parts: Parts, user_id: str, head: Message, version: Version, *, is_on_its_way: bool
) -> str:
    """A token of this copy and what was answered about it.

    `version` was read before the answer: what changes in between then counts as a change.
    """
    lifetime = _lifetime_s(version, is_on_its_way=is_on_its_way)
    expires_at = int(parts.now().timestamp()) + lifetime
    facts = json.dumps([expires_at, head.graph_id, head.message_id]).encode()
    signed = version.digest + facts
    signature = parts.seal.sign(_context(parts, user_id) + signed)
    return urlsafe_b64encode(signature + signed).decode()


def _lifetime_s(version: Version, *, is_on_its_way: bool) -> int:
    if version.is_met:
        return _TRUSTED_S
    if is_on_its_way:
        return _TRUSTED_UNREAD_S
    return _TRUSTED_S if version.is_pushed else _TRUSTED_UNPUSHED_S


def read_token(parts: Parts, user_id: str, token: str) -> Known | None:
    """What this person's token names, None when we did not make it for that person."""
    try:
        raw = urlsafe_b64decode(token.encode())
    except ValueError:
        return None
    signature, signed = raw[:SIGNATURE], raw[SIGNATURE:]
    if not parts.seal.is_signature(signature, _context(parts, user_id) + signed):
        return None
    expires_at, graph_id, message_id = json.loads(signed[DIGEST:])
    return Known(graph_id, message_id, signed[:DIGEST], expires_at)


def is_changed(parts: Parts, user_id: str, token: str) -> bool:
    """True unless all that was answered with this token is still true. One query at most."""
    known = read_token(parts, user_id, token)
    if known is None or known.expires_at <= parts.now().timestamp():
        return True
    version = read_version(
        parts.database, parts.company_id, user_id, known.graph_id, known.message_id
    )
    return version is None or version.digest != known.digest


def _context(parts: Parts, user_id: str) -> bytes:
    return f"{parts.company_id} {user_id}\n".encode()
