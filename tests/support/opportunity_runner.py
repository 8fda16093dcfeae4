"""Runs the story of a mail under two Opportunities repeatedly, each time with one failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from support.crash import CrashingWorker
from support.fault_runner import (
    FaultRunner,
    Point,
    Run,
    normalized_call,
    run_due_steps,
    schedule_fault,
    worker_for,
)
from support.interleave import Death
from support.opportunities import choose_organisation, put_under
from support.scenario import BO, KIM, Scenario
from support.snapshot import take_snapshot
from webcrm_sync_sandbox.outlook.mail import File, Mail

_OFFER = Mail(
    "Offer",
    BO,
    KIM,
    message_id="<o@x.example>",
    sent_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
    attachments=(File("a.txt", b"a"),),
)


@dataclass(slots=True)
class OpportunityRunner:
    """A person puts a synced mail under an Opportunity, moves it under another one, and off it."""

    runner: FaultRunner

    def run(self, point: Point | None) -> Run:
        """Run the story with one failure. Fails if an Activity was under a foreign Opportunity."""
        sandbox = self.runner.sandbox
        mail = self._sync()
        sandbox.journal.clear()
        begin = sandbox.faults.calls
        worker = first = worker_for(point)
        if point and point.failure.is_at_call:
            schedule_fault(sandbox, point, begin, worker)
        for act in self._acts(mail):
            with self.runner.new_worker(is_lagging=False) as person:
                act(person)
            try:
                self._work(worker)
            except Death:
                sandbox.faults.clear()
                worker = CrashingWorker()
                self._work(worker)
        exchanges = tuple(sandbox.journal.exchanges)
        with self.runner.new_worker(is_lagging=False) as scenario:
            _end_back_off(scenario)
            snapshot = take_snapshot(scenario)
        assert sandbox.crm.foreign_opportunities == []
        calls = tuple(normalized_call(e.service, e.method, e.path) for e in exchanges)
        has_failed = first.is_dead or (point is not None and not point.failure.is_death)
        return Run(snapshot, calls, tuple(first.commits), has_failed)

    def _sync(self) -> str:
        """Sync the mail without a failure; its Graph id."""
        self.runner.restore_all()
        self.runner.sandbox.crm.foreign_opportunities.clear()
        self.runner.sandbox.crm.search_lag = timedelta()
        kim = self.runner.sandbox.outlook.mailbox(KIM)
        mail = kim.deliver(_OFFER)
        kim.move(mail, "inbox/webCRM sync")
        with self.runner.new_worker(is_lagging=False) as scenario:
            scenario.wait(timedelta(seconds=61))
            run_due_steps(scenario)
        return mail

    def _acts(self, mail: str) -> tuple[Callable[[Scenario], None], ...]:
        """What the person does; the jobs run after each."""
        crm, box = self.runner.sandbox.crm, self.runner.sandbox.outlook.mailbox(KIM)
        places = {o["OrganisationName"]: o["OrganisationId"] for o in crm.organisations}
        deals = {
            o["OpportunityOrganisationId"]: o["OpportunityId"] for o in crm.tables["Opportunity"]
        }
        harbour, forest = places["Havnebyg"], places["Skovby"]

        def choose(person: Scenario) -> None:
            person.organisations.update(places)
            put_under(person, box, mail, "Havnebyg", deals[harbour])

        def move(person: Scenario) -> None:
            person.organisations.update(places)
            choose_organisation(person.context, person.item(box, mail).email_id, forest)
            put_under(person, box, mail, "Skovby", deals[forest])

        def leave(person: Scenario) -> None:
            person.organisations.update(places)
            put_under(person, box, mail, "Skovby", None)

        return choose, move, leave

    def _work(self, worker: CrashingWorker) -> None:
        with self.runner.new_worker(is_lagging=False) as real:
            scenario = Scenario(self.runner.sandbox, worker.wrap(real.context))
            scenario.run_until_idle()
            run_due_steps(scenario)


def _end_back_off(scenario: Scenario) -> None:
    """Read the folders once more, since the last call of the story may have failed."""
    scenario.sandbox.faults.clear()
    scenario.wait(timedelta(minutes=1))
    run_due_steps(scenario)
