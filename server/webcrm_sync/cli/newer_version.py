"""Ends a running process when a later version has migrated the database under it."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from webcrm_sync.store.revision import DatabaseNewer, is_current

logger = logging.getLogger(__name__)

_EVERY_S = 5.0


@contextmanager
def stop_when_newer(engine: Engine) -> Iterator[None]:
    """Stop the block as SIGTERM does once a later version's tables do not fit this version.

    Raises DatabaseNewer then, after the block has ended.
    """
    watch = _Watch(engine)
    watch.start()
    try:
        yield
    finally:
        watch.is_over.set()
        watch.join()
    if watch.is_newer:
        raise DatabaseNewer


class _Watch(Thread):
    def __init__(self, engine: Engine) -> None:
        super().__init__(name="newer-version", daemon=True)
        self.is_over = Event()
        self.is_newer = False
        self._engine = engine

    def run(self) -> None:
        while not self.is_over.wait(_EVERY_S):
            try:
                is_current(self._engine)
            except DatabaseNewer as error:
                self.is_newer = True
                logger.error("database_newer", extra={"what_to_do": str(error)})
                os.kill(os.getpid(), signal.SIGTERM)
                return
            except SQLAlchemyError:  # the database is away; the work notices by itself
                continue
