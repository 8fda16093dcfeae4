"""The states of an item: the table in the code, and the diagram that the documentation draws."""

from __future__ import annotations

import re
from pathlib import Path

from webcrm_sync.core.events import FACTS, EventKind
from webcrm_sync.core.states import TRANSITIONS, State

DOCS = Path(__file__).parents[2] / "docs" / "architecture.md"
#: `[*]`: the start of an item.
ARROW = re.compile(r"^    (\[\*\]|\w+) --> (\w+): \S", re.MULTILINE)


def test_the_diagram_draws_every_transition_and_no_other() -> None:
    drawn = set(ARROW.findall(DOCS.read_text("utf-8")))
    known = {(was or "[*]", now) for was, states in TRANSITIONS.items() for now in states}
    assert drawn == known


def test_every_state_can_be_reached() -> None:
    assert {now for states in TRANSITIONS.values() for now in states} == set(State)
    assert set(TRANSITIONS) == {None, *State}


def test_every_state_is_an_event_and_every_event_names_its_facts() -> None:
    assert {state.value for state in State} <= {kind.value for kind in EventKind}
    assert set(FACTS) == set(EventKind)
