"""Answers that come after their thread has gone on to other work.

An application that finds this key in its environment may call what is there, once, with a
function; it is then given the means to answer, by a body that replaces the one it returned. Its
status and headers stay. A server without this key sends what was returned.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from webcrm_sync.web.serving.wsgi import Response

#: In the WSGI environment (PEP 3333 lets a server name its own).
ANSWER_LATER = "webcrm_sync.answer_later"

#: Sends the answer with this body. Only the first call counts.
Finish = Callable[[bytes], None]
#: Takes note of how to answer.
Begin = Callable[[Finish], None]


class DeferredAnswers:
    """The answers that are still to come. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, tuple[Response, Callable[[Response], None]]] = {}
        self._is_over = False

    def add(self, answer: Response, then: Callable[[Response], None], begin: Begin) -> None:
        """Give `begin` the means to send the answer with another body."""
        key = id(answer)
        with self._lock:
            is_over = self._is_over
            self._open[key] = answer, then

        def finish(body: bytes) -> None:
            self._send(key, body)

        if is_over:
            self._send(key, answer.body)
        else:
            begin(finish)

    def end(self) -> None:
        """The server stops: send what was returned at first, and let nothing wait any more."""
        with self._lock:
            self._is_over = True
            left = list(self._open.items())
        for key, (answer, _) in left:
            self._send(key, answer.body)

    def _send(self, key: int, body: bytes) -> None:
        with self._lock:
            found = self._open.pop(key, None)
        if found:
            answer, then = found
            then(replace(answer, body=body))
