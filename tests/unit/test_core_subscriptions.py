"""What is to be done about a push subscription."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webcrm_sync.core.subscriptions import (
    LIFETIME,
    EndpointState,
    HeldSubscription,
    SubscriptionAction,
    choose_action,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FRESH, HALF, LAST = LIFETIME, LIFETIME / 2, timedelta(seconds=1)


@pytest.mark.parametrize(
    ("left", "address", "is_checkable", "care"),
    [
        (FRESH, EndpointState.CURRENT, True, SubscriptionAction.KEEP),
        (FRESH, EndpointState.EARLIER, True, SubscriptionAction.KEEP),
        (FRESH, EndpointState.DEAD, True, SubscriptionAction.REPLACE),
        (FRESH, EndpointState.CURRENT, False, SubscriptionAction.REPLACE),
        (FRESH, EndpointState.EARLIER, False, SubscriptionAction.REPLACE),
        (HALF + LAST, EndpointState.EARLIER, True, SubscriptionAction.KEEP),
        (HALF, EndpointState.CURRENT, True, SubscriptionAction.RENEW),
        (HALF, EndpointState.EARLIER, True, SubscriptionAction.REPLACE),
        (LAST, EndpointState.CURRENT, True, SubscriptionAction.RENEW),
        (LAST, EndpointState.EARLIER, True, SubscriptionAction.REPLACE),
        (LAST, EndpointState.CURRENT, False, SubscriptionAction.REPLACE),
    ],
)
def test_a_subscription_is_replaced_only_if_it_cannot_be_renewed(
    left: timedelta, address: EndpointState, is_checkable: bool, care: SubscriptionAction
) -> None:
    held = HeldSubscription(NOW + left, address, is_checkable=is_checkable)
    assert choose_action(held, NOW) is care


def test_a_folder_without_a_subscription_gets_one() -> None:
    assert choose_action(None, NOW) is SubscriptionAction.REPLACE


def test_a_subscription_lives_as_long_as_graph_allows_for_every_mailbox() -> None:
    assert timedelta(minutes=4200) == LIFETIME
