"""Looks that found nothing new wait here: one query a second tells all of them what changed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane import version_tokens

logger = logging.getLogger(__name__)

#: A pane promises the truth within two seconds; half of that is for the way there and back.
_ROUND_S = 1.0
#: So long a look waits, well below what a proxy bears; then the pane looks again.
_PATIENCE_S = 10.0
#: More do not wait, of all and of one person: their panes look again in two seconds.
_MOST, _MOST_OF_ONE = 3_000, 20


@dataclass(frozen=True, slots=True)
class _Look:
    user_id: str
    token: str
    until: float
    then: Callable[[bool], None]


class ChangeWatch:
    """The looks that wait in this process. Thread-safe."""

    def __init__(self, context: Context) -> None:
        self._parts = context
        self._lock = threading.Lock()
        self._looks: list[_Look] = []
        self._is_running = False

    def add(self, user_id: str, token: str, then: Callable[[bool], None]) -> None:
        """Call `then` in another thread: True once anything has changed, False after a while."""
        look = _Look(user_id, token, time.monotonic() + _PATIENCE_S, then)
        with self._lock:
            of_one = sum(one.user_id == user_id for one in self._looks)
            has_room = len(self._looks) < _MOST and of_one < _MOST_OF_ONE
            if has_room:
                self._looks.append(look)
                if not self._is_running:
                    self._is_running = True
                    threading.Thread(target=self._run, name="watch", daemon=True).start()
        if not has_room:
            then(False)

    def _run(self) -> None:
        """Until nobody waits any more."""
        while True:
            time.sleep(_ROUND_S)
            with self._lock:
                waiting = list(self._looks)
                self._is_running = bool(waiting)
            if not waiting:
                return
            self._answer(waiting, self._changed(waiting))

    def _changed(self, waiting: Sequence[_Look]) -> Sequence[bool] | None:
        """For each whether something changed, None when the database does not tell."""
        try:
            return version_tokens.have_changed(self._parts, [(w.user_id, w.token) for w in waiting])
        except Exception:
            logger.exception("watch_failed")
            return None

    def _answer(self, waiting: Sequence[_Look], changed: Sequence[bool] | None) -> None:
        """Answer those with news or without patience; without a database all, to hear of it."""
        now = time.monotonic()
        told = [
            (look, is_changed)
            for look, is_changed in zip(waiting, changed or [False] * len(waiting), strict=True)
            if is_changed or look.until <= now or changed is None
        ]
        done = {id(look) for look, _ in told}
        with self._lock:
            self._looks = [look for look in self._looks if id(look) not in done]
        for look, is_changed in told:
            look.then(is_changed)
