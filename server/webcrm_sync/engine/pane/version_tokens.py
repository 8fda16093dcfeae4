"""Version tokens: the pane sends one back to learn whether what it shows is still true.

A token names the copy that was found and the version of what was answered about it, so that a
look at a mail that has not changed costs one query and no call to Graph. It is signed for one
person: nobody can ask about a copy that was not found in the own mailbox first.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from webcrm_sync.core.message import Message
from webcrm_sync.engine.context import Context
from webcrm_sync.store.encryption import SIGNATURE
from webcrm_sync.store.versions import DIGEST, Copy, Version, read_versions

#: So long an answer is taken for true while its version is the same. What only Outlook knows of a
#: mail outside the sync folders is not in our tables; without push nobody reports it soon.
_TRUSTED_S, _TRUSTED_UNPUSHED_S = 300, 20
#: A mail that Outlook shows in the folder and we have not read there may be gone from it again.
_TRUSTED_UNREAD_S = 5


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """The copy that a token names, as it was when the token was made."""

    graph_id: str
    message_id: str | None
    digest: bytes
    expires_at: int


def make_token(
    context: Context, user_id: str, head: Message, version: Version, *, is_on_its_way: bool
) -> str:
    """A token of this copy and what was answered about it.

    `version` was read before the answer: what changes in between then counts as a change.
    """
    lifetime = _lifetime_s(version, is_on_its_way=is_on_its_way)
    expires_at = int(context.now().timestamp()) + lifetime
    facts = json.dumps([expires_at, head.graph_id, head.message_id]).encode()
    signed = version.digest + facts
    signature = context.seal.sign(_context(context, user_id) + signed)
    return urlsafe_b64encode(signature + signed).decode()


def _lifetime_s(version: Version, *, is_on_its_way: bool) -> int:
    if version.is_met:
        return _TRUSTED_S
    if is_on_its_way:
        return _TRUSTED_UNREAD_S
    return _TRUSTED_S if version.is_pushed else _TRUSTED_UNPUSHED_S


def read_token(context: Context, user_id: str, token: str) -> TokenFacts | None:
    """What this person's token names, None when we did not make it for that person."""
    try:
        raw = urlsafe_b64decode(token.encode())
    except ValueError:
        return None
    signature, signed = raw[:SIGNATURE], raw[SIGNATURE:]
    if not context.seal.is_signature(signature, _context(context, user_id) + signed):
        return None
    expires_at, graph_id, message_id = json.loads(signed[DIGEST:])
    return TokenFacts(graph_id, message_id, signed[:DIGEST], expires_at)


def have_changed(context: Context, asked: Sequence[tuple[str, str]]) -> list[bool]:
    """Whether anything that was answered with each token changed since. One query at most.

    `asked`: a person's user id and the token. One that we cannot read counts as changed.
    """
    now = context.now().timestamp()
    named = [(user_id, read_token(context, user_id, token)) for user_id, token in asked]
    valid = [(u, k) for u, k in named if k and k.expires_at > now]
    copies = [Copy(u, k.graph_id, k.message_id) for u, k in valid]
    found = read_versions(context.database, context.company_id, copies) if copies else []
    unchanged = {
        (u, k) for (u, k), v in zip(valid, found, strict=True) if v and v.digest == k.digest
    }
    return [one not in unchanged for one in named]


def _context(context: Context, user_id: str) -> bytes:
    return f"{context.company_id} {user_id}\n".encode()
