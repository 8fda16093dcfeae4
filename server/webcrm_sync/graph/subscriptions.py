"""Graph's push subscriptions: it tells us that something in a folder changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgraph.generated.models.subscription import Subscription as GraphSubscription

from webcrm_sync.core.errors import Gone, Refused
from webcrm_sync.core.outlook import Subscription
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.transport import Transport
from webcrm_sync.graph.typed import call_typed, list_typed
from webcrm_sync.graph.wire import build_path, check_segment

#: Subscriptions count against no mailbox's places.
_ANYWHERE = Call(None)


async def subscribe(
    transport: Transport,
    user_id: str,
    folder_id: str,
    *,
    notification_url: str,
    lifecycle_url: str,
    client_state: str,
    expires_at: datetime,
) -> Subscription:
    """The new subscription; Graph asks both addresses for an answer before it says yes."""
    wanted = GraphSubscription(
        change_type="created,updated,deleted",
        notification_url=notification_url,
        lifecycle_notification_url=lifecycle_url,
        resource=build_path("users", user_id, "mailFolders", folder_id, "messages"),
        expiration_date_time=expires_at,
        client_state=client_state,
    )
    call = Call(None, is_repeatable=False)
    return _read(
        await call_typed(transport, call, lambda: transport.graph.subscriptions.post(wanted))
    )


async def renew(transport: Transport, subscription_id: str, expires_at: datetime) -> Subscription:
    """The subscription with its new end, which may be earlier than the one asked for."""
    one = _builder(transport, subscription_id)
    later = GraphSubscription(expiration_date_time=expires_at)
    return _read(await call_typed(transport, _ANYWHERE, lambda: one.patch(later)))


async def reauthorize(transport: Transport, subscription_id: str) -> None:
    """Answers Graph's `reauthorizationRequired`."""
    one = _builder(transport, subscription_id)
    await transport.send(_ANYWHERE, one.reauthorize.post)


async def unsubscribe(transport: Transport, subscription_id: str) -> None:
    """Ends a subscription, if it is still there."""
    try:
        await transport.send(_ANYWHERE, _builder(transport, subscription_id).delete)
    except Gone:
        return


async def subscriptions(transport: Transport) -> tuple[Subscription, ...]:
    """Every subscription of this application."""
    builder = transport.graph.subscriptions
    return tuple([_read(one) async for one in list_typed(transport, _ANYWHERE, builder)])


def _builder(transport: Transport, subscription_id: str) -> Any:
    return transport.graph.subscriptions.by_subscription_id(check_segment(subscription_id))


def _read(found: GraphSubscription) -> Subscription:
    ends = found.expiration_date_time
    if not (found.id and ends):
        raise Refused("Graph's subscription has no id or no end.", code="UnexpectedAnswer")
    ends = ends if ends.tzinfo else ends.replace(tzinfo=UTC)
    return Subscription(found.id, found.resource or "", ends.astimezone(UTC))
