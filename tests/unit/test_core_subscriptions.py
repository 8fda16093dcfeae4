"""What is to be done about a push subscription."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webcrm_sync.core.subscriptions import LIFETIME, Address, Care, Subscribed, care_for

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FRESH, HALF, LAST = LIFETIME, LIFETIME / 2, timedelta(seconds=1)


@pytest.mark.parametrize(
    ("left", "address", "is_checkable", "care"),
    [
        (FRESH, Address.CURRENT, True, Care.KEEP),
        (FRESH, Address.EARLIER, True, Care.KEEP),
        (FRESH, Address.DEAD, True, Care.REPLACE),
        (FRESH, Address.CURRENT, False, Care.REPLACE),
        (FRESH, Address.EARLIER, False, Care.REPLACE),
        (HALF + LAST, Address.EARLIER, True, Care.KEEP),
        (HALF, Address.CURRENT, True, Care.RENEW),
        (HALF, Address.EARLIER, True, Care.REPLACE),
        (LAST, Address.CURRENT, True, Care.RENEW),
        (LAST, Address.EARLIER, True, Care.REPLACE),
        (LAST, Address.CURRENT, False, Care.REPLACE),
    ],
)
def test_a_subscription_is_replaced_only_where_renewing_would_not_do(
    left: timedelta, address: Address, is_checkable: bool, care: Care
) -> None:
    held = Subscribed(NOW + left, address, is_checkable=is_checkable)
    assert care_for(held, NOW) is care


def test_a_folder_without_a_subscription_gets_one() -> None:
    assert care_for(None, NOW) is Care.REPLACE
