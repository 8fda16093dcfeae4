"""keep(mailbox): maintains its lease, sync folders, push subscriptions and categories."""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace
from datetime import timedelta
from functools import partial

from webcrm_sync.core.categories import COLOURS
from webcrm_sync.core.errors import AccessLost, Gone, SyncError, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.mailbox_lease import CHECK_EVERY
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.core.subscriptions import (
    LIFETIME,
    HeldSubscription,
    SubscriptionAction,
    choose_action,
)
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.backoff import back_off_mailbox
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.engine.mailboxes.folders import (
    KnownFolders,
    ensure_sync_folders,
    read_known_folders,
)
from webcrm_sync.engine.mailboxes.lease import anchor_of, check_lease
from webcrm_sync.engine.mailboxes.pausing import end_subscriptions
from webcrm_sync.store import folder_reads, mailboxes
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

logger = logging.getLogger(__name__)

_SUBSCRIBE_RETRY = timedelta(seconds=30)


def maintain(context: Context, mailbox_id: int) -> None:
    """Restore the mailbox's sync folders and subscriptions where something is wrong. Idempotent.

    First it checks the lease: nothing is changed in a mailbox on which another installation works.
    """
    with context.begin() as tx:
        box = mailboxes.read_mailbox(tx, mailbox_id)
        if box is None or box.back_off_end(tx.now):
            return
        interval = context.settings.poll_interval(is_pushed=context.settings.is_push_enabled)
        mailboxes.set_mailbox(tx, box.id, keep_due_at=tx.now + min(interval, CHECK_EVERY))
    try:
        has_all = _maintain(context, box)
    except SyncError as error:
        with context.begin() as tx:
            mailboxes.set_mailbox(tx, box.id, keep_due_at=next_attempt_at(tx.now, box.attempts))
        back_off_mailbox(context, box, error)
        return
    if not has_all:
        with context.begin() as tx:
            mailboxes.set_mailbox(tx, box.id, keep_due_at=tx.now + _SUBSCRIBE_RETRY)


def _maintain(context: Context, box: Mailbox) -> bool:
    """False if a folder lacks its subscription. Raises SyncError."""
    known = read_known_folders(context, box)
    if not check_lease(context, box, known):
        return True
    has_push = True
    with isolate.DeferredErrors() as errors:
        with errors.defer():
            ensure_sync_folders(context, box, known)
        if context.settings.is_push_enabled:
            has_push = _maintain_subscriptions(context, box)
    _claim_new_folder(context, box, known)
    return has_push


def _claim_new_folder(context: Context, box: Mailbox, before: KnownFolders) -> None:
    """Have the lease written now if another folder carries it than before."""
    with context.begin() as tx:
        now, then = anchor_of(mailboxes.folders(tx, box.id)), anchor_of(before.folders)
        if now and (then is None or then.graph_id != now.graph_id):
            mailboxes.maintain_now(tx, [box.id])


def ensure_categories(context: Context, user_id: str) -> None:
    """Add our categories with their colours to the mailbox's list. Idempotent.

    Raises no SyncError: mails may carry categories that are not in the list.
    """
    try:
        listed = {name.casefold() for name in context.graph.list_category_names(user_id)}
        for name, colour in COLOURS.items():
            if name.casefold() not in listed:
                context.graph.create_category(user_id, name, colour)
    except SyncError:
        return


def _maintain_subscriptions(context: Context, box: Mailbox) -> bool:
    """Maintain the subscription of every folder; True if each has one."""
    with context.begin() as tx:
        folders = mailboxes.folders(tx, box.id)
    subscribed, faults = isolate.try_each(
        context,
        "subscribe",
        folders,
        partial(_maintain_subscription, context, box),
        lambda f: f"folder {f.id}",
    )
    for _, fault in faults:  # after the other folders
        raise fault
    return all(subscribed)


def _maintain_subscription(context: Context, box: Mailbox, folder: SyncFolder) -> bool:
    _end_replaced(context, folder)
    _reseal(context, folder)
    held = _held_subscription(context, folder)
    action = choose_action(held, context.now())
    if action is SubscriptionAction.KEEP or (
        action is SubscriptionAction.RENEW and _renew(context, folder)
    ):
        return True
    replaced = folder.subscription_id if held and action is SubscriptionAction.REPLACE else None
    return _replace_subscription(context, box, folder, replaced=replaced)


