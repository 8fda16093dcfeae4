"""Wherever a worker dies or a call fails, nothing of what was left out is stored anywhere."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from support.crash import CrashingWorker
from support.fault_runner import Failure, FaultRunner, Point
from support.left_out import (
    DRAWING,
    EARLIER,
    IN_FILES,
    NEW_PICTURE,
    OFFER,
    OLD_PICTURE,
    TEXT,
    along,
    found,
    memo,
    names,
    offer,
)
from support.pane_user import PaneUser
from support.scenario import KIM
from webcrm_sync.core.along import TextPart
from webcrm_sync.core.errors import SyncError

#: If set, each point runs; otherwise every fourth one.
IS_FULL = bool(os.environ.get("WEBCRM_SYNC_EVERY_CRASH"))
#: Nobody ever asks for these.
NEVER = [EARLIER, DRAWING, OLD_PICTURE, IN_FILES[1], IN_FILES[3]]


class ChoosingPerson(FaultRunner):
    """A runner whose person leaves everything out, and later asks for the new text and a file."""

    leaks: tuple[str, ...] = ()
    has_asked: bool = False

    def _act_as_people(self, *, is_lagging: bool) -> None:
        self.restore_all()
        self.leaks, self.has_asked = (), False
        self.sandbox.crm.search_lag = timedelta()
        box = self.sandbox.outlook.mailbox(KIM)
        mail = box.deliver(offer())
        with self.new_worker(is_lagging=False) as scenario:
            PaneUser(scenario, box).sync(mail, along=along(TextPart.NONE))

    def _work(self, *, is_lagging: bool, worker: CrashingWorker) -> None:
        try:
            super()._work(is_lagging=is_lagging, worker=worker)
            if not self.has_asked:
                self._search([TEXT, OFFER, NEW_PICTURE])
            try:
                self._ask_for_more()
            except SyncError:  # the failure is here: the person presses again
                self.sandbox.faults.clear()
                self._ask_for_more()
            super()._work(is_lagging=is_lagging, worker=worker)
        finally:
            self._search(NEVER)

    def _ask_for_more(self) -> None:
        box = self.sandbox.outlook.mailbox(KIM)
        (mail,) = box.messages("inbox/webCRM sync")
        self.has_asked = True
        with self.new_worker(is_lagging=False) as scenario:
            PaneUser(scenario, box).sync(mail.id, along=along(TextPart.NEW, OFFER))

    def _search(self, words: list[str]) -> None:
        with self.new_worker(is_lagging=False) as scenario:
            self.leaks += tuple(found(scenario, words))

    def result(self) -> tuple[list[str], str]:
        """The Documents and the memo at the end."""
        with self.new_worker(is_lagging=False) as scenario:
            return names(scenario), memo(scenario)


@pytest.fixture(scope="module")
def person(runner: FaultRunner) -> ChoosingPerson:
    return ChoosingPerson(runner.sandbox, runner.before, runner.restore, runner.sender)


def test_the_story_without_a_failure_files_what_was_asked_for(person: ChoosingPerson) -> None:
    person.run(None, is_lagging=False)
    files, text = person.result()
    assert files == [OFFER, NEW_PICTURE]
    assert TEXT in text
    assert person.leaks == ()


@pytest.mark.search
@pytest.mark.parametrize("failure", Failure, ids=lambda failure: failure.name.lower())
def test_nothing_leaks_at_any_point(person: ChoosingPerson, failure: Failure) -> None:
    run = person.run(None, is_lagging=False)
    expected = person.result()
    points = run.calls if failure.is_at_call else run.commits
    wrong = []
    for number in range(1, len(points) + 1, 1 if IS_FULL else 4):
        person.run(Point(failure, number), is_lagging=False)
        if person.leaks or person.result() != expected:
            wrong.append((points[number - 1], person.leaks, person.result()))
    assert not wrong
