"""Runs one story repeatedly in one sandbox, each time with one failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import text

from support.crash import CrashingWorker
from support.interleave import Death
from support.saved_tables import drop_saved_tables, restore_tables, save_tables
from support.scenario import BO, KIM, LIS, Scenario
from support.snapshot import Snapshot, take_snapshot
from support.unlimited_line import unlimited_line
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.engine.context import Context
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.settings import Settings
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.faults import Kind
from webcrm_sync_sandbox.outlook.mail import File, Mail

EVA = "eva@nordwind.example"
#: How long a lagging search of webCRM misses a new record.
LAG = timedelta(seconds=45)
_SETTLE_S = 60
_MORNING = datetime(2026, 1, 5, 9, tzinfo=UTC)
_FOREIGN = ("Important", "Offer")
#: More steps than any story needs. Each advances to the next due time.
_MAX_STEPS = 40

#: The time at which the next step is due; polls do not count.
_NEXT_DUE = """
SELECT min(at) FROM (
  SELECT due_at AS at FROM filing WHERE NOT is_complete
  UNION ALL SELECT due_at FROM mirror WHERE state IN ('planned', 'intended')
  UNION ALL SELECT mark_due_at FROM item
  UNION ALL SELECT due_at FROM wish
  UNION ALL SELECT retry_at FROM item WHERE state IN ('found', 'parked')
  UNION ALL SELECT gate_at FROM mailbox
  UNION ALL SELECT webcrm_due_at FROM company
) waiting WHERE at > :now
"""
#: True while a new mirror has not come back in its folder's delta.
_HAS_UNKNOWN_MIRROR = """
SELECT EXISTS (SELECT 1 FROM mirror WHERE state = 'mirrored'
                  AND graph_id NOT IN (SELECT graph_id FROM item))
