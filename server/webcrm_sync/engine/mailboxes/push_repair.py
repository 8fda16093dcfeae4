"""Mends push for administrators: secrets under another key, and subscriptions that Graph lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from webcrm_sync.core.subscriptions import EndpointState
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.mailboxes.admin import NotWatched
from webcrm_sync.store import mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.encryption import Cipher, WrongKey
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many of `secrets` were encrypted again, and how many no key opens."""

    secrets: int
    resealed: int
    lost: int


@dataclass(frozen=True, slots=True)
class Resubscribed:
    """How many of `folders` lack a working subscription; the worker makes a new one for each."""

    folders: int
    lost: int


def reseal(context: LocalContext, earlier: Cipher | None) -> Resealed:
    """Encrypt each secret with the first key, whichever key it is under. Idempotent.

    `earlier`: a key that the settings no longer name. A subscription whose address is no longer
    answered, or whose secret is lost, is replaced by the worker.
    """
    with context.begin() as tx:
        folders = mailboxes.subscribed_folders(tx)
    resealed = [one for one in folders if context.transact(partial(_reseal, context, earlier, one))]
    with context.begin() as tx:
        after = mailboxes.subscribed_folders(tx)
    lost = [one for one in after if not push_urls.is_checkable(context, one)]
    dead = [one for one in after if push_urls.url_state(context, one) is EndpointState.DEAD]
    _request_replacement(context, [*lost, *dead])
    return Resealed(len(folders), len(resealed), len(lost))


def _reseal(context: LocalContext, earlier: Cipher | None, folder: SyncFolder, tx: Tx) -> bool:
    token = folder.client_state or ""
    if context.cipher.is_encrypted_with_first_key(token):
        return False
    for cipher in (context.cipher, earlier):
        try:
            secret = cipher.decrypt(token) if cipher else None
        except WrongKey:
            continue
        if secret is not None:
            sealed = context.cipher.encrypt(secret)
            mailboxes.set_subscribed_folder(tx, folder, client_state=sealed)
            return True
    return False


def resubscribe(context: Context, addresses: Sequence[str] = ()) -> Resubscribed:
    """Have a new subscription made for each folder that Graph does not notify. Idempotent.

    `addresses`: of these mailboxes only, empty = all. A subscription that Graph no longer has is
    forgotten. Raises NotWatched.
    """
    with context.begin() as tx:
        boxes = [_find(tx, address) for address in addresses] or mailboxes.all_mailboxes(tx)
        running = [box.id for box in boxes if box.paused_at is None]  # others have none
        folders = [folder for box_id in running for folder in mailboxes.folders(tx, box_id)]
    alive = {one.graph_id for one in context.graph.list_subscriptions()}
    lost = [one for one in folders if one.subscription_id not in alive]
    for folder in lost:
        context.transact(partial(_forget, folder))
    unusable = [one for one in folders if one not in lost and not _is_usable(context, one)]
    _request_replacement(context, [*lost, *unusable])
    return Resubscribed(len(folders), len(lost) + len(unusable))


def _find(tx: Tx, address: str) -> Mailbox:
    box = mailboxes.find_mailbox(tx, address.strip().casefold())
    if box is None:
        raise NotWatched(f"{address} is not watched. `mailbox list` shows those that are.")
    return box


def _forget(folder: SyncFolder, tx: Tx) -> None:
    """Let the subscription count as expired, so that the next maintenance makes another one."""
    mailboxes.set_subscribed_folder(tx, folder, subscription_expires_at=tx.now)


def _is_usable(context: LocalContext, folder: SyncFolder) -> bool:
    is_answered = push_urls.url_state(context, folder) is not EndpointState.DEAD
    return is_answered and push_urls.is_checkable(context, folder)


def _request_replacement(context: LocalContext, folders: Sequence[SyncFolder]) -> None:
    boxes = {folder.mailbox_id for folder in folders}
    context.transact(lambda tx: mailboxes.maintain_now(tx, boxes))
