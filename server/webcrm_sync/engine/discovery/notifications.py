"""Graph's change notifications: each one only says which folder to read.

`accept` verifies them and requests a reading; the `discover` job then reads the folder's delta.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from threading import Lock

from webcrm_sync.engine import push_urls
from webcrm_sync.engine.context import Context
from webcrm_sync.store import folder_reads, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.encryption import WrongKey
from webcrm_sync.store.items import lookup
from webcrm_sync.store.items.lookup import CopyVersion, KnownVersions
from webcrm_sync.store.mailboxes import SyncFolder

#: Subscriptions whose client states are cached, as digests.
_CACHED = 4096
#: Interval between warnings about client states that cannot be opened.
_WARNING_INTERVAL = timedelta(minutes=5)
#: How long the answer of `is_old_address_in_use` is cached.
_ADDRESS_CHECK_INTERVAL = timedelta(minutes=1)
#: Time left to renew a subscription that Graph wants reauthorised.
_RENEWAL_TIME = timedelta(hours=1)
#: The delay of a read that most likely finds only our own marks. A batch of marks causes twenty
#: notifications, and one read serves those of a whole minute.
_ECHO_DELAY = timedelta(minutes=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Notification:
    """One entry of a request from Graph, unverified. `lifecycle` is empty for a changed mail.

    `is_update`: the mail was in the folder before the change and remains there.
    """

    subscription_id: str
    client_state: str
    graph_id: str = ""
    change_key: str = ""
    lifecycle: str = ""
    is_update: bool = False


class Urgency(Enum):
    """How soon a folder must be read because of what Graph posted."""

    NONE = "none"
    SOON = "soon"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class _Verified:
    """The notifications of one request that are verified to be about this folder.

    `earlier`: those of earlier requests whose copies may have to be read ahead.
    """

    folder: SyncFolder
    notifications: Sequence[Notification]
    earlier: Sequence[Notification] = ()

    @property
    def is_a_flood_possible(self) -> bool:
        """True until the first page of a requested reading shows whether further pages follow."""
        return self.folder.is_read_requested and not self.folder.is_busy

    @property
    def is_subscription_removed(self) -> bool:
        return self._has_lifecycle("subscriptionRemoved")

    @property
    def has_gap(self) -> bool:
        """True when Graph says that it has not sent every notification."""
        return self.is_subscription_removed or self._has_lifecycle("missed")

    @property
    def versions(self) -> frozenset[CopyVersion]:
        """The copies that changed. Empty if a read is certain and nothing is read ahead."""
        is_certain = self.has_gap or self.folder.is_read_requested
        if is_certain and not self.folder.is_busy:
            return frozenset()
        return self._versions_of(n for n in self.notifications if not n.lifecycle)

    @property
    def earlier_versions(self) -> frozenset[CopyVersion]:
        """The copies of earlier requests that may have to be read ahead."""
        return self._versions_of(self.earlier)

    def new_copies(self, known: KnownVersions) -> Sequence[str]:
        """The Graph ids of copies to read ahead of pages: without items in the sync folders.

        In the order of the notifications, only the last few. The request that makes a read due
        names them too: the first page shows whether the folder is busy.
        """
        if self.is_a_flood_possible:
            return ()
        ids = dict.fromkeys(
            n.graph_id
            for n in (*self.earlier, *self.notifications)
            if n.change_key and not n.lifecycle
        )
        new = [i for i in ids if (self.folder.mailbox_id, i) not in known.here]
        return new[-folder_reads.MOST_ANNOUNCED :]

    def urgency(self, known: KnownVersions) -> Urgency:
        """How soon the folder must be read.

        A version that is recorded is one that we wrote or read. An update of a copy whose mark is
        due is most likely the mark itself, announced before its result is recorded.
        """
        if self.folder.is_read_requested:
            return Urgency.NONE  # a reading that begins after this request follows anyway
        if self.has_gap:
            return Urgency.NOW
        foreign = self.versions - known.recorded
        updates = self._versions_of(n for n in self.notifications if n.is_update)
        if foreign - (known.mark_due & updates):
            return Urgency.NOW
        return Urgency.SOON if foreign else Urgency.NONE

    def _versions_of(self, some: Iterable[Notification]) -> frozenset[CopyVersion]:
        return frozenset((self.folder.mailbox_id, n.graph_id, n.change_key) for n in some)

    def needs_maintenance(self, now: datetime) -> bool:
        """True if the subscription must be renewed or replaced, and no earlier request said so."""
        must_renew = self._has_lifecycle("reauthorizationRequired")
        expires_at = self.folder.subscription_expires_at or now
        return self.is_subscription_removed or (must_renew and expires_at > now + _RENEWAL_TIME)

    def folder_columns(self, now: datetime) -> dict[str, object]:
        """What changes in the folder's row, apart from its hint."""
        columns: dict[str, object] = {}
        if self.folder.push_doubted_at:
            columns["push_doubted_at"] = None
        if self.is_subscription_removed:
            return columns | {"subscription_id": None, "subscription_expires_at": None}
        if self.needs_maintenance(now):
            # A renewal also reauthorises (Graph: lifecycle notifications).
            columns["subscription_expires_at"] = now + _RENEWAL_TIME
        return columns

    def _has_lifecycle(self, event: str) -> bool:
        return any(n.lifecycle == event for n in self.notifications)


