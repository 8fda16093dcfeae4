"""Version tokens: the pane sends one back to learn whether what it shows still holds.

A token names the copy and the version of the answer about it, so that a question about an
unchanged mail costs one query and no call to Graph. It is signed for one person: nobody can ask
about a copy that the product did not find in that person's own mailbox first.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from webcrm_sync.core.message import Message
from webcrm_sync.engine.context import Context
from webcrm_sync.store.encryption import SIGNATURE
from webcrm_sync.store.pane_versions import DIGEST, Copy, Version, read_versions

#: An answer expires even if its version stays the same: the tables do not hold what only Outlook
#: knows about a mail outside the sync folders. Without push nobody reports its changes soon.
_LIFETIME_S, _LIFETIME_WITHOUT_PUSH_S = 300, 20
#: For a mail that Outlook shows in the folder before `discover` has read it there: it may have
#: left the folder again.
_LIFETIME_UNREAD_S = 5


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """The copy that a token names. `digest`: its version when the token was made."""

    graph_id: str
    message_id: str | None
    digest: bytes
    expires_at: int


def make_token(
    context: Context, user_id: str, head: Message, version: Version, *, is_on_its_way: bool
) -> str:
    """A token of this copy and of the answer about it.

    Read `version` before the answer, so that a change in between counts as a change.
    """
    lifetime = _lifetime_s(version, is_on_its_way=is_on_its_way)
    expires_at = int(context.now().timestamp()) + lifetime
    facts = json.dumps([expires_at, head.graph_id, head.message_id]).encode()
    signed = version.digest + facts
    signature = context.cipher.sign(_signing_scope(context, user_id) + signed)
    return urlsafe_b64encode(signature + signed).decode()


def _lifetime_s(version: Version, *, is_on_its_way: bool) -> int:
    if version.is_discovered:
        return _LIFETIME_S
    if is_on_its_way:
        return _LIFETIME_UNREAD_S
    return _LIFETIME_S if version.is_pushed else _LIFETIME_WITHOUT_PUSH_S


def read_token(context: Context, user_id: str, token: str) -> TokenFacts | None:
    """What the token holds, None if it was not made for this person."""
    try:
        raw = urlsafe_b64decode(token.encode())
    except ValueError:
        return None
    signature, signed = raw[:SIGNATURE], raw[SIGNATURE:]
    if not context.cipher.is_signature(signature, _signing_scope(context, user_id) + signed):
        return None
    expires_at, graph_id, message_id = json.loads(signed[DIGEST:])
    return TokenFacts(graph_id, message_id, signed[:DIGEST], expires_at)


def have_changed(context: Context, tokens: Sequence[tuple[str, str]]) -> list[bool]:
    """For each token whether its answer has changed since. One query at most.

    `tokens`: pairs of a person's user id and a token. An unreadable or expired token counts as
    changed.
    """
    now = context.now().timestamp()
    read = [(user_id, read_token(context, user_id, token)) for user_id, token in tokens]
    valid = [(u, facts) for u, facts in read if facts and facts.expires_at > now]
    copies = [Copy(u, facts.graph_id, facts.message_id) for u, facts in valid]
    versions = read_versions(context.database, context.company_id, copies) if copies else []
    unchanged = {
        (u, facts)
        for (u, facts), version in zip(valid, versions, strict=True)
        if version and version.digest == facts.digest
    }
    return [one not in unchanged for one in read]


def _signing_scope(context: Context, user_id: str) -> bytes:
    return f"{context.company_id} {user_id}\n".encode()
