"""The stage that every engine story plays on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from support.lock_order import in_one_order
from support.openapi import deviations
from support.reconciliation import Ground, prepared
from support.scenario import BO, OpenPlay, Play
from webcrm_sync.bootstrap import open_context
from webcrm_sync_sandbox.environment import Stage
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


@pytest.fixture
def open_play(fresh_database: str) -> Iterator[OpenPlay]:
    """Opens a play with settings of one's own; afterwards the wire is held to its descriptions.

    And every transaction to the one order of locks.
    """
    with ExitStack() as stack:
        stages: list[Stage] = []

        def opened(**settings: str) -> Play:
            stage = stack.enter_context(Stage())
            stages.append(stage)
            given = stage.settings(
                **{"DATABASE_URL": fresh_database, "SECRET_KEY": "test", **settings}
            )
            parts = stack.enter_context(
                open_context(given, url=fresh_database, now=stage.clock.now)
            )
            stack.enter_context(in_one_order(parts.database.engine))
            return Play(stage, parts)

        yield opened
        for stage in stages:
            assert stage.journal.unknown == [], "a call that no reference describes"
            found = deviations(stage.journal.exchanges)
            assert not found, "\n".join(found)


@pytest.fixture
def play(open_play: OpenPlay) -> Play:
    """A play with the usual settings."""
    return open_play()


@pytest.fixture
def box(play: Play) -> SimMailbox:
    """Kim's mailbox, with Bo known to webCRM."""
    play.contact(BO)
    made = play.mailbox()
    play.refresh()
    return made


@pytest.fixture
def ground(open_play: OpenPlay) -> Ground:
    """A mailbox that was proved to be equal; nobody tells it of changes."""
    return prepared(open_play(PUBLIC_URL="http://nobody.example"))
