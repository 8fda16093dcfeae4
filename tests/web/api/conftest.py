"""The application over the stage: people who signed in, each with a token from Entra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask import Flask

from support.api_client import Person, person
from support.scenario import KIM, OpenPlay, Play
from webcrm_sync.bootstrap import open_context
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.environment import Stage

EVA = "eva@nordwind.example"


@pytest.fixture
def open_play(fresh_database: str) -> Iterator[OpenPlay]:
    """Opens a play with settings of one's own."""
    with ExitStack() as stack:

        def opened(**settings: str) -> Play:
            stage = stack.enter_context(Stage())
            given = stage.settings(
                **{"DATABASE_URL": fresh_database, "SECRET_KEY": "test", **settings}
            )
            parts = open_context(given, url=fresh_database, now=stage.clock.now)
            return Play(stage, stack.enter_context(parts))

        yield opened


@pytest.fixture
def play(open_play: OpenPlay) -> Play:
    """A play with the usual settings."""
    return open_play(WEBCRM_ORGANISATION_LINK="https://crm.example/o/{id}")


@pytest.fixture
def app(play: Play) -> Flask:
    """The application over the play."""
    return create_app(play.context)


@pytest.fixture
def kim(play: Play, app: Flask) -> Person:
    """A salesperson."""
    return person(play, app, KIM, "Kim Nordwind")


@pytest.fixture
def eva(play: Play, app: Flask) -> Person:
    """A colleague."""
    return person(play, app, EVA, "Eva Nordwind")
