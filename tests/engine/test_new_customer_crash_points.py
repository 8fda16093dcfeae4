"""Each call of a new customer fails once and its process dies at each point: one customer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import pytest

from support.crash import CrashingWorker
from support.fault_runner import (
    LAG,
    Failure,
    Point,
    normalized_call,
    open_worker,
    schedule_fault,
    worker_for,
)
from support.interleave import Death
from support.new_customer import company_name, named, persons
from support.pane_user import PaneUser, add_pane_user
from support.scenario import BO, BOTH, KIM, LIS, Scenario
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.new_customer import ContactDraft
from webcrm_sync.core.places import ChosenPlaces
from webcrm_sync.engine.pane.customers import CustomerForm, create_customer
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.webcrm.system import OrganisationAnswer

#: If set, each point runs with each failure, with and without a lagging search, and with each kind
#: of answer. Otherwise each point runs once, and they alternate.
IS_FULL = bool(os.environ.get("WEBCRM_SYNC_EVERY_CRASH"))
ANSWERS: tuple[OrganisationAnswer, ...] = ("empty", "id")
#: Whether webCRM's search lags, and how it answers.
WORLDS = [(is_lagging, answer) for answer in ANSWERS for is_lagging in (False, True)]
_SETTLE_S = 60
_SUBJECT = "ActivityDescription"
#: Enough for the searches after a lost answer, and for a claim whose owner died.
_WAITS = (3, 40, 65)


@dataclass(frozen=True, slots=True)
class Story:
    """One press of the form, for a company that no other story knows.

    `replaces`, `keeps`: the places of the mail before, of which the new customer replaces the
    first; None = the mail has none.
    """

    number: int
    replaces: int | None = None
    keeps: int | None = None

    @property
    def form(self) -> CustomerForm:
        """What the person enters."""
        name = company_name(str(self.number))
        address = f"anne@{name.lower()}.example"
        draft = OrganisationDraft(name, f"{name.lower()}.example")
        form = CustomerForm(draft, ContactDraft("Anne", address))
        if self.replaces is None or self.keeps is None:
            return form
        places = ChosenPlaces((self.replaces, self.keeps), is_exact=True)
        return replace(form, places=places, replaces=self.replaces)

    def deliver(self, kim: PaneUser) -> str:
        """The mail from which the person creates the customer."""
        contact = self.form.contact
        assert contact is not None
        people = (BO,) if self.replaces else ()
        return kim.box.deliver(Mail(f"Story {self.number}", contact.address, KIM, cc=people))


@dataclass(slots=True)
class Runner:
    """Plays one story after the other over one sandbox and one database."""

    scenario: Scenario
    kim: PaneUser
    stories: int = 0

    def play(
        self,
        point: Point | None,
        *,
        is_lagging: bool,
        answer: OrganisationAnswer,
        has_places: bool = False,
    ) -> tuple[list[str], list[str], list[str]]:
        """The calls, the commits, and what is wrong after a failure at this point."""
        self.stories += 1
        known = self.scenario.organisations
        edited = (known["Havnebyg"], known["Skovby"]) if has_places else ()
        story, sandbox = Story(self.stories, *edited), self.scenario.sandbox
        sandbox.crm.search_lag = LAG if is_lagging else timedelta()
        sandbox.crm.organisation_answer = answer
        mail = story.deliver(self.kim)
        sandbox.journal.clear()
        worker = worker_for(point)
        if point and point.failure.is_at_call:
            schedule_fault(sandbox, point, sandbox.faults.calls, worker)
        with suppress(Death, SyncError):
            self._press(story, mail, worker, is_lagging=is_lagging)
        sandbox.faults.clear()
        calls = [normalized_call(e.service, e.method, e.path) for e in sandbox.journal.exchanges]
        wrong = list(self._doubled(story))
        # The pane has shown an error, so the person presses again.
        self._press(story, mail, CrashingWorker(), is_lagging=is_lagging)
        return calls, worker.commits, [*wrong, *self._differences(story, mail)]

    def _press(self, story: Story, mail: str, worker: CrashingWorker, *, is_lagging: bool) -> None:
        """Press the button in a process of its own, and let its worker go on until all is done."""
        settle_s = _SETTLE_S if is_lagging else 0
        with open_worker(self.scenario.sandbox, self.scenario.context, settle_s=settle_s) as real:
            context = worker.wrap(real.context)
            pressing = replace(self.kim, scenario=Scenario(real.sandbox, context))
            try:
                create_customer(context, pressing.user, pressing.ref(mail), story.form)
            finally:
                going_on = Scenario(real.sandbox, real.context if worker.is_dead else context)
                for seconds in _WAITS:
                    going_on.wait(timedelta(seconds=seconds))

    def _doubled(self, story: Story) -> Iterator[str]:
        organisations, people, activities = self._counts(story)
        if max(organisations, people, activities) > 1:
            yield f"{organisations} Organisations, {people} contacts, {activities} Activities"

    def _differences(self, story: Story, mail: str) -> Iterator[str]:
        if self._counts(story) != (1, 1, 1):
            yield "{} Organisations, {} contacts, {} Activities".format(*self._counts(story))
        if story.keeps is not None and self._other_places(story) != [story.keeps]:
            yield f"the mail is under {self._other_places(story)} too"
        if self.kim.box.read(mail).categories != BOTH:
            yield f"the mail shows {self.kim.box.read(mail).categories}"

    def _counts(self, story: Story) -> tuple[int, int, int]:
        contact = story.form.contact
        assert contact is not None
        created = named(self.scenario, story.form.organisation.name)
        ids = {organisation["OrganisationId"] for organisation in created}
        return (
            len(created),
            len(persons(self.scenario, contact.address)),
            sum(place in ids for place in self._places(story)),
        )

    def _other_places(self, story: Story) -> list[int]:
        known = self.scenario.organisations.values()
        return [place for place in self._places(story) if place in known]

    def _places(self, story: Story) -> list[int]:
        """The Organisation of each Activity of the mail."""
        filed = (a for a in self.scenario.activities if str(story.number) in a[_SUBJECT].split())
        return [activity["ActivityOrganisationId"] for activity in filed]


@pytest.fixture
def runner(scenario: Scenario) -> Runner:
    """A runner with one salesperson."""
    scenario.sandbox.crm.calls_a_minute = 1_000_000
    scenario.add_contact(BO)
    scenario.add_contact(LIS, "Skovby")
    return Runner(scenario, add_pane_user(scenario))


@pytest.mark.parametrize("has_places", [False, True])
@pytest.mark.parametrize(("is_lagging", "answer"), WORLDS)
def test_a_story_without_a_failure_creates_one_customer(
    runner: Runner, is_lagging: bool, answer: OrganisationAnswer, has_places: bool
) -> None:
    calls, commits, wrong = runner.play(
        None, is_lagging=is_lagging, answer=answer, has_places=has_places
    )
    assert wrong == []
    assert "webcrm POST /Organisations" in calls
    assert "webcrm POST /Persons" in calls
    assert len(commits) > 10


@pytest.mark.search
@pytest.mark.parametrize("has_places", [False, True], ids=["new", "in place of another"])
@pytest.mark.parametrize("is_at_call", [True, False], ids=["calls", "commits"])
def test_a_failure_at_any_point_leads_to_one_customer(
    runner: Runner,
    is_at_call: bool,
    has_places: bool,
    record_property: Callable[[str, object], None],
) -> None:
    play = partial(runner.play, has_places=has_places)
    found: list[str] = []
    played = points = 0
    for turn, (is_lagging, answer) in enumerate(WORLDS):
        calls, commits, _ = play(None, is_lagging=is_lagging, answer=answer)
        names = calls if is_at_call else commits
        points += len(names)
        for number, name in enumerate(names, start=1):
            for failure in _failures(number, turn, is_at_call=is_at_call):
                played += 1
                where = f"{number} ({name}), {failure}, {answer}, lagging: {is_lagging}"
                point = Point(failure, number)
                _, _, wrong = play(point, is_lagging=is_lagging, answer=answer)
                found += [f"{where}: {one}" for one in wrong]
    record_property("counted", f"{points} points, {played} runs")
    assert not found, "\n".join(found)


def _failures(number: int, turn: int, *, is_at_call: bool) -> list[Failure]:
    """The failures to run at this point, in the world of this turn."""
    failures = [failure for failure in Failure if failure.is_at_call == is_at_call]
    if IS_FULL:
        return failures
    rounds, rest = divmod(number, len(WORLDS))
    return [failures[(rounds + turn) % len(failures)]] if rest == turn else []
