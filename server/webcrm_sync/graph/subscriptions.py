"""Graph's subscriptions, which push a notification for each change in a folder."""

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

#: A call about subscriptions takes no mailbox's slots.
_CALL = Call(None)


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
    """The new subscription. Graph calls both URLs and waits for their answers before it answers."""
    model = GraphSubscription(
        change_type="created,updated,deleted",
        notification_url=notification_url,
        lifecycle_notification_url=lifecycle_url,
        resource=build_path("users", user_id, "mailFolders", folder_id, "messages"),
        expiration_date_time=expires_at,
        client_state=client_state,
    )
    call = Call(None, is_idempotent=False)
    builder = transport.graph.subscriptions
    return _read_subscription(await call_typed(transport, call, lambda: builder.post(model)))


async def renew_subscription(
    transport: Transport, subscription_id: str, expires_at: datetime
) -> Subscription:
    """The subscription with its new end, which may be earlier than `expires_at`."""
    builder = _builder(transport, subscription_id)
    model = GraphSubscription(expiration_date_time=expires_at)
    return _read_subscription(await call_typed(transport, _CALL, lambda: builder.patch(model)))


async def reauthorize_subscription(transport: Transport, subscription_id: str) -> None:
    """Answers Graph's `reauthorizationRequired`."""
    builder = _builder(transport, subscription_id)
    await transport.run(_CALL, builder.reauthorize.post)


async def unsubscribe(transport: Transport, subscription_id: str) -> None:
    """Deletes a subscription. Idempotent."""
    try:
        await transport.run(_CALL, _builder(transport, subscription_id).delete)
    except Gone:
        return


async def list_subscriptions(transport: Transport) -> tuple[Subscription, ...]:
    """Every subscription of this application."""
    models = list_typed(transport, _CALL, transport.graph.subscriptions)
    return tuple([_read_subscription(model) async for model in models])


def _builder(transport: Transport, subscription_id: str) -> Any:
    return transport.graph.subscriptions.by_subscription_id(check_segment(subscription_id))


def _read_subscription(model: GraphSubscription) -> Subscription:
    expires_at = model.expiration_date_time
    if not (model.id and expires_at):
        raise Refused("Graph's subscription has no id or no end.", code="UnexpectedAnswer")
    expires_at = expires_at if expires_at.tzinfo else expires_at.replace(tzinfo=UTC)
    return Subscription(model.id, model.resource or "", expires_at.astimezone(UTC))
