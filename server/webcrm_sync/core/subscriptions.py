"""Decides when to renew or replace a push subscription (Microsoft Graph: subscription)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

#: Just below the smaller of Graph's two documented maxima (subscription resource).
LIFETIME = timedelta(minutes=4200)


class EndpointState(Enum):
    """The state of the notification URL of a subscription, which Graph cannot change."""

    #: new subscriptions use this URL
    CURRENT = "current"
    #: of an earlier key or version, but still served
    EARLIER = "earlier"
    #: no longer served
    DEAD = "dead"


class SubscriptionAction(Enum):
    """What to do about a subscription."""

    KEEP = "keep"
    RENEW = "renew"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class HeldSubscription:
    """A folder's subscription. `is_checkable`: its client state can be decrypted."""

    expires_at: datetime
    address: EndpointState
    is_checkable: bool


def choose_action(current: HeldSubscription | None, now: datetime) -> SubscriptionAction:
    """Renew a subscription after half its lifetime, or replace it then if its URL is outdated.

    Replace it at once if its notifications do not arrive or cannot be verified.
    """
    if current is None or current.address is EndpointState.DEAD or not current.is_checkable:
        return SubscriptionAction.REPLACE
    if current.expires_at - now > LIFETIME / 2:
        return SubscriptionAction.KEEP
    if current.address is EndpointState.EARLIER:
        return SubscriptionAction.REPLACE
    return SubscriptionAction.RENEW