"""


class Failure(StrEnum):
    """A failure at one point of the story."""

    REFUSED = "the call does not reach the service"
    UNANSWERED = "the service acts and its answer is lost"
    DIES_UNHEARD = "the worker dies before the service acts"
    DIES_UNANSWERED = "the worker dies after the service acted"
    DIES_BEFORE_COMMIT = "the worker dies before the commit"
    DIES_AFTER_COMMIT = "the worker dies after the commit"

    @property
    def is_at_call(self) -> bool:
        """True when the point is a call, False when it is a commit."""
        return self not in {Failure.DIES_BEFORE_COMMIT, Failure.DIES_AFTER_COMMIT}

    @property
    def is_death(self) -> bool:
        """True if the worker dies."""
        return self not in {Failure.REFUSED, Failure.UNANSWERED}


@dataclass(frozen=True, slots=True)
class Point:
    """The number of a call or commit, counted from 1, and the failure there."""

    failure: Failure
    number: int


@dataclass(frozen=True, slots=True)
class Run:
    """The outcome of one run of the story, with its calls and commits in order."""

    snapshot: Snapshot
    calls: tuple[str, ...]
    commits: tuple[str, ...]
    has_failed: bool


@dataclass(slots=True)
class FaultRunner:
    """The sandbox and the database, with their state before the story.

    Each worker has its own clients and connections; all share one engine.
    """

    sandbox: Sandbox
    before: Context
    restore: Callable[[], None]
    sender: tuple[int, int]
    baselines: dict[bool, Run] = field(default_factory=dict)

    def baseline(self, *, is_lagging: bool) -> Run:
        """The outcome of the story without a failure."""
        if is_lagging not in self.baselines:
            self.baselines[is_lagging] = self.run(None, is_lagging=is_lagging)
        return self.baselines[is_lagging]

    def run(self, point: Point | None, *, is_lagging: bool) -> Run:
        """Run the story with one failure, then until nothing is due any more."""
        self._act_as_people(is_lagging=is_lagging)
        begin = self.sandbox.faults.calls
        worker = worker_for(point)
        if point and point.failure.is_at_call:
            schedule_fault(self.sandbox, point, begin, worker)
        try:
            self._work(is_lagging=is_lagging, worker=worker)
        except Death:
            self.sandbox.faults.clear()
            self._work(is_lagging=is_lagging, worker=CrashingWorker())
        with self.new_worker(is_lagging=is_lagging) as scenario:
            snapshot = take_snapshot(scenario)
        exchanges = self.sandbox.journal.exchanges
        has_failed = worker.is_dead or (point is not None and not point.failure.is_death)
        calls = tuple(normalized_call(e.service, e.method, e.path) for e in exchanges)
        return Run(snapshot, calls, tuple(worker.commits), has_failed)

    def _act_as_people(self, *, is_lagging: bool) -> None:
        """Do what people do: move mails, and send one from webCRM."""
        self.restore_all()
        self.sandbox.crm.search_lag = LAG if is_lagging else timedelta()
        kim, eva = (self.sandbox.outlook.mailbox(name) for name in (KIM, EVA))
        files = (File("note.txt", b"Small"), File("plan.bin", b"x" * 1_050_000))
        offer = Mail(
            "Offer",
            f"Bo Madsen <{BO}>",
            (KIM, EVA),
            cc=(LIS,),
            body="<p>Please find our <b>offer</b>.</p>",
            message_id="<offer@havnebyg.example>",
            sent_at=_MORNING,
            attachments=files,
            categories=_FOREIGN,
        )
        reply = Mail(
            "Reply",
            KIM,
            BO,
            body="<p>Thank you.</p>",
            message_id="<reply@nordwind.example>",
            sent_at=_MORNING,
            categories=_FOREIGN,
        )
        for box in (kim, eva):
            box.move(box.deliver(offer), "inbox/webCRM sync")
        kim.move(kim.put_sent(reply), "sentitems/webCRM sync")
        self.sandbox.crm.send_mail(*self.sender, "Order", "We order.", at=_MORNING)

    def restore_all(self) -> None:
        """Restore sandbox and database to their state before the story."""
        self.restore()
        self.sandbox.faults.clear()
        self.sandbox.journal.clear()
        restore_tables(self.before)

    def _work(self, *, is_lagging: bool, worker: CrashingWorker) -> None:
        with self.new_worker(is_lagging=is_lagging) as real:
            scenario = Scenario(self.sandbox, worker.wrap(real.context))
            scenario.wait(timedelta(seconds=61))
            work_until_idle(scenario)

    @contextmanager
    def new_worker(self, *, is_lagging: bool) -> Iterator[Scenario]:
        """A worker with its own clients."""
        settle_s = _SETTLE_S if is_lagging else 0
        with open_worker(self.sandbox, self.before, settle_s=settle_s) as scenario:
            yield scenario


@contextmanager
def open_worker(sandbox: Sandbox, before: Context, *, settle_s: float) -> Iterator[Scenario]:
    """A worker over the same tables as `before`, with its own clients and connections."""
    url, now = before.settings.database_url or "", sandbox.clock.now
    settings = before.settings.model_copy(update={"webcrm_settle_seconds": settle_s})
    with (
        closing(GraphClient(settings, now=now)) as graph,
        unlimited_line(replace(before, settings=settings, graph=graph), url) as context,
    ):
        yield Scenario(sandbox, context)
    before.database.engine.dispose()


@contextmanager
def fault_runner(url: str) -> Iterator[FaultRunner]:
    """A runner whose sandbox has two watched mailboxes and two known customers."""
    with Sandbox() as sandbox:
        sandbox.crm.calls_a_minute = 1_000_000  # a restore turns back the time but not the quota
        with open_context(_settings(sandbox, url), url=url, now=sandbox.clock.now) as context:
            scenario = Scenario(sandbox, context)
            person = scenario.add_contact(BO)
            scenario.add_contact(LIS, "Skovby")
            user = sandbox.crm.add_user(KIM, "Kim Nordwind")
            for organisation_id in scenario.organisations.values():
                sandbox.crm.add_opportunity(organisation_id, f"Deal of {organisation_id}")
            for address in (KIM, EVA):
                scenario.add_mailbox(address, address.partition("@")[0].title())
            scenario.poll_webcrm()
            scenario.poll_webcrm()
            save_tables(context)
            yield FaultRunner(sandbox, context, sandbox.save_state(), (user, person))
            drop_saved_tables(context)


def _settings(sandbox: Sandbox, url: str) -> Settings:
    """The settings: no notifications and rare polls, since the tests request reads themselves."""
    return sandbox.settings(DATABASE_URL=url, PUBLIC_URL="http://sync.example", POLL_SECONDS="3600")


def work_until_idle(scenario: Scenario) -> None:
    """Run until nothing is due; then run the polls, which find nothing new."""
    run_due_steps(scenario)
    scenario.wait(timedelta(minutes=3))
    run_due_steps(scenario)
    with scenario.context.begin() as tx:
        has_unknown_mirror = tx.connection.scalar(text(_HAS_UNKNOWN_MIRROR))
    if has_unknown_mirror:
        scenario.discover()


def run_due_steps(scenario: Scenario) -> None:
    """Advance from one due time to the next, and do what is due."""
    for _ in range(_MAX_STEPS):
        with scenario.context.begin() as tx:
            at = tx.connection.scalar(text(_NEXT_DUE), {"now": tx.now})
        if at is None:
            return
        scenario.sandbox.clock.advance(
            at - scenario.sandbox.clock.now() + timedelta(milliseconds=1)
        )
        scenario.run_until_idle()
    raise AssertionError("Something stays due for ever.")


def worker_for(point: Point | None) -> CrashingWorker:
    """The worker that dies at this point, if it is a commit."""
    number = point.number if point else None
    failure = point.failure if point else None
    return CrashingWorker(
        dies_before=number if failure is Failure.DIES_BEFORE_COMMIT else None,
        dies_after=number if failure is Failure.DIES_AFTER_COMMIT else None,
    )


def schedule_fault(sandbox: Sandbox, point: Point, begin: int, worker: CrashingWorker) -> None:
    """Let the call of this point fail, the first one being the next after `begin` calls."""

    def die() -> None:
        sandbox.faults.refuse()  # calls in flight fail too
        worker.die()

    acts = point.failure in {Failure.UNANSWERED, Failure.DIES_UNANSWERED}
    then: Callable[[], None] | None = die if point.failure.is_death else None
    sandbox.faults.at(begin + point.number, Kind.LOSE if acts else Kind.REFUSE, then=then)


def normalized_call(service: str, method: str, path: str) -> str:
    """The call without the ids that differ between sandboxes."""
    words = [w if len(w) < 25 else "…" for w in path.split("/")]
    return f"{service} {method} {'/'.join(words)}"
