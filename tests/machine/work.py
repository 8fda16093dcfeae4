"""Runs the engine in a history: one tick, an interrupted tick, or until all work is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from machine.setup import POLL, MachineSetup
from support.interleave import Death
from support.scenario import Scenario
from webcrm_sync.engine.discovery.notifications import Notification, NotificationReceiver
from webcrm_sync.store import schedule
from webcrm_sync.store.items import transitions
from webcrm_sync.worker import STEPS
from webcrm_sync_sandbox.outlook.store import Notice

#: When the next unfinished work is due (pauses of services and checks of leases apart), and the
#: next time after now.
_NEXT_DUE = """
SELECT min(at) FILTER (WHERE NOT is_pause), min(at) FILTER (WHERE at > :now) FROM (
  SELECT mark_due_at AS at, false AS is_pause FROM item
  UNION ALL SELECT retry_at, false FROM item WHERE state = 'parked' AND folder_id IS NOT NULL
  UNION ALL SELECT retry_at, false FROM item WHERE state = 'found'
  UNION ALL SELECT due_at, false FROM filing WHERE NOT is_complete
  UNION ALL SELECT due_at, false FROM mirror WHERE state IN ('planned', 'intended')
  UNION ALL SELECT w.due_at, false FROM wish w JOIN filing f ON f.id = w.filing_id
             WHERE f.activity_id IS NOT NULL
  UNION ALL SELECT least(hinted_at, poll_due_at), false FROM folder
             WHERE hinted_at IS NOT NULL OR poll_due_at <= :now
  UNION ALL SELECT keep_due_at, false FROM mailbox WHERE keep_due_at <= :now
  UNION ALL SELECT directory_due_at, false FROM company WHERE directory_due_at <= :now
  UNION ALL SELECT mirror_due_at, false FROM company WHERE mirror_due_at <= :now
  UNION ALL SELECT keep_due_at, false FROM mailbox  -- a lease is not confirmed yet
             WHERE coalesce(lease_until, :now) <= :now AND elsewhere_since IS NULL
               AND paused_at IS NULL
  UNION ALL SELECT keep_due_at, true FROM mailbox  -- the next check of the lease
  UNION ALL SELECT gate_at, true FROM mailbox
  UNION ALL SELECT webcrm_due_at, true FROM company
) AS open WHERE at < :never
"""
_UNFINISHED = """
SELECT 'item', id, state, reason, mark_attempts, mark_due_at, retry_at FROM item
 WHERE mark_due_at IS NOT NULL OR retry_at IS NOT NULL
UNION ALL SELECT 'filing', id, key, last_error, attempts, due_at, intent_at FROM filing
 WHERE NOT is_complete
UNION ALL SELECT 'mirror', id, state, reason, attempts, due_at, intent_at FROM mirror
 WHERE state IN ('planned', 'intended')
UNION ALL SELECT 'mailbox', id, address, trouble, attempts, gate_at, NULL FROM mailbox
 WHERE attempts > 0
UNION ALL SELECT 'lease', id, address, trouble, 0, lease_until, elsewhere_since FROM mailbox
UNION ALL SELECT 'webCRM', id, '', webcrm_trouble, webcrm_attempts, webcrm_due_at, NULL
  FROM company WHERE webcrm_due_at IS NOT NULL
"""
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)
_MOMENT = timedelta(milliseconds=1)
#: A history may have set the clock back since the last poll, by a second each time.
_CLOCK_MARGIN = timedelta(minutes=1)
#: A history in which work is still due after this number of rounds counts as endless.
_MAX_ROUNDS = 60


def tick(scenario: Scenario) -> None:
    """Run each job that is due now once, as the workers do."""
    with scenario.context.begin() as tx:
        transitions.restart_due(tx)
        due = schedule.due_jobs(tx)
    for job in due:
        STEPS[job.job](scenario.context, job.subject_id)


def tick_interrupted(setup: MachineSetup, moment: int, what: Callable[[], None]) -> None:
    """Like `tick`, but run `what` at a moment during it. A death ends the tick."""
    setup.boundaries.schedule(moment, what)
    try:
        tick(setup.scenario)
    except Death:
        # The process loses its memory.
        setup.scenario.context.metadata.fields = None
    setup.boundaries.clear()


def notify(setup: MachineSetup, *, times: int) -> None:
    """Deliver each pending notification of Exchange `times` times; 0 = all are lost."""
    pending, setup.notices[:] = list(setup.notices), []
    pushed = [n for n in map(_notification(setup), pending) if n is not None]
    for _ in range(times):
        NotificationReceiver(setup.scenario.context).accept(pushed)


def _notification(setup: MachineSetup) -> Callable[[Notice], Notification | None]:
    def read_notice(notice: Notice) -> Notification | None:
        change = notice.change
        return Notification(
            f"push {notice.folder_id}", setup.secret, change.item_id, change.change_key
        )

    return read_notice


def finish_all_work(setup: MachineSetup, *, by_poll: bool, for_a_day: bool) -> None:
    """End all faults and let time pass until no work is left and every folder is read.

    `by_poll`: polls alone read the folders. `for_a_day`: long enough for the engine to notice
    deletions in webCRM.
    """
    end_faults(setup)
    _work_until_idle(setup)
    long = timedelta(hours=25) if for_a_day else POLL + _CLOCK_MARGIN
    setup.sandbox.clock.advance(long if by_poll or for_a_day else timedelta(seconds=61))
    setup.second_worker.discover() if not by_poll else setup.second_worker.run_until_idle()
    _work_until_idle(setup)


def _work_until_idle(setup: MachineSetup) -> None:
    for _ in range(_MAX_ROUNDS):
        setup.second_worker.run_until_idle()
        now = setup.sandbox.clock.now()
        ((due_at, next_at),) = setup.rows(_NEXT_DUE, never=_NEVER, now=now)
        if due_at is None:
            return
        # Work that stays due waits for something else: advance to the next time.
        setup.sandbox.clock.advance((next_at or now) - now + _MOMENT)
    raise AssertionError(f"work never ends: {setup.rows(_UNFINISHED)}")


def end_faults(setup: MachineSetup) -> None:
    """End all faults and drop undelivered notifications."""
    sandbox = setup.sandbox
    sandbox.faults.clear()
    sandbox.crm.failing_creates = 0
    sandbox.crm.search_lag = sandbox.graph.behaviour.lag = sandbox.graph.behaviour.delta_lag = (
        timedelta()
    )
    sandbox.graph.behaviour.conflicts = sandbox.graph.behaviour.replays = 0.0
    setup.boundaries.clear()
    setup.notices.clear()
