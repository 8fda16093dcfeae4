"""Runs the engine in a history: its steps, a second worker, its death, its rest."""

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

#: Unfinished work, by the time when it continues.
_OPEN = """
SELECT min(at) FILTER (WHERE NOT is_gate), min(at) FILTER (WHERE at > :now) FROM (
  SELECT mark_due_at AS at, false AS is_gate FROM item
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
  UNION ALL SELECT gate_at, true FROM mailbox
  UNION ALL SELECT webcrm_due_at, true FROM company
) AS open WHERE at < :never
"""
_UNDER_WAY = """
SELECT 'item', id, state, reason, mark_attempts, mark_due_at, retry_at FROM item
 WHERE mark_due_at IS NOT NULL OR retry_at IS NOT NULL
UNION ALL SELECT 'filing', id, key, last_error, attempts, due_at, intent_at FROM filing
 WHERE NOT is_complete
UNION ALL SELECT 'mirror', id, state, reason, attempts, due_at, intent_at FROM mirror
 WHERE state IN ('planned', 'intended')
UNION ALL SELECT 'mailbox', id, address, trouble, attempts, gate_at, NULL FROM mailbox
 WHERE attempts > 0
UNION ALL SELECT 'webCRM', id, '', webcrm_trouble, webcrm_attempts, webcrm_due_at, NULL
  FROM company WHERE webcrm_due_at IS NOT NULL
"""
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)
_HAIR = timedelta(milliseconds=1)
#: Histories may have set the clock back since the last poll, a second each.
_CLOCK_MARGIN = timedelta(minutes=1)
#: How often something may become due again before the history fails as endless.
_PATIENCE = 60


def tick(scenario: Scenario) -> None:
    """Do once what is due now, as the workers do."""
    with scenario.context.begin() as tx:
        transitions.take_up_due(tx)
        due = schedule.due_jobs(tx)
    for one in due:
        STEPS[one.job](scenario.context, one.subject_id)


def tick_until(setup: MachineSetup, moment: int, what: Callable[[], None]) -> None:
    """Like `tick`, with `what` run at that moment; a death ends the tick."""
    setup.boundaries.happen(moment, what)
    try:
        tick(setup.scenario)
    except Death:
        # The memory of the process is lost with it.
        setup.scenario.context.metadata.fields = None
    setup.boundaries.clear()


def notify(setup: MachineSetup, *, times: int) -> None:
    """Deliver Exchange's notifications that many times; 0 = they are lost."""
    told, setup.notices[:] = list(setup.notices), []
    pushed = [n for n in map(_notification(setup), told) if n is not None]
    for _ in range(times):
        NotificationReceiver(setup.scenario.context).accept(pushed)


def _notification(setup: MachineSetup) -> Callable[[Notice], Notification | None]:
    def told(notice: Notice) -> Notification | None:
        change = notice.change
        return Notification(
            f"push {notice.folder_id}", setup.secret, change.item_id, change.change_key
        )

    return told


def come_to_rest(setup: MachineSetup, *, by_poll: bool, for_a_day: bool) -> None:
    """End all faults and let time pass until no work is left and every folder was read.

    `by_poll`: the polls read the folders, without notifications. `for_a_day`: long enough to notice
    deletions in webCRM.
    """
    calm(setup)
    _until_quiet(setup)
    long = timedelta(hours=25) if for_a_day else POLL + _CLOCK_MARGIN
    setup.sandbox.clock.advance(long if by_poll or for_a_day else timedelta(seconds=61))
    setup.other.discover() if not by_poll else setup.other.run_until_idle()
    _until_quiet(setup)


def _until_quiet(setup: MachineSetup) -> None:
    for _ in range(_PATIENCE):
        setup.other.run_until_idle()
        now = setup.sandbox.clock.now()
        ((due_at, next_at),) = setup.rows(_OPEN, never=_NEVER, now=now)
        if due_at is None:
            return
        # Work that is due and not done waits for something else.
        setup.sandbox.clock.advance((next_at or now) - now + _HAIR)
    raise AssertionError(f"never comes to rest: {setup.rows(_UNDER_WAY)}")


def calm(setup: MachineSetup) -> None:
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
