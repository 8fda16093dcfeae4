"""The stage that every engine story plays on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from descriptions import deviations
from play import Play

from webcrm_sync.bootstrap import open_parts
from webcrm_sync.sandbox.stage import Stage

Open = Callable[..., Play]


@pytest.fixture
def open_play(fresh_database: str) -> Iterator[Open]:
    """Opens a play with settings of one's own; afterwards the wire is held to its descriptions."""
    with ExitStack() as stack:
        stages: list[Stage] = []

        def opened(**settings: str) -> Play:
            stage = stack.enter_context(Stage())
            stages.append(stage)
            given = stage.settings(
                **{"DATABASE_URL": fresh_database, "SECRET_KEY": "test", **settings}
            )
            parts = open_parts(given, url=fresh_database, now=stage.clock.now)
            return Play(stage, stack.enter_context(parts))

        yield opened
        for stage in stages:
            assert stage.journal.unknown == [], "a call that no reference describes"
            assert deviations(stage.journal.exchanges) == []


@pytest.fixture
def play(open_play: Open) -> Play:
    """A play with the usual settings."""
    return open_play()
