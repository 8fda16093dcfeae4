"""keep(mailbox): its folders in place, its push subscriptions alive, its categories known."""

from __future__ import annotations

import secrets
from datetime import timedelta

from webcrm_sync.core.categories import COLOURS
from webcrm_sync.core.errors import AccessLost, Gone, SyncError, TryLater
from webcrm_sync.core.retry import retry_at
from webcrm_sync.engine.folders import settle_folders
from webcrm_sync.engine.parts import Parts, hold_mailbox
from webcrm_sync.store import mailboxes
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

#: Just below the smaller of the two maxima that Graph has named (subscription resource).
_LIFETIME = timedelta(minutes=4200)
NOTIFY_PATH, LIFECYCLE_PATH = "/graph/notify", "/graph/lifecycle"
_SUBSCRIBE_RETRY = timedelta(seconds=30)


def keep(parts: Parts, mailbox_id: int) -> None:
    """Bring the mailbox's folders and subscriptions in order. Idempotent."""
    with parts.begin() as tx:
        box = mailboxes.read_mailbox(tx, mailbox_id)
        if box is None or box.shut_until(tx.now):
            return
        again = tx.now + parts.settings.poll_every(is_pushed=parts.settings.push_is_on)
        mailboxes.set_mailbox(tx, box.id, keep_due_at=again)
    try:
        settle_folders(parts, box)
        is_pushed = not parts.settings.push_is_on or _subscribe(parts, box)
    except SyncError as error:
        with parts.begin() as tx:
            mailboxes.set_mailbox(tx, box.id, keep_due_at=retry_at(tx.now, box.attempts))
        hold_mailbox(parts, box, error)
        return
    if not is_pushed:
        with parts.begin() as tx:
            mailboxes.set_mailbox(tx, box.id, keep_due_at=tx.now + _SUBSCRIBE_RETRY)


def make_categories(parts: Parts, user_id: str) -> None:
    """The three categories stand in the mailbox's list with their colours. Idempotent.

    A mail may carry a category that is not in the list: failing here must not stop the sync.
    """
    try:
        there = {name.casefold() for name in parts.graph.category_names(user_id)}
        for name, colour in COLOURS.items():
            if name.casefold() not in there:
                parts.graph.create_category(user_id, name, colour)
    except SyncError:
        return


def _subscribe(parts: Parts, box: Mailbox) -> bool:
    """True when every folder has a subscription that lives long enough."""
    with parts.begin() as tx:
        folders = mailboxes.folders(tx, box.id)
    kept = [_keep_subscription(parts, box, folder) for folder in folders]
    return all(kept)


def _keep_subscription(parts: Parts, box: Mailbox, folder: SyncFolder) -> bool:
    now = parts.now()
    expires_at = folder.subscription_expires_at
    if folder.subscription_id and expires_at and expires_at - now > _LIFETIME / 2:
        return True
    if folder.subscription_id and expires_at and expires_at > now:
        try:
            renewed = parts.graph.renew(folder.subscription_id, now + _LIFETIME)
        except Gone:
            pass  # made anew below
        else:
            with parts.begin() as tx:
                mailboxes.set_folder(tx, folder.id, subscription_expires_at=renewed.expires_at)
            return True
    return _subscribe_anew(parts, box, folder)


def _subscribe_anew(parts: Parts, box: Mailbox, folder: SyncFolder) -> bool:
    client_state = secrets.token_urlsafe(32)
    public = parts.settings.public_url
    try:
        made = parts.graph.subscribe(
            box.user_id,
            folder.graph_id,
            notification_url=public + NOTIFY_PATH,
            lifecycle_url=public + LIFECYCLE_PATH,
            client_state=client_state,
            expires_at=parts.now() + _LIFETIME,
        )
    except (TryLater, AccessLost):
        raise
    except SyncError as error:
        _tell_once(parts, box, str(error))
        return False
    with parts.begin() as tx:
        mailboxes.set_folder(
            tx,
            folder.id,
            subscription_id=made.graph_id,
            client_state=parts.seal.seal(client_state),
            subscription_expires_at=made.expires_at,
        )
        mailboxes.hint(tx, [folder.id])  # what happened while nobody listened
        mailboxes.set_mailbox(tx, box.id, push_trouble=None)
        tx.tell("push is on", mailbox_id=box.id, place=folder.place.value)
    return True


def _tell_once(parts: Parts, box: Mailbox, trouble: str) -> None:
    """The poll carries on; the mailbox's story says once why push does not."""
    with parts.begin() as tx:
        if box.push_trouble != trouble:
            mailboxes.set_mailbox(tx, box.id, push_trouble=trouble)
            tx.tell("push is off", mailbox_id=box.id, trouble=trouble)
