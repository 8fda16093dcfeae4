"""Two steps that change the same copies at the same moment, each in another order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from support.processes import until
from support.scenario import BO, FOLDER, KIM, LIS, Scenario
from webcrm_sync.core.outlook import Change
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.engine.discovery.page_reader import PageFacts
from webcrm_sync.engine.discovery.page_writer import PageWriter
from webcrm_sync.engine.filing import outcome
from webcrm_sync.engine.filing.job import file
from webcrm_sync.engine.marking import mark
from webcrm_sync.engine.matching.job import match
from webcrm_sync.engine.matching.refresh_directory import refresh_directory
from webcrm_sync.store import filings, folder_reads, mailboxes
from webcrm_sync.store.items import lookup, marks
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_items
from webcrm_sync.store.schema.tables import item
from webcrm_sync_sandbox.outlook.mail import Mail

_COPIES, _ROUNDS = 40, 25
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def are_blocked(scenario: Scenario, number: int) -> bool:
    """True if `number` transactions wait for a lock."""
    with scenario.context.begin() as tx:
        return bool(tx.connection.scalar(text(_WAITING)) >= number)


@pytest.fixture
def waiting(scenario: Scenario) -> tuple[Scenario, int, list[str]]:
    """Two mails of an unknown sender, found one after another, that cannot be marked."""
    scenario.add_contact()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    items = []
    for number in range(2):
        items.append(scenario.drag(box, Mail(f"Mail {number}", LIS, KIM)))
        scenario.sandbox.graph.behaviour.refused.update(items)
        with scenario.context.begin() as tx:
            (watched,) = mailboxes.all_mailboxes(tx)
            folder_reads.request_read(tx, [f.id for f in mailboxes.folders(tx, watched.id)])
        discover(scenario.context, watched.id)
        match(scenario.context)
        file(scenario.context)
    return scenario, watched.id, items


def test_recording_marks_while_contacts_appear_does_not_deadlock(
    waiting: tuple[Scenario, int, list[str]],
) -> None:
    scenario, mailbox_id, items = waiting
    scenario.add_contact(LIS, "Skovby")
    scenario.sandbox.clock.advance(timedelta(seconds=61))
    with ThreadPoolExecutor(2) as workers:
        with scenario.context.begin() as tx:
            tx.connection.execute(text("SELECT id FROM item ORDER BY id LIMIT 1 FOR UPDATE"))
            waking = workers.submit(refresh_directory, scenario.context)
            until(lambda: are_blocked(scenario, 1), "the directory to wait for the first mail")
            noting = workers.submit(mark, scenario.context, mailbox_id)
            until(lambda: are_blocked(scenario, 2), "the marks to wait too")
        waking.result()
        noting.result()
    (box,) = scenario.sandbox.outlook.mailboxes
    assert {scenario.item(box, item).state for item in items} == {State.FOUND}


def test_filing_a_mail_while_its_skipped_copies_are_marked_does_not_deadlock(
    scenario: Scenario,
) -> None:
    scenario.add_contact()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    first = scenario.drag(box, Mail("Offer", BO, KIM))
    second = box.copy(first, box.folder(f"sentitems/{FOLDER}"))
    scenario.discover()
    left_out, open_ = sorted((scenario.item(box, i) for i in (first, second)), key=lambda i: i.id)
    with scenario.context.begin() as tx:
        (filing,) = filings.of_emails(tx, [open_.email_id])[open_.email_id]
        reason = Reason.ONLY_COLLEAGUES.value
        rows = {left_out.id: (State.SKIPPED.value, reason), open_.id: (State.MATCHED.value, None)}
        for item_id, (state, why) in rows.items():
            query = update(item).where(item.c.id == item_id)
            tx.connection.execute(query.values(state=state, reason=why))

    def complete() -> None:
        with scenario.context.begin() as tx:
            outcome.completed(tx, [filing.id])

    with ThreadPoolExecutor(1) as other:
        with scenario.context.begin() as tx:  # one after another, as a batch of marks
            lock_items(tx, [left_out.id])
            done = other.submit(complete)
            until(lambda: are_blocked(scenario, 1), "the mail to wait for its copies")
            lock_items(tx, [open_.id])
        done.result()
    assert scenario.item(box, left_out.graph_id).state is State.FILED


def _copies(scenario: Scenario) -> Sequence[Item]:
    scenario.add_contact()
    box = scenario.add_mailbox()
    moved = [scenario.drag(box, Mail(f"Mail {n}", BO, KIM)) for n in range(_COPIES)]
    scenario.discover()
    return [scenario.item(box, item) for item in moved]


def _side_by_side(*steps: Callable[[int], None]) -> None:
    barrier = threading.Barrier(len(steps), timeout=30)

    def run(step: Callable[[int], None]) -> None:
        for number in range(_ROUNDS):
            barrier.wait()
            step(number)

    with ThreadPoolExecutor(len(steps)) as pool:
        for done in [pool.submit(run, step) for step in steps]:
            done.result()


def test_marks_and_a_read_of_the_same_mailbox_do_not_deadlock(scenario: Scenario) -> None:
    copies = _copies(scenario)
    with scenario.context.begin() as tx:
        box = mailboxes.find_mailbox(tx, KIM)
        assert box is not None
        folder = next(f for f in mailboxes.folders(tx, box.id) if f.id == copies[0].folder_id)

    def read(number: int) -> None:
        changes = tuple(Change(c.graph_id, change_key=f"version {number}") for c in copies)
        with scenario.context.begin() as tx:
            known = lookup.known_items(tx, box.id, [c.graph_id for c in copies], is_locked=True)
            facts = PageFacts({}, {}, {})
            PageWriter(tx, scenario.context, box, folder, facts, known).write(changes)

    def mark(number: int) -> None:
        newest_first = list(reversed(copies))
        with scenario.context.begin() as tx:
            lock_items(tx, [c.id for c in newest_first])
            marks.record_written(
                tx, [marks.Written(c.id, f"ours {number}", (), None) for c in newest_first]
            )
            marks.complete(tx, newest_first)

    _side_by_side(read, mark)
