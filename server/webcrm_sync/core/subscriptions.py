"""What is to be done about a push subscription (Microsoft Graph: subscription)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

#: Just below the smaller of the two maxima that Graph has named (subscription resource).
LIFETIME = timedelta(minutes=4200)


class EndpointState(Enum):
    """The address that a subscription was made with; Graph cannot change it."""

    #: the one that subscriptions are made with now
    CURRENT = "current"
    #: of an earlier key or version: still answered
    EARLIER = "earlier"
    #: nobody answers there any more
    DEAD = "dead"


class SubscriptionAction(Enum):
    """What to do about a subscription."""

    KEEP = "keep"
    RENEW = "renew"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class HeldSubscription:
    """A folder's subscription as we know it; `is_checkable`: its client state can be opened."""

    expires_at: datetime
    address: EndpointState
    is_checkable: bool


def choose_action(held: HeldSubscription | None, now: datetime) -> SubscriptionAction:
    """Renewed at half its life, or replaced then where renewing would keep an earlier address.

    Replaced at once where its notifications do not reach us or cannot be checked.
    """
    if held is None or held.address is EndpointState.DEAD or not held.is_checkable:
        return SubscriptionAction.REPLACE
    if held.expires_at - now > LIFETIME / 2:
        return SubscriptionAction.KEEP
    return (
        SubscriptionAction.RENEW
        if held.address is EndpointState.CURRENT
        else SubscriptionAction.REPLACE
    )
