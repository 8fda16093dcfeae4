"""Subscriptions to changes of messages (Microsoft Graph: subscription)."""

from __future__ import annotations

import re
import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from webcrm_sync_sandbox.graph.http import (
    Call,
    GraphError,
    Reply,
    UndescribedError,
    bad_request,
    read_stamp,
    stamp,
)

if TYPE_CHECKING:
    from datetime import datetime

    from webcrm_sync_sandbox.clock import Clock
    from webcrm_sync_sandbox.graph.access import AccessControl
    from webcrm_sync_sandbox.graph.http import Behaviour
    from webcrm_sync_sandbox.graph.push import Pusher
    from webcrm_sync_sandbox.graph.request_context import Caller
    from webcrm_sync_sandbox.outlook import Outlook, SimMailbox
    from webcrm_sync_sandbox.outlook.store import Notice

_RESOURCE = re.compile(
    r"/?(?:users/(?P<user>[^/]+)|me)/(?:mailFolders(?:/|\(')(?P<folder>[^/')]+)(?:'\))?/)?messages",
    re.IGNORECASE,
)
_KINDS = frozenset({"created", "updated", "deleted"})
_LONGEST_STATE = 128
#: Limit per mailbox, over all apps (Microsoft Graph: outlook-change-notifications-overview).
_MOST_PER_MAILBOX = 1000
_LOOPBACK = {"localhost", "127.0.0.1"}
_EVENTS = frozenset({"reauthorizationRequired", "subscriptionRemoved", "missed"})


@dataclass(slots=True)
class _Subscription:
    id: str
    app_id: str
    tenant_id: str
    user_id: str
    folder_id: str | None
    kinds: frozenset[str]
    resource: str
    url: str
    lifecycle_url: str | None
    state: str | None
    expires_at: datetime
    immutable: bool
    #: paused: delivers nothing until it is reauthorized
    is_paused: bool = field(default=False)


