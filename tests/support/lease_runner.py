"""Runs one part of a lease's life repeatedly, each time with one failure.

Two installations with a database of their own meet on Kim's mailbox. The first one dies at the
point of the failure and starts again; the rival is the same product, and its calls fail too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from support.crash import CrashingWorker
from support.fault_runner import (
    Point,
    normalized_call,
    open_worker,
    schedule_fault,
    worker_for,
)
from support.installations import another_installation
from support.interleave import Death
from support.saved_tables import drop_saved_tables, restore_tables, save_tables
from support.scenario import BO, BOTH, FOLDER, KIM, Scenario
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.mailbox_lease import CHECK_EVERY, RENEW_AFTER, SETTLE
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.mailboxes.lease import check_at_start
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

#: How often both work after a take-over: its longest wait, then two looks in webCRM.
_ROUNDS = 4


@dataclass(slots=True)
class Pair:
    """Both installations. `first` is replaced when its worker dies."""

    sandbox: Sandbox
    first: Scenario
    rival: Scenario
    sender: tuple[int, int]

    @property
    def box(self) -> SimMailbox:
        """Kim's mailbox."""
        return self.sandbox.outlook.mailbox(KIM)

    def work(self, *, rounds: int = 1) -> None:
        """Let both read the folders and work, once every ten minutes."""
        for _ in range(rounds):
            self.sandbox.clock.advance(CHECK_EVERY)
            self.first.discover()
            self.rival.discover()


#: One step of a story. It can be repeated after a death or an error in it.
Step = Callable[[Pair], None]


def people_move_mails(pair: Pair) -> None:
    """Two mails are moved to the sync folder, and Kim sends one from webCRM."""
    for subject in ("Offer", "Order"):
        mail = Mail(subject, BO, KIM, message_id=f"<{subject}@havnebyg.example>")
        pair.box.move(pair.box.deliver(mail), f"inbox/{FOLDER}")
    pair.sandbox.crm.send_mail(*pair.sender, "Answer", "Hello")


def first_adds(pair: Pair) -> None:
    """The first one adds the mailbox, and takes it over from the rival if need be."""
    _add(pair.first)


def rival_adds(pair: Pair) -> None:
    """The rival adds the mailbox, and takes it over from the first one if need be."""
    _add(pair.rival)


def _add(scenario: Scenario) -> None:
    findings = admin.inspect(scenario.context, KIM)
    admin.add(scenario.context, findings, take_over=True)
    scenario.run_until_idle()


def first_confirms(pair: Pair) -> None:
    """The first one reads its new lease back."""
    pair.sandbox.clock.advance(SETTLE)
    pair.first.run_until_idle()


def first_works(pair: Pair) -> None:
    """The first one reads the folders and files what it finds."""
    pair.first.discover()


def first_looks_again(pair: Pair) -> None:
    """The first one works twice more: what was unclear is looked up in webCRM twice."""
    for _ in range(2):
        pair.sandbox.clock.advance(CHECK_EVERY)
        pair.first.discover()


def both_work(pair: Pair) -> None:
    """Run both installations until the one with the mailbox has finished its mails."""
    pair.work(rounds=_ROUNDS)


def a_day_passes(pair: Pair) -> None:
    """The lease becomes old, and is written anew."""
    pair.sandbox.clock.advance(RENEW_AFTER)
    pair.first.run_until_idle()


@dataclass(frozen=True, slots=True)
class LeaseStory:
    """One part of a lease's life. `before`: the steps to its beginning, without a failure."""

    name: str
    before: tuple[Step, ...]
    steps: tuple[Step, ...]


_HELD = (first_adds, first_confirms, both_work)
_LOST = (*_HELD, rival_adds, both_work)
_MEET = (people_move_mails, first_works)
STORIES = (
    LeaseStory("taken", (), (first_adds, first_confirms, *_MEET, first_looks_again)),
    LeaseStory("renewed", _HELD, (a_day_passes, *_MEET, first_looks_again)),
    LeaseStory("lost", (*_LOST, first_adds, both_work), (*_MEET, rival_adds, both_work)),
    LeaseStory("taken back", _LOST, (people_move_mails, first_adds, both_work)),
)


@dataclass(frozen=True, slots=True)
class LeaseResult:
    """What a story leads to: sorted lines, equal for two runs with equal results.

    `holders`: the installations that may write to the mailbox. `stopped`: those that say that
    another one works on it.
    """

    activities: tuple[str, ...]
    mails: tuple[str, ...]
    holders: tuple[str, ...]
    stopped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeaseRun:
    """The outcome of one run, with its calls and commits in order."""

    result: LeaseResult
    calls: tuple[str, ...]
    commits: tuple[str, ...]
    has_failed: bool


