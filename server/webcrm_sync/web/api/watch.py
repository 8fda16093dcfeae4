"""Delays the answers to panes that nothing has changed for, until something changes.

One query a second asks about all of them together.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane import version_tokens

logger = logging.getLogger(__name__)

#: A pane promises the truth within two seconds; the way there and back takes up to one of them.
_INTERVAL_S = 1.0
#: How long an answer waits. Well below the time limits of proxies; then the pane asks again.
_MAX_WAIT_S = 10.0
#: How many answers wait in all and for one person. The others are sent at once, and their panes
#: ask again after two seconds.
_MAX_WAITING, _MAX_WAITING_PER_PERSON = 3_000, 20


@dataclass(frozen=True, slots=True)
class _Waiter:
    user_id: str
    token: str
    until: float
    send: Callable[[bool], None]


class ChangeWatch:
    """The answers that wait in this process. Thread-safe."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._waiters: list[_Waiter] = []
        self._is_running = False

    def add(self, user_id: str, token: str, send: Callable[[bool], None]) -> None:
        """Call `send` from another thread: True after a change, False after ten seconds.

        Calls it with False at once if too many answers wait already.
        """
        waiter = _Waiter(user_id, token, time.monotonic() + _MAX_WAIT_S, send)
        with self._lock:
            of_person = sum(one.user_id == user_id for one in self._waiters)
            has_room = len(self._waiters) < _MAX_WAITING and of_person < _MAX_WAITING_PER_PERSON
            if has_room:
                self._waiters.append(waiter)
                if not self._is_running:
                    self._is_running = True
                    threading.Thread(target=self._run, name="watch", daemon=True).start()
        if not has_room:
            send(False)

    def _run(self) -> None:
        """Check for changes until nobody waits."""
        while True:
            time.sleep(_INTERVAL_S)
            with self._lock:
                waiters = list(self._waiters)
                self._is_running = bool(waiters)
            if not waiters:
                return
            self._answer(waiters, self._check(waiters))

    def _check(self, waiters: Sequence[_Waiter]) -> Sequence[bool] | None:
        """For each waiter whether something has changed, None if the database fails."""
        try:
            return version_tokens.have_changed(
                self._context, [(w.user_id, w.token) for w in waiters]
            )
        except Exception:
            logger.exception("watch_failed")
            return None

    def _answer(self, waiters: Sequence[_Waiter], changed: Sequence[bool] | None) -> None:
        """Answer those with a change or without time left; all of them if the database fails.

        A pane that asks again then hears about the failure.
        """
        now = time.monotonic()
        due = [
            (waiter, is_changed)
            for waiter, is_changed in zip(waiters, changed or [False] * len(waiters), strict=True)
            if is_changed or waiter.until <= now or changed is None
        ]
        done = {id(waiter) for waiter, _ in due}
        with self._lock:
            self._waiters = [w for w in self._waiters if id(w) not in done]
        for waiter, is_changed in due:
            waiter.send(is_changed)