class Subscriptions:
    """All subscriptions; listens to the mailboxes and feeds the pusher."""

    def __init__(
        self, outlook: Outlook, clock: Clock, behaviour: Behaviour, pusher: Pusher
    ) -> None:
        self._outlook = outlook
        self._clock = clock
        self._dials = behaviour
        self._pusher = pusher
        self._all: dict[str, _Subscription] = {}
        self._lock = threading.Lock()
        outlook.listen(self._tell)

    def answer(self, call: Call, door: AccessControl, path: str) -> Reply:
        """Answer a call below /subscriptions. Raises GraphError."""
        caller = door.caller(call)
        segments = path.strip("/").split("/")[1:]
        match (call.method, segments):
            case ("GET", []):
                own = [s for s in self._living() if s.app_id == caller.app_id]
                return Reply(200, {"value": [_shown(one) for one in own]})
            case ("POST", []):
                return self._create(call, door, caller)
            case ("GET", [key]):
                return Reply(200, _shown(self._found(caller, key)))
            case ("PATCH", [key]):
                return self._renew(call, self._found(caller, key))
            case ("DELETE", [key]):
                self._remove(self._found(caller, key))
                return Reply(204)
            case ("POST", [key, "reauthorize"]):
                self._found(caller, key).is_paused = False
                return Reply(200)
        raise UndescribedError(404, "UnknownError", "No reference describes this call.")

    def lifecycle(self, event: str) -> int:
        """Send a lifecycle event to each subscription that has a URL for it; the number sent.

        `reauthorizationRequired` pauses delivery until it is answered, `subscriptionRemoved`
        removes the subscription, `missed` only notifies (Microsoft Graph:
        change-notifications-lifecycle-events).
        """
        if event not in _EVENTS:
            raise ValueError(event)
        living = self._living()
        for one in living:
            one.is_paused = one.is_paused or event == "reauthorizationRequired"
            if event == "subscriptionRemoved":
                self._remove(one)
            if one.lifecycle_url:
                self._pusher.push(one.lifecycle_url, _head(one) | {"lifecycleEvent": event})
        return sum(bool(one.lifecycle_url) for one in living)

    def _create(self, call: Call, door: AccessControl, caller: Caller) -> Reply:
        body = call.json
        mailbox, folder_id = self._target(door, caller, str(body.get("resource")))
        made = _Subscription(
            id=str(uuid.uuid4()),
            app_id=caller.app_id,
            tenant_id=caller.tenant_id,
            user_id=mailbox.user_id,
            folder_id=folder_id,
            kinds=_kinds(body.get("changeType")),
            resource=body["resource"],
            url=_url(body.get("notificationUrl")),
            lifecycle_url=_url(body["lifecycleNotificationUrl"])
            if body.get("lifecycleNotificationUrl")
            else None,
            state=_state(body.get("clientState")),
            expires_at=self._expiry(body.get("expirationDateTime")),
            immutable=call.wants_immutable,
        )
        if len([s for s in self._living() if s.user_id == made.user_id]) >= _MOST_PER_MAILBOX:
            raise GraphError(403, "ErrorSubscriptionLimitExceeded", "Too many subscriptions.")
        for url in filter(None, (made.url, made.lifecycle_url)):
            self._pusher.validate_receiver(url)
        with self._lock:
            self._all[made.id] = made
        return Reply(201, _shown(made))

    def _target(
        self, door: AccessControl, caller: Caller, resource: str
    ) -> tuple[SimMailbox, str | None]:
        path, _, query = resource.partition("?")
        found = _RESOURCE.fullmatch(path)
        if query or not found:
            raise UndescribedError(400, "InvalidRequest", "This resource is not simulated.")
        mailbox = door.find(caller, found["user"])
        is_foreign = caller.user_id not in (None, mailbox.user_id)
        if is_foreign or (not caller.user_id and not self._outlook.is_in_scope(mailbox)):
            raise GraphError(403, "ErrorAccessDenied", "Access is denied.")
        if not mailbox.has_licence:
            raise GraphError(404, "MailboxNotEnabledForRESTAPI", "There is no such mailbox.")
        if not found["folder"]:
            return mailbox, None
        try:
            return mailbox, mailbox.folder(found["folder"]).id
        except KeyError as error:
            raise GraphError(404, "ErrorItemNotFound", "The folder was not found.") from error

    def _expiry(self, value: Any) -> datetime:
        if not isinstance(value, str):
            raise bad_request("expirationDateTime is missing.", "InvalidRequest")
        wish, now = read_stamp(value), self._clock.now()
        if wish <= now:
            raise bad_request("The expiration is in the past.", "InvalidRequest")
        if wish - now > self._dials.longest_subscription:
            raise bad_request(
                "Subscription expiration can only be "
                f"{int(self._dials.longest_subscription.total_seconds() // 60)} minutes ahead.",
                "InvalidRequest",
            )
        return max(wish, now + self._dials.shortest_subscription)

    def _renew(self, call: Call, found: _Subscription) -> Reply:
        body = call.json
        if set(body) - {"expirationDateTime", "notificationUrl", "@odata.type"}:
            raise bad_request("Only the expiration can be changed.", "InvalidRequest")
        if "expirationDateTime" in body:
            found.expires_at = self._expiry(body["expirationDateTime"])
            found.is_paused = False
        if "notificationUrl" in body:
            self._pusher.validate_receiver(_url(body["notificationUrl"]))
            found.url = body["notificationUrl"]
        return Reply(200, _shown(found))

    def _found(self, caller: Caller, key: str) -> _Subscription:
        found = next((s for s in self._living() if s.id == key), None)
        if not found or found.app_id != caller.app_id:
            raise GraphError(404, "ResourceNotFound", "The object was not found.")
        return found

    def _living(self) -> list[_Subscription]:
        now = self._clock.now()
        with self._lock:
            self._all = {key: s for key, s in self._all.items() if s.expires_at > now}
            return list(self._all.values())

    def _remove(self, one: _Subscription) -> None:
        with self._lock:
            self._all.pop(one.id, None)

    def _tell(self, notice: Notice) -> None:
        """Queue a change for sending; the caller holds the lock of the mailbox."""
        if not self._all:
            return
        for one in self._living():
            is_meant = one.user_id == notice.user_id and one.folder_id in (None, notice.folder_id)
            if is_meant and not one.is_paused and notice.change.kind in one.kinds:
                self._pusher.push(one.url, _notification(one, notice))


def _notification(one: _Subscription, notice: Notice) -> dict[str, Any]:
    change = notice.change
    item_id = change.item_id if one.immutable else change.rest_id
    resource = f"Users/{notice.user_id}/Messages/{item_id}"
    return _head(one) | {
        "changeType": change.kind,
        "resource": resource,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Message",
            "@odata.id": resource,
            "@odata.etag": f'W/"{change.change_key}"',
            "id": item_id,
        },
    }


def _head(one: _Subscription) -> dict[str, Any]:
    return {
        "subscriptionId": one.id,
        "subscriptionExpirationDateTime": stamp(one.expires_at),
        "clientState": one.state,
        "tenantId": one.tenant_id,
    }


def _kinds(value: Any) -> frozenset[str]:
    kinds = frozenset(part.strip().lower() for part in str(value or "").split(","))
    if not kinds <= _KINDS:
        raise bad_request("changeType is missing or unknown.", "InvalidRequest")
    return kinds


def _state(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or len(value) > _LONGEST_STATE):
        raise bad_request("clientState has more than 128 characters.", "InvalidRequest")
    return value


def _url(value: Any) -> str:
    parts = urlsplit(str(value))
    # Microsoft accepts https only; on this machine http is enough.
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise bad_request("The notification URL must be https.", "InvalidRequest")
    return str(value)


def _shown(one: _Subscription) -> dict[str, Any]:
    return {
        "id": one.id,
        "resource": one.resource,
        "applicationId": one.app_id,
        "changeType": ",".join(sorted(one.kinds)),
        "clientState": None,
        "notificationUrl": one.url,
        "lifecycleNotificationUrl": one.lifecycle_url,
        "expirationDateTime": stamp(one.expires_at),
        "creatorId": one.user_id,
        "latestSupportedTlsVersion": "v1_2",
    }
