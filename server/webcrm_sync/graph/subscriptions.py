"""Graph's subscriptions, which push a notification for each change in a folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from webcrm_sync.core.errors import Gone, Refused
from webcrm_sync.core.outlook import Subscription
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.typed import TypedClient
from webcrm_sync.graph.wire import build_path, check_segment

#: A call about subscriptions takes no mailbox's slots.
_CALL = Call(None)


def subscribe(
    typed: TypedClient,
    user_id: str,
    folder_id: str,
    *,
    notification_url: str,
    lifecycle_url: str,
    client_state: str,
    expires_at: datetime,
) -> Subscription:
    """The new subscription. Graph calls both URLs and waits for their answers before it answers."""
    resource = build_path("users", user_id, "mailFolders", folder_id, "messages")
    call = Call(None, is_idempotent=False)
    return _read_subscription(
        typed.call(
            call,
            lambda graph: graph.subscriptions.post(
                _create_model(
                    change_type="created,updated,deleted",
                    notification_url=notification_url,
                    lifecycle_notification_url=lifecycle_url,
                    resource=resource,
                    expiration_date_time=expires_at,
                    client_state=client_state,
                )
            ),
        )
    )


def renew_subscription(
    typed: TypedClient, subscription_id: str, expires_at: datetime
) -> Subscription:
    """The subscription with its new end, which may be earlier than `expires_at`."""
    builder = _builder_of(subscription_id)
    return _read_subscription(
        typed.call(
            _CALL,
            lambda graph: builder(graph).patch(_create_model(expiration_date_time=expires_at)),
        )
    )


def reauthorize_subscription(typed: TypedClient, subscription_id: str) -> None:
    """Answers Graph's `reauthorizationRequired`."""
    builder = _builder_of(subscription_id)
    typed.act(_CALL, lambda graph: builder(graph).reauthorize.post())


def unsubscribe(typed: TypedClient, subscription_id: str) -> None:
    """Deletes a subscription. Idempotent."""
    builder = _builder_of(subscription_id)
    try:
        typed.act(_CALL, lambda graph: builder(graph).delete())
    except Gone:
        return


def list_subscriptions(typed: TypedClient) -> tuple[Subscription, ...]:
    """Every subscription of this application."""
    return tuple(map(_read_subscription, typed.list_models(_CALL, lambda g: g.subscriptions)))


def _builder_of(subscription_id: str) -> Callable[[Any], Any]:
    checked_id = check_segment(subscription_id)
    return lambda graph: graph.subscriptions.by_subscription_id(checked_id)


def _create_model(**fields: object) -> Any:
    from msgraph.generated.models.subscription import Subscription  # with a thousand other models

    return Subscription(**fields)


def _read_subscription(model: Any) -> Subscription:
    expires_at = model.expiration_date_time
    if not (model.id and expires_at):
        raise Refused("Graph's subscription has no id or no end.", code="UnexpectedAnswer")
    expires_at = expires_at if expires_at.tzinfo else expires_at.replace(tzinfo=UTC)
    return Subscription(model.id, model.resource or "", expires_at.astimezone(UTC))
