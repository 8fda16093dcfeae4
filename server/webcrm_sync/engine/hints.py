"""Graph's notifications: trusted for nothing but "look there"."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import emails, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.mailboxes import SyncFolder
from webcrm_sync.store.sealing import SealBroken


@dataclass(frozen=True, slots=True)
class Notification:
    """One line of what was posted to us, unverified. `lifecycle` is empty for a change."""

    subscription_id: str
    client_state: str
    graph_id: str = ""
    change_key: str = ""
    lifecycle: str = ""


def take(parts: Parts, notifications: Sequence[Notification]) -> None:
    """Note where to look. What does not carry the right client state is ignored. Idempotent."""
    by_subscription: dict[str, list[Notification]] = {}
    for one in notifications:
        by_subscription.setdefault(one.subscription_id, []).append(one)
    with parts.begin() as tx:
        for subscription_id, group in by_subscription.items():
            folder = mailboxes.folder_of_subscription(tx, subscription_id)
            if folder is None:
                continue
            genuine = [n for n in group if _is_genuine(parts, folder, n)]
            _follow(tx, folder, genuine)


def _is_genuine(parts: Parts, folder: SyncFolder, notification: Notification) -> bool:
    try:
        expected = parts.seal.open(folder.client_state or "")
    except SealBroken:
        return False
    return hmac.compare_digest(expected.encode(), notification.client_state.encode())


def _follow(tx: Tx, folder: SyncFolder, genuine: Sequence[Notification]) -> None:
    changes = [n for n in genuine if not n.lifecycle]
    if genuine and folder.push_doubted_at:
        mailboxes.set_folder(tx, folder.id, push_doubted_at=None)
    if _tell_news(tx, folder, changes) or any(n.lifecycle == "missed" for n in genuine):
        mailboxes.hint(tx, [folder.id])
    for one in genuine:
        if one.lifecycle == "subscriptionRemoved":
            mailboxes.set_folder(tx, folder.id, subscription_id=None)
            mailboxes.hint(tx, [folder.id])
        if one.lifecycle in {"subscriptionRemoved", "reauthorizationRequired"}:
            # Renewing does both: it reauthorises and prolongs (Graph: lifecycle events).
            mailboxes.set_folder(tx, folder.id, subscription_expires_at=tx.now)
            mailboxes.set_mailbox(tx, folder.mailbox_id, keep_due_at=tx.now)
            tx.defer("keep", folder.mailbox_id)


def _tell_news(tx: Tx, folder: SyncFolder, changes: Iterable[Notification]) -> bool:
    """False when every line is the echo of a write of our own."""
    told = {n.graph_id: n.change_key for n in changes}
    known = emails.known_items(tx, folder.mailbox_id, told)
    return any(
        graph_id not in known or not key or known[graph_id].change_key != key
        for graph_id, key in told.items()
    )
