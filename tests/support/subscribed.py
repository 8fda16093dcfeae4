"""A sync folder with a subscription, and notifications about it, without a web process."""

from __future__ import annotations

from support.scenario import Scenario
from webcrm_sync.engine.discovery.notifications import Notification
from webcrm_sync.store import mailboxes
from webcrm_sync.store.mailboxes import SyncFolder

_SUBSCRIPTION, _STATE = "s", "known to Graph and us"


def subscribe(scenario: Scenario) -> SyncFolder:
    """Give the first mailbox's folder under Inbox a subscription. Returns the folder as before."""
    with scenario.context.begin() as tx:
        watched = min(mailboxes.all_mailboxes(tx), key=lambda box: box.id)
        folder = mailboxes.folders(tx, watched.id)[0]
        encrypted = scenario.context.cipher.encrypt(_STATE)
        mailboxes.set_folder(tx, folder.id, subscription_id=_SUBSCRIPTION, client_state=encrypted)
    return folder


def subscribed_folder(scenario: Scenario, mailbox_id: int) -> SyncFolder:
    """The row of that folder as it is now."""
    with scenario.context.begin() as tx:
        return mailboxes.folders(tx, mailbox_id)[0]


def notification(
    item: str, change_key: str = "a version", *, is_update: bool = False
) -> Notification:
    """What Graph says about one mail in that folder."""
    return Notification(_SUBSCRIPTION, _STATE, item, change_key, is_update=is_update)
