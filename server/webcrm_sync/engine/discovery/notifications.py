"""Graph's notifications: trusted for nothing but "look there"."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from webcrm_sync.engine import push_urls
from webcrm_sync.engine.context import Context
from webcrm_sync.store import mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.encryption import SealBroken
from webcrm_sync.store.items import lookup
from webcrm_sync.store.mailboxes import SyncFolder

#: The client states of this many subscriptions are remembered, as digests.
_REMEMBERED = 4096
#: Once in this time a client state that cannot be opened is logged and left to `keep`.
_ALARM_PAUSE = timedelta(minutes=5)
#: Once in this time we look whether a subscription still has the address of an earlier version.
_LOOK_PAUSE = timedelta(minutes=1)
#: An authorisation that runs out leaves this much time to renew the subscription.
_SOON = timedelta(hours=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Notification:
    """One line of what was posted to us, unverified. `lifecycle` is empty for a change."""

    subscription_id: str
    client_state: str
    graph_id: str = ""
    change_key: str = ""
    lifecycle: str = ""


@dataclass(frozen=True, slots=True)
class _Genuine:
    """What Graph says about one folder in one request."""

    folder: SyncFolder
    lines: frozenset[Notification]

    @property
    def is_removed(self) -> bool:
        return any(line.lifecycle == "subscriptionRemoved" for line in self.lines)

    def is_care_due(self, now: datetime) -> bool:
        """True when the subscription needs a renewal or a replacement that nobody has noted yet."""
        is_asked = any(line.lifecycle == "reauthorizationRequired" for line in self.lines)
        return self.is_removed or (is_asked and self._expires_at(now) > now + _SOON)

    @property
    def is_gap(self) -> bool:
        return self.is_removed or any(line.lifecycle == "missed" for line in self.lines)

    @property
    def versions(self) -> frozenset[tuple[int, str, str]]:
        """Which copies are now in which version; none where that decides nothing."""
        if self.is_gap or self.folder.is_hint_open:
            return frozenset()
        changes = (line for line in self.lines if not line.lifecycle)
        return frozenset((self.folder.mailbox_id, n.graph_id, n.change_key) for n in changes)

    def is_news(self, known: frozenset[tuple[int, str, str]]) -> bool:
        """True when the folder is to be read. False for echoes of our own writes.

        False too while a hint is open: the reading that follows it begins after this request came.
        """
        return not self.folder.is_hint_open and (self.is_gap or not self.versions <= known)

    def values(self, now: datetime) -> dict[str, object]:
        """What changes in the folder's row, its hint apart."""
        values: dict[str, object] = {}
        if self.folder.push_doubted_at:
            values["push_doubted_at"] = None
        if self.is_removed:
            return values | {"subscription_id": None, "subscription_expires_at": None}
        if self.is_care_due(now):
            # Renewing does both: it reauthorises and prolongs (Graph: lifecycle events).
            values["subscription_expires_at"] = now + _SOON
        return values

    def _expires_at(self, now: datetime) -> datetime:
        return self.folder.subscription_expires_at or now


class Receiver:
    """Takes what is posted to one company's addresses. Thread-safe."""

    def __init__(self, context: Context) -> None:
        self._parts = context
        self._digest = lru_cache(_REMEMBERED)(self._opened)
        self._next_alarm_at = self._next_look_at = _LONG_AGO
        self._is_old_address_in_use = True

    def take(self, notifications: Sequence[Notification]) -> None:
        """Note where to look. What does not carry the right client state is ignored. Idempotent.

        Everything is verified before anything is written: a stranger costs one query.
        """
        by_id: dict[str, set[Notification]] = {}
        for one in notifications:
            by_id.setdefault(one.subscription_id.lower(), set()).add(one)
        if not by_id:
            return
        with self._parts.begin() as tx:
            folders = mailboxes.by_subscription(tx, by_id)
            told = [self._genuine(folder, by_id[i]) for i, folder in folders.items()]
            known = lookup.known_versions(tx, frozenset().union(*(t.versions for t in told)))
            now = tx.now
        self._alarm([f for f in folders.values() if self._digest(f.client_state or "") is None])
        news = frozenset(t.folder.id for t in told if t.is_news(known))
        noted = [t for t in told if t.values(now) or t.folder.id in news]
        if noted:
            self._parts.transact(lambda tx: _note(tx, noted, news))

    def is_old_address_in_use(self) -> bool:
        """True while a subscription may post to an address without a secret."""
        now = self._parts.now()
        if now >= self._next_look_at:
            self._next_look_at = now + _LOOK_PAUSE
            with self._parts.begin() as tx:
                self._is_old_address_in_use = mailboxes.has_old_address(tx)
        return self._is_old_address_in_use

    def _genuine(self, folder: SyncFolder, lines: set[Notification]) -> _Genuine:
        """What of it carries the client state of the folder's subscription."""
        expected = self._digest(folder.client_state or "") or b""
        return _Genuine(
            folder,
            frozenset(n for n in lines if hmac.compare_digest(expected, _digest(n.client_state))),
        )

    def _opened(self, sealed: str) -> bytes | None:
        try:
            return _digest(self._parts.seal.open(sealed))
        except SealBroken:
            return None

    def _alarm(self, deaf: Sequence[SyncFolder]) -> None:
        now = self._parts.now()
        if deaf and now >= self._next_alarm_at:
            self._next_alarm_at = now + _ALARM_PAUSE
            push_urls.replace_deaf(self._parts, deaf)


def _digest(client_state: str) -> bytes:
    """Of one length for all, so that comparing takes one time."""
    return sha256(client_state.encode(errors="replace")).digest()


def _note(tx: Tx, noted: Sequence[_Genuine], news: frozenset[int]) -> None:
    mailboxes.keep_now(tx, [t.folder.mailbox_id for t in noted if t.is_care_due(tx.now)])
    mailboxes.lock(tx, folder_ids=[t.folder.id for t in noted])
    for told in noted:
        if values := told.values(tx.now):
            mailboxes.set_pushed(tx, told.folder, **values)
    if news:
        mailboxes.request_read(tx, news)
