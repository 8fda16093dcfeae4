"""How Graph's notifications reach us, and whether they can be checked.

The addresses that Graph posts to hold a secret, so that nobody else makes us work. It is derived
from SECRET_KEY: every process knows it, and no table holds it. It only saves work; what makes a
notification genuine is the client state of its subscription.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from webcrm_sync.core.subscriptions import EndpointState
from webcrm_sync.engine.context import Context
from webcrm_sync.settings import PREFIX
from webcrm_sync.store import mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.encryption import SealBroken
from webcrm_sync.store.mailboxes import SyncFolder

logger = logging.getLogger(__name__)

WAY_OUT = (
    f"{PREFIX}SECRET_KEY does not hold the key that sealed their secrets. Put that key behind the "
    "new one, separated by a comma. Else the worker makes new subscriptions within 10 minutes"
)
#: The log names this many folders.
_NAMED = 20
NOTIFY_PATH, LIFECYCLE_PATH = "/graph/notify", "/graph/lifecycle"


def secrets_of(context: Context) -> tuple[str, ...]:
    """Those of the addresses that are answered, one for each key; the first is the current one."""
    return context.seal.derived(f"where Graph notifies {context.tenant_id}")


def is_known(context: Context, secret: str) -> bool:
    """True for a secret of ours, in constant time."""
    given = secret.encode(errors="replace")
    return any(hmac.compare_digest(given, one.encode()) for one in secrets_of(context))


def notify_url(context: Context) -> str:
    """Where the notifications of a subscription that is made now come to."""
    return f"{context.settings.public_url}{NOTIFY_PATH}/{secrets_of(context)[0]}"


def lifecycle_url(context: Context) -> str:
    """Where its lifecycle events come to."""
    return f"{context.settings.public_url}{LIFECYCLE_PATH}/{secrets_of(context)[0]}"


def kept_of(context: Context, subscription_id: str) -> tuple[str, ...]:
    """What is kept of each answered address to know it again, without the secret in it.

    Of this subscription alone: a version that keeps nothing may have made another one since.
    """
    public = context.settings.public_url
    return tuple(
        sha256(f"{public}{NOTIFY_PATH}/{secret} {subscription_id}".encode()).hexdigest()
        for secret in secrets_of(context)
    )


def address_of(context: Context, folder: SyncFolder) -> EndpointState:
    """How the address stands that the folder's subscription was made with."""
    if folder.subscription_address is None:
        return EndpointState.EARLIER
    current, *earlier = kept_of(context, folder.subscription_id or "")
    if folder.subscription_address == current:
        return EndpointState.CURRENT
    return EndpointState.EARLIER if folder.subscription_address in earlier else EndpointState.DEAD


def is_checkable(context: Context, folder: SyncFolder) -> bool:
    """True when the client state that makes the folder's notifications genuine can be opened."""
    try:
        context.seal.open(folder.client_state or "")
    except SealBroken:
        return False
    return True


def needs_earlier_key(context: Context, folder: SyncFolder) -> bool:
    """True when dropping the keys behind the first one would lose the folder's notifications."""
    if not is_checkable(context, folder):
        return False
    is_resealed = context.seal.is_first(folder.client_state or "")
    has_secret = folder.subscription_address is not None
    return not is_resealed or (has_secret and address_of(context, folder) is EndpointState.EARLIER)


def earlier_keys(context: Context, tx: Tx) -> str | None:
    """A sentence on the keys behind the first one; None where there is none or push is off."""
    if not (context.settings.is_push_enabled and context.seal.has_earlier_keys):
        return None
    pushed = mailboxes.pushed(tx)
    number = sum(needs_earlier_key(context, folder) for folder in pushed)
    if not number:
        return f"no secret needs the keys behind the first one in {PREFIX}SECRET_KEY: drop them"
    return (
        f"{number} of {len(pushed)} folders still need a key behind the first one in "
        f"{PREFIX}SECRET_KEY: keep it; the worker makes them new ones within two days"
    )


@dataclass(frozen=True, slots=True)
class Deaf:
    """How many of the folders with a subscription have one that cannot be checked."""

    folders: int
    of: int

    @property
    def sentence(self) -> str:
        """What is wrong, what to do, and what happens without it."""
        return (
            f"the notifications of {self.folders} of {self.of} folders cannot be checked and are "
            f"dropped. {WAY_OUT}"
        )


def deaf(context: Context, tx: Tx) -> Deaf | None:
    """What `is_checkable` denies of the company's folders; None where all is well."""
    if not context.settings.is_push_enabled:
        return None
    pushed = mailboxes.pushed(tx)
    number = sum(not is_checkable(context, folder) for folder in pushed)
    return Deaf(number, len(pushed)) if number else None


def look_for_deaf(context: Context) -> None:
    """Replace every subscription that cannot be checked: a process begins, maybe with another key.

    Idempotent.
    """
    with context.begin() as tx:
        pushed = mailboxes.pushed(tx)
    found = [folder for folder in pushed if not is_checkable(context, folder)]
    if found and context.settings.is_push_enabled:
        replace_deaf(context, found)


def replace_deaf(context: Context, folders: Sequence[SyncFolder]) -> None:
    """Say in the log that these folders' notifications are dropped; `keep` replaces them now."""
    facts = {"folders": sorted(f.id for f in folders)[:_NAMED], "what_to_do": WAY_OUT}
    logger.warning("notifications_cannot_be_checked", extra=facts)
    context.transact(lambda tx: mailboxes.keep_now(tx, [f.mailbox_id for f in folders]))
