"""Stores what this process has counted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.net.tally import TALLY
from webcrm_sync.store import tallies

logger = logging.getLogger(__name__)

_EVERY_S = 10


def save(context: LocalContext) -> None:
    """Add what was counted since the last call to the stored numbers. Keeps it after an error."""
    taken = TALLY.take()
    if not taken:
        return
    try:
        context.transact(lambda tx: tallies.add(tx, taken))
    except Exception:
        TALLY.give_back(taken)
        raise


@contextmanager
def saved(context: LocalContext) -> Iterator[None]:
    """Save every few seconds during the block, and at its end."""
    is_over = Event()
    thread = Thread(target=_save_until, args=(context, is_over), name="tallies", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(_EVERY_S)


def _save_until(context: LocalContext, is_over: Event) -> None:
    is_last = False
    while not is_last:
        is_last = is_over.wait(_EVERY_S)
        try:
            save(context)
        except Exception:
            logger.warning("tallies_not_saved", exc_info=True)