class _EarlierNotifications:
    """The last notifications of each folder whose reading was already requested. Thread-safe.

    Nothing is written about them, so that a flood costs little. If the first page shows that it is
    a flood, a mail that was moved singly since then must not wait for its last page: the next
    notification of the folder reads it ahead. What a process forgets is read with its page.
    """

    def __init__(self) -> None:
        self._kept: dict[int, Sequence[Notification]] = {}
        self._lock = Lock()

    def exchange(self, verified: _Verified) -> _Verified:
        """Keep the notifications, or return those that were kept if the folder is busy now."""
        folder = verified.folder
        with self._lock:
            kept = self._kept.pop(folder.id, ())
            if verified.is_a_flood_possible:
                every = (*kept, *verified.notifications)
                self._kept[folder.id] = every[-folder_reads.MOST_ANNOUNCED :]
        return replace(verified, earlier=kept if folder.is_busy else ())


class NotificationReceiver:
    """Accepts what is posted to the notification URLs of one company. Thread-safe."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._earlier = _EarlierNotifications()
        self._opened_digest = lru_cache(_CACHED)(self._open)
        self._next_warning_at = self._next_address_check_at = _LONG_AGO
        self._is_old_address_in_use = True

    def accept(self, notifications: Sequence[Notification]) -> None:
        """Request a reading of each folder with changes that are not ours. Idempotent.

        Ignores notifications without the client state of their subscription. Everything is
        verified before anything is written, so a forged request costs one query.
        """
        by_subscription: dict[str, list[Notification]] = {}
        for one in dict.fromkeys(notifications):
            by_subscription.setdefault(one.subscription_id.lower(), []).append(one)
        if not by_subscription:
            return
        with self._context.begin() as tx:
            folders = mailboxes.folders_by_subscription(tx, by_subscription)
            verified = [self._verify(folder, by_subscription[i]) for i, folder in folders.items()]
            versions = frozenset().union(*(v.versions | v.earlier_versions for v in verified))
            known = lookup.known_versions(tx, versions)
            now = tx.now
        self._warn_of_unverifiable(list(folders.values()))
        urgency = {v.folder.id: v.urgency(known) for v in verified}
        new = {v.folder.id: v.new_copies(known) for v in verified}
        read_by = now + _ECHO_DELAY
        changed = [
            v
            for v in verified
            if v.folder_columns(now)
            or new[v.folder.id]
            or urgency[v.folder.id] is Urgency.NOW
            or (urgency[v.folder.id] is Urgency.SOON and not v.folder.is_polled_by(read_by))
        ]
        if changed:
            self._context.transact(lambda tx: _record(tx, changed, urgency, new))

    def is_old_address_in_use(self) -> bool:
        """True while some subscription may post to a URL without a secret; at most a minute old."""
        now = self._context.now()
        if now >= self._next_address_check_at:
            self._next_address_check_at = now + _ADDRESS_CHECK_INTERVAL
            with self._context.begin() as tx:
                self._is_old_address_in_use = mailboxes.has_old_address(tx)
        return self._is_old_address_in_use

    def _verify(self, folder: SyncFolder, notifications: Sequence[Notification]) -> _Verified:
        expected = self._opened_digest(folder.client_state or "") or b""
        genuine = [
            n for n in notifications if hmac.compare_digest(expected, _digest(n.client_state))
        ]
        return self._earlier.exchange(_Verified(folder, genuine))

    def _open(self, sealed: str) -> bytes | None:
        try:
            return _digest(self._context.cipher.decrypt(sealed))
        except WrongKey:
            return None

    def _warn_of_unverifiable(self, folders: Sequence[SyncFolder]) -> None:
        """Log folders whose client state cannot be opened, and have them subscribed again."""
        broken = [f for f in folders if self._opened_digest(f.client_state or "") is None]
        now = self._context.now()
        if broken and now >= self._next_warning_at:
            self._next_warning_at = now + _WARNING_INTERVAL
            push_urls.request_replacement(self._context, broken)


def _digest(client_state: str) -> bytes:
    """A digest of fixed length, so that every comparison takes the same time."""
    return sha256(client_state.encode(errors="replace")).digest()


def _record(
    tx: Tx,
    changed: Sequence[_Verified],
    urgency: Mapping[int, Urgency],
    new_copies: Mapping[int, Sequence[str]],
) -> None:
    mailboxes.maintain_now(
        tx, [v.folder.mailbox_id for v in changed if v.needs_maintenance(tx.now)]
    )
    ids = [v.folder.id for v in changed if urgency[v.folder.id] is not Urgency.NONE]
    with_columns = [v for v in changed if v.folder_columns(tx.now)]
    # A folder with announced copies alone is not locked: its page may be in the middle of a write.
    mailboxes.lock(tx, folder_ids=[*ids, *(v.folder.id for v in with_columns)])
    for verified in with_columns:
        columns = verified.folder_columns(tx.now)
        mailboxes.set_subscribed_folder(tx, verified.folder, **columns)
    by_folder = sorted(changed, key=lambda v: v.folder.id)  # else two requests could deadlock
    if copies := [(v.folder, i) for v in by_folder for i in new_copies[v.folder.id]]:
        folder_reads.announce(tx, copies)
    if soon := [i for i in ids if urgency[i] is Urgency.SOON]:
        folder_reads.poll_by(tx, soon, tx.now + _ECHO_DELAY)
    if now := [i for i in ids if urgency[i] is Urgency.NOW]:
        folder_reads.request_read(tx, now)
