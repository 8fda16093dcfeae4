"""Sends notifications as Graph does; on demand late, twice or never."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import httpx

from webcrm_sync_sandbox.graph.http import GraphError

if TYPE_CHECKING:
    import ssl

    from webcrm_sync_sandbox.clock import Clock

#: How long a notification without a 2xx answer is retried (Microsoft Graph:
#: change-notifications-delivery-webhooks).
_PATIENCE = timedelta(hours=4)
_LONGEST_PAUSE = timedelta(minutes=5)
_LARGEST_POST = 50


@dataclass(slots=True)
class DeliveryFaults:
    """How often a notification is lost, doubled or late, and how late."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    late_by: timedelta = timedelta(minutes=5)


@dataclass(order=True, slots=True)
class _QueuedNotification:
    due_at: datetime
    number: int
    url: str = field(compare=False)
    value: dict[str, Any] = field(compare=False)
    first_at: datetime = field(compare=False)
    tries: int = field(compare=False, default=0)


class Pusher:
    """A thread that posts due notifications, several for one URL together."""

    def __init__(self, clock: Clock, *, trust: ssl.SSLContext | None, seed: int = 0) -> None:
        self.faults = DeliveryFaults()
        self.delivered = 0
        self._clock = clock
        self._random = random.Random(seed)
        self._numbers = itertools.count()
        self._queue: list[_QueuedNotification] = []
        self._under_way = 0
        self._is_closed = False
        self._changed = threading.Condition()
        self._trust = trust
        self._thread: threading.Thread | None = None

    def push(self, url: str, value: dict[str, Any]) -> None:
        """Queue this notification for sending."""
        with self._changed:
            if self._is_closed or self._random.random() < self.faults.lost:
                return
            copies = 1 + (self._random.random() < self.faults.doubled)
            for _ in range(copies):
                self._add(url, value)
            if not self._thread:
                self._thread = threading.Thread(target=self._run, name="graph:push", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def drain(self, timeout: float = 10) -> bool:
        """Wait until no notification is due; False when that takes too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._under_way or self._has_due()), timeout)

    def validate_receiver(self, url: str) -> None:
        """Validate a receiver: it must return the token. Raises GraphError 400.

        Microsoft Graph: change-notifications-delivery-webhooks, notificationUrl validation.
        """
        request = str(uuid.uuid4())
        token = "Validation: Testing client application reachability for subscription "
        token += f"Request-Id: {request}"
        joint = "&" if "?" in url else "?"
        try:
            answer = self._client.post(
                f"{url}{joint}validationToken={quote_plus(token)}",
                headers={"Content-Type": "text/plain"},
                timeout=10,
            )
        except httpx.TimeoutException as error:
            raise _unproven("timed out.") from error
        except httpx.HTTPError as error:
            raise _unproven("failed. The receiver could not be reached.") from error
        if answer.status_code != 200:
            raise _unproven("failed. Must respond with 200 OK to this request.")
        if not answer.headers.get("content-type", "").startswith("text/plain"):
            raise _unproven("failed. Response must be text/plain.")
        if answer.text != token:
            raise _unproven("failed. Response must exactly match validationToken query parameter.")

    @cached_property
    def _client(self) -> httpx.Client:
        """The HTTP client, created at first use: reading the system's certificates takes long."""
        return httpx.Client(verify=self._trust or True, timeout=3, trust_env=False)

    def close(self) -> None:
        """Stop; queued notifications are lost."""
        with self._changed:
            self._is_closed = True
            self._queue.clear()
            self._changed.notify_all()
        if self._thread:
            self._thread.join(timeout=5)
        if "_client" in self.__dict__:
            self._client.close()

    def _add(self, url: str, value: dict[str, Any]) -> None:
        now = self._clock.now()
        is_late = self._random.random() < self.faults.late
        due_at = now + self.faults.late_by if is_late else now
        heapq.heappush(
            self._queue, _QueuedNotification(due_at, next(self._numbers), url, value, now)
        )

    def _has_due(self) -> bool:
        return bool(self._queue) and self._queue[0].due_at <= self._clock.now()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._is_closed or self._has_due()):
                    # The clock may be advanced without notice.
                    self._changed.wait(0.05 if self._queue else None)
                if self._is_closed:
                    return
                notifications = self._take()
                self._under_way += 1
            is_done = self._post(notifications)
            with self._changed:
                self._under_way -= 1
                self._settle(notifications, is_done=is_done)
                self._changed.notify_all()

    def _take(self) -> list[_QueuedNotification]:
        """The due notifications for the URL that waits longest."""
        taken = [heapq.heappop(self._queue)]
        others: list[_QueuedNotification] = []
        while self._has_due() and len(taken) < _LARGEST_POST:
            notification = heapq.heappop(self._queue)
            (taken if notification.url == taken[0].url else others).append(notification)
        for notification in others:
            heapq.heappush(self._queue, notification)
        return taken

    def _post(self, notifications: list[_QueuedNotification]) -> bool:
        body = {"value": [notification.value for notification in notifications]}
        try:
            return self._client.post(notifications[0].url, json=body).is_success
        except httpx.HTTPError:
            return False

    def _settle(self, notifications: list[_QueuedNotification], *, is_done: bool) -> None:
        if is_done:
            self.delivered += len(notifications)
            return
        now = self._clock.now()
        for notification in notifications:
            notification.tries += 1
            pause = min(timedelta(seconds=0.5) * 2**notification.tries, _LONGEST_PAUSE)
            notification.due_at = now + pause
            if not self._is_closed and now - notification.first_at < _PATIENCE:
                heapq.heappush(self._queue, notification)


def _unproven(end: str) -> GraphError:
    return GraphError(400, "ValidationError", f"Subscription validation request {end}")
