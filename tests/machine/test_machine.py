"""A few histories of the whole product, always the same; `make machine` plays thousands."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from machine.ground import ground
from machine.machine import Machine


@pytest.mark.search
def test_whatever_happens_each_mail_is_filed_once_and_marked_truly(fresh_database: str) -> None:
    with ground(fresh_database) as opened:
        Machine.ground = opened
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
