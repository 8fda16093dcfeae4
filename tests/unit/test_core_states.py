"""Every state and reason has its mark in Outlook and its words for people."""

from __future__ import annotations

import pytest

from webcrm_sync.core.categories import Mark
from webcrm_sync.core.states import SENTENCES, Reason, State, mark_for

WAYS = [(state, None) for state in State] + [
    (state, reason) for state in (State.WAITING, State.PARKED, State.SKIPPED) for reason in Reason
]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_complete_sentence(reason: Reason) -> None:
    sentence = SENTENCES[reason]
    assert sentence[0].isupper() or sentence.startswith("webCRM")
    assert sentence.endswith(".")
    assert "_" not in sentence


@pytest.mark.parametrize(
    ("state", "mark"),
    [
        (State.FOUND, None),
        (State.MATCHED, None),
        (State.FILED, Mark.SYNCED),
        (State.SYNCED, Mark.SYNCED),
        (State.MIRRORED, Mark.SYNCED),
        (State.WAITING, Mark.NOT_SYNCED),
        (State.PARKED, Mark.NOT_SYNCED),
        (State.SKIPPED, Mark.NOT_SYNCED),
    ],
)
def test_each_state_shows_in_outlook(state: State, mark: Mark | None) -> None:
    assert mark_for(state, None) is mark


@pytest.mark.parametrize(("state", "reason"), WAYS)
def test_synced_is_shown_only_for_mails_that_are_in_webcrm(
    state: State, reason: Reason | None
) -> None:
    is_in_webcrm = state in {State.FILED, State.SYNCED, State.MIRRORED}
    assert (mark_for(state, reason) is Mark.SYNCED) is is_in_webcrm


@pytest.mark.parametrize(
    ("reason", "mark"),
    [
        (Reason.SYNCED_BEFORE, None),
        (Reason.DELETED, None),
        (Reason.MOVED_OUT, Mark.NONE),
        (Reason.ONLY_COLLEAGUES, Mark.NOT_SYNCED),
    ],
)
def test_preexisting_copies_and_copies_outside_are_left_alone(
    reason: Reason, mark: Mark | None
) -> None:
    assert mark_for(State.SKIPPED, reason) is mark


def test_only_copies_on_their_way_are_unfinished() -> None:
    assert [s for s in State if not s.is_end] == [State.FOUND, State.MATCHED, State.FILED]