@dataclass(slots=True)
class LeaseRunner:
    """The story, and both installations with their state before it."""

    story: LeaseStory
    pair: Pair
    restore: Callable[[], None]
    baselines: list[LeaseRun] = field(default_factory=list)

    def baseline(self) -> LeaseRun:
        """The outcome of the story without a failure."""
        if not self.baselines:
            self.baselines.append(self.run(None))
        return self.baselines[0]

    def run(self, point: Point | None) -> LeaseRun:
        """Run the story with one failure."""
        self._restore_all()
        sandbox, worker = self.pair.sandbox, worker_for(point)
        if point and point.failure.is_at_call:
            schedule_fault(sandbox, point, sandbox.faults.calls, worker)
        remaining = list(self.story.steps)
        self._play(remaining, worker)
        if worker.is_dead:
            sandbox.faults.clear()
            self._rival_works_alone()
            self._play(remaining, CrashingWorker(), is_restart=True)
        self._end_back_offs()
        exchanges = sandbox.journal.exchanges
        has_failed = worker.is_dead or (point is not None and not point.failure.is_death)
        calls = tuple(normalized_call(e.service, e.method, e.path) for e in exchanges)
        return LeaseRun(_result(self.pair), calls, tuple(worker.commits), has_failed)

    def _play(
        self, remaining: list[Step], worker: CrashingWorker, *, is_restart: bool = False
    ) -> None:
        """Play the remaining steps until the worker dies."""
        pair = self.pair
        with open_worker(pair.sandbox, pair.first.context, settle_s=60) as opened:
            playing = replace(pair, first=Scenario(pair.sandbox, worker.wrap(opened.context)))
            try:
                if is_restart:
                    check_at_start(opened.context)
                while remaining:
                    _repeat_once(remaining[0], playing, worker)
                    remaining.pop(0)
            except Death:
                return

    def _end_back_offs(self) -> None:
        """Let both work once more, since the last call of a story may have failed."""
        sandbox = self.pair.sandbox
        sandbox.faults.clear()
        sandbox.clock.advance(timedelta(minutes=1))
        with open_worker(sandbox, self.pair.first.context, settle_s=60) as first:
            first.run_until_idle()
        self.pair.rival.run_until_idle()

    def _rival_works_alone(self) -> None:
        """What the rival does before somebody starts the first one again."""
        self.pair.sandbox.clock.advance(CHECK_EVERY)
        self.pair.rival.discover()

    def _restore_all(self) -> None:
        self.restore()
        self.pair.sandbox.faults.clear()
        self.pair.sandbox.journal.clear()
        for scenario in (self.pair.first, self.pair.rival):
            restore_tables(scenario.context)


def _repeat_once(step: Step, pair: Pair, worker: CrashingWorker) -> None:
    """Take the step; after an error a person runs the command again."""
    try:
        step(pair)
    except SyncError:
        worker.check_alive()
        step(pair)
    worker.check_alive()


def _result(pair: Pair) -> LeaseResult:
    places = (f"inbox/{FOLDER}", f"sentitems/{FOLDER}")
    mails = [view for place in places for view in pair.box.messages(place)]
    watched = {"first": _watched(pair.first), "rival": _watched(pair.rival)}
    now = pair.sandbox.clock.now()
    return LeaseResult(
        activities=tuple(sorted(a["ActivityDescription"] for a in pair.first.activities)),
        mails=tuple(sorted(f"{m.subject} {m.categories == BOTH}" for m in mails)),
        holders=tuple(n for n, box in watched.items() if box and box.may_be_written(now)),
        stopped=tuple(n for n, box in watched.items() if box and "take-over" in str(box.trouble)),
    )


def _watched(scenario: Scenario) -> mailboxes.Mailbox | None:
    with scenario.context.begin() as tx:
        return mailboxes.find_mailbox(tx, KIM)


@contextmanager
def lease_runner(url: str, story: LeaseStory) -> Iterator[LeaseRunner]:
    """A runner for this story, over an empty database."""
    with Sandbox() as sandbox:
        sandbox.crm.calls_a_minute = 1_000_000  # a restore turns back the time but not the quota
        settings = sandbox.settings(
            DATABASE_URL=url,
            PUBLIC_URL="http://first.example",
            POLL_SECONDS="3600",
            MIRROR_SINCE="2026-01-01T00:00:00Z",
        )
        with open_context(settings, url=url, now=sandbox.clock.now) as context:
            first = Scenario(sandbox, context)
            sender = sandbox.crm.add_user(KIM, "Kim Nordwind"), first.add_contact(BO)
            sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
            with (
                another_installation(first) as opened,
                open_worker(sandbox, opened.context, settle_s=60) as rival,
            ):
                pair = Pair(sandbox, first, rival, sender)
                yield from _runner(pair, story)


def _runner(pair: Pair, story: LeaseStory) -> Iterator[LeaseRunner]:
    installations = (pair.first, pair.rival)
    for scenario in installations:
        scenario.poll_webcrm()
    for step in story.before:
        step(pair)
    for scenario in installations:
        save_tables(scenario.context)
    yield LeaseRunner(story, pair, pair.sandbox.save_state())
    drop_saved_tables(pair.first.context)
