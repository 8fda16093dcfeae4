"""Ten fixed random histories of the whole product; `make machine` runs thousands."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from machine.machine import Machine
from machine.setup import open_setup


@pytest.mark.search
def test_each_mail_is_filed_once_and_marked_correctly_in_random_histories(
    fresh_database: str,
) -> None:
    with open_setup(fresh_database) as opened:
        Machine.setup = opened
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=10,
                derandomize=True,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
