"""Responses that are sent after their worker thread has gone on to other work.

The server puts a function into the WSGI environment under the key ANSWER_LATER. The application
may call it once with a `Begin`. The server then calls that `Begin` with a `Finish`, which sends a
new body in place of the returned one; status and headers stay. A server without this key sends
what the application returned.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from webcrm_sync.web.serving.wsgi import Response

#: The key in the WSGI environment (PEP 3333 lets a server add its own).
ANSWER_LATER = "webcrm_sync.answer_later"

#: Sends the response with this body. Only the first call counts.
Finish = Callable[[bytes], None]
#: Receives the `Finish` of one response.
Begin = Callable[[Finish], None]
Send = Callable[[Response], None]


class DeferredResponses:
    """The responses that wait for their final body. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, tuple[Response, Send]] = {}
        self._is_closed = False

    def add(self, response: Response, send: Send, begin: Begin) -> None:
        """Keep the response until the `Finish` given to `begin` is called.

        Sends the response at once, unchanged, after `close`.
        """
        key = id(response)
        with self._lock:
            is_closed = self._is_closed
            self._waiting[key] = response, send

        def finish(body: bytes) -> None:
            self._send(key, body)

        if is_closed:
            self._send(key, response.body)
        else:
            begin(finish)

    def close(self) -> None:
        """Send every waiting response as the application returned it."""
        with self._lock:
            self._is_closed = True
            waiting = list(self._waiting.items())
        for key, (response, _) in waiting:
            self._send(key, response.body)

    def _send(self, key: int, body: bytes) -> None:
        with self._lock:
            found = self._waiting.pop(key, None)
        if found:
            response, send = found
            send(replace(response, body=body))