def _held_subscription(context: Context, folder: SyncFolder) -> HeldSubscription | None:
    """The folder's subscription; None without one, or if it has expired."""
    expires_at = folder.subscription_expires_at
    if not (folder.subscription_id and expires_at and expires_at > context.now()):
        return None
    return HeldSubscription(
        expires_at,
        push_urls.url_state(context, folder),
        is_checkable=push_urls.is_checkable(context, folder),
    )


def _reseal(context: Context, folder: SyncFolder) -> None:
    """Encrypt the client state with the first key again, so that later keys can be dropped."""
    sealed = folder.client_state or ""
    if not push_urls.is_checkable(context, folder) or context.cipher.is_encrypted_with_first_key(
        sealed
    ):
        return
    with context.begin() as tx:
        mailboxes.set_subscribed_folder(
            tx, folder, client_state=context.cipher.encrypt_again(sealed)
        )


def _renew(context: Context, folder: SyncFolder) -> bool:
    """Renew the subscription; False if Graph no longer knows it."""
    assert folder.subscription_id is not None
    try:
        renewed = context.graph.renew_subscription(folder.subscription_id, context.now() + LIFETIME)
    except Gone:
        return False
    with context.begin() as tx:
        mailboxes.set_subscribed_folder(tx, folder, subscription_expires_at=renewed.expires_at)
    return True


def _replace_subscription(
    context: Context, box: Mailbox, folder: SyncFolder, *, replaced: str | None
) -> bool:
    """Make a subscription and only then end the `replaced` one, so that no notification is lost.

    Returns False if Graph refuses it: the folder is polled instead.
    """
    client_state = secrets.token_urlsafe(32)
    try:
        made = context.graph.subscribe(
            box.user_id,
            folder.graph_id,
            notification_url=push_urls.notify_url(context),
            lifecycle_url=push_urls.lifecycle_url(context),
            client_state=client_state,
            expires_at=context.now() + LIFETIME,
        )
    except (TryLater, AccessLost):
        raise
    except SyncError as error:
        _record_push_off(context, box, str(error))
        return False
    with context.begin() as tx:
        mailboxes.lock(tx, mailbox_ids=[box.id])
        mailboxes.set_mailbox(tx, box.id, push_trouble=None)
        mailboxes.set_folder(
            tx,
            folder.id,
            subscription_id=made.graph_id,
            client_state=context.cipher.encrypt(client_state),
            subscription_expires_at=made.expires_at,
            subscription_address=push_urls.url_digests(context, made.graph_id)[0],
            replaced_subscription_id=replaced,
        )
        folder_reads.request_read(tx, [folder.id])  # changes before this subscription
        tx.record_event(EventKind.PUSH_ON, mailbox_id=box.id, place=folder.place.value)
        now = mailboxes.read_mailbox(tx, box.id)
    if now is not None and now.paused_at:  # an administrator paused it during the call
        end_subscriptions(context, box)
        return True
    _end_replaced(context, replace(folder, replaced_subscription_id=replaced))
    return True


def _end_replaced(context: Context, folder: SyncFolder) -> None:
    """End the subscription that was replaced by another one. Raises TryLater."""
    if folder.replaced_subscription_id is None:
        return
    try:
        context.graph.unsubscribe(folder.replaced_subscription_id)
    except TryLater:
        raise
    except SyncError as error:  # it expires within three days
        facts = {"folder": folder.id, "trouble": str(error)}
        logger.warning("subscription_not_ended", extra=facts)
    with context.begin() as tx:
        mailboxes.set_folder(tx, folder.id, replaced_subscription_id=None)


def _record_push_off(context: Context, box: Mailbox, trouble: str) -> None:
    """Record once why push is off. The folders are still polled."""
    with context.begin() as tx:
        if box.push_trouble != trouble:
            mailboxes.set_mailbox(tx, box.id, push_trouble=trouble)
            tx.record_event(EventKind.PUSH_OFF, mailbox_id=box.id, trouble=trouble)
