"""The URLs that Graph posts notifications to, and whether notifications can be verified.

The URLs contain a secret so that strangers cannot make us work. It is derived from SECRET_KEY, so
every process knows it and no table holds it. It only saves work: a notification is genuine if it
carries the client state of its subscription.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from webcrm_sync.core.subscriptions import EndpointState
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.settings import PREFIX
from webcrm_sync.store import mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.encryption import WrongKey
from webcrm_sync.store.mailboxes import SyncFolder

logger = logging.getLogger(__name__)

HOW_TO_FIX = (
    f"{PREFIX}SECRET_KEY does not hold the key that encrypted their secrets. Put that key behind "
    "the new one, separated by a comma; `webcrm-sync reseal` uses it, and one in DATA_DIR. Else "
    "the worker makes new subscriptions within 10 minutes, on `webcrm-sync resubscribe` now"
)
#: Folders that one log line lists.
_MAX_LISTED = 20
NOTIFY_PATH, LIFECYCLE_PATH = "/graph/notify", "/graph/lifecycle"


def url_secrets(context: LocalContext) -> tuple[str, ...]:
    """The secrets of URLs that are answered: one per key, the current one first."""
    return context.cipher.derive_secrets(f"where Graph notifies {context.tenant_id}")


def is_url_secret(context: LocalContext, secret: str) -> bool:
    """True for one of `url_secrets`. Takes the same time for every secret of a length."""
    given = secret.encode(errors="replace")
    return any(hmac.compare_digest(given, known.encode()) for known in url_secrets(context))


def notify_url(context: LocalContext) -> str:
    """The URL for change notifications of a new subscription."""
    return f"{context.settings.public_url}{NOTIFY_PATH}/{url_secrets(context)[0]}"


def lifecycle_url(context: LocalContext) -> str:
    """The URL for lifecycle notifications of a new subscription."""
    return f"{context.settings.public_url}{LIFECYCLE_PATH}/{url_secrets(context)[0]}"


def url_digests(context: LocalContext, subscription_id: str) -> tuple[str, ...]:
    """A digest of each answered URL, the current one first, by which the database knows it again.

    It holds no secret. It includes the subscription's id, since an earlier version, which stores no
    digest, may have made another subscription since.
    """
    public = context.settings.public_url
    return tuple(
        sha256(f"{public}{NOTIFY_PATH}/{secret} {subscription_id}".encode()).hexdigest()
        for secret in url_secrets(context)
    )


def url_state(context: LocalContext, folder: SyncFolder) -> EndpointState:
    """Whether the URL of the folder's subscription is current, still answered, or dead."""
    if folder.subscription_address is None:
        return EndpointState.EARLIER
    current, *earlier = url_digests(context, folder.subscription_id or "")
    if folder.subscription_address == current:
        return EndpointState.CURRENT
    return EndpointState.EARLIER if folder.subscription_address in earlier else EndpointState.DEAD


def is_checkable(context: LocalContext, folder: SyncFolder) -> bool:
    """True if the folder's notifications can be verified: its client state can be opened."""
    try:
        context.cipher.decrypt(folder.client_state or "")
    except WrongKey:
        return False
    return True


def needs_earlier_key(context: LocalContext, folder: SyncFolder) -> bool:
    """True if the folder's notifications would be lost without the keys behind the first one."""
    if not is_checkable(context, folder):
        return False
    is_resealed = context.cipher.is_encrypted_with_first_key(folder.client_state or "")
    if not is_resealed:
        return True
    has_url_digest = folder.subscription_address is not None
    return has_url_digest and url_state(context, folder) is EndpointState.EARLIER


def describe_earlier_keys(context: LocalContext, tx: Tx) -> str | None:
    """A sentence about the keys behind the first one; None without such keys, or if push is off."""
    if not (context.settings.is_push_enabled and context.cipher.has_earlier_keys):
        return None
    pushed = mailboxes.subscribed_folders(tx)
    count = sum(needs_earlier_key(context, folder) for folder in pushed)
    if not count:
        return f"no secret needs the keys behind the first one in {PREFIX}SECRET_KEY: drop them"
    return (
        f"{count} of {len(pushed)} folders still need a key behind the first one in "
        f"{PREFIX}SECRET_KEY: keep it; the worker renews their secrets within two days"
    )


@dataclass(frozen=True, slots=True)
class UnverifiableFolders:
    """How many of the folders with a subscription have notifications that cannot be verified."""

    folders: int
    of: int

    @property
    def sentence(self) -> str:
        """What is wrong, how to fix it, and what happens otherwise."""
        return (
            f"the notifications of {self.folders} of {self.of} folders cannot be checked and are "
            f"dropped. {HOW_TO_FIX}"
        )


def count_unverifiable(context: LocalContext, tx: Tx) -> UnverifiableFolders | None:
    """The company's folders that fail `is_checkable`; None if there are none."""
    if not context.settings.is_push_enabled:
        return None
    pushed = mailboxes.subscribed_folders(tx)
    count = sum(not is_checkable(context, folder) for folder in pushed)
    return UnverifiableFolders(count, len(pushed)) if count else None


def replace_unverifiable(context: LocalContext) -> None:
    """Request new subscriptions where notifications cannot be verified. Idempotent.

    Runs when a process starts, because it may start with another key.
    """
    with context.begin() as tx:
        pushed = mailboxes.subscribed_folders(tx)
    unverifiable = [folder for folder in pushed if not is_checkable(context, folder)]
    if unverifiable and context.settings.is_push_enabled:
        request_replacement(context, unverifiable)


def request_replacement(context: LocalContext, folders: Sequence[SyncFolder]) -> None:
    """Log that these folders' notifications are dropped; `maintain` subscribes again at once."""
    facts = {"folders": sorted(f.id for f in folders)[:_MAX_LISTED], "what_to_do": HOW_TO_FIX}
    logger.warning("notifications_cannot_be_checked", extra=facts)
    context.transact(lambda tx: mailboxes.maintain_now(tx, [f.mailbox_id for f in folders]))
