"""New mails overtake a backlog by design; the tests count rounds, not seconds."""

from __future__ import annotations

import json

from sqlalchemy import text

from support.interleave import worker
from support.processes import until
from support.scenario import BO, FOLDER, KIM, Scenario
from webcrm_sync.engine.discovery.discover import discover, read_on
from webcrm_sync.engine.filing.batch import BATCH_SIZE
from webcrm_sync.engine.filing.job import file
from webcrm_sync.engine.marking import BATCH, mark
from webcrm_sync.engine.matching.job import match
from webcrm_sync.store import folder_reads, mailboxes
from webcrm_sync_sandbox.journal import Exchange
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_FRESH = "Moved just now"
_FILES = (File("plan.pdf", b"%PDF"),)
_FOUND = "SELECT count(*) FROM item WHERE state = 'found'"
_INTENDED = "SELECT count(*) FROM filing WHERE intent_at IS NOT NULL"
_FILED = "SELECT count(*) FROM filing WHERE activity_id IS NOT NULL"


def _backlog(scenario: Scenario, count: int) -> SimMailbox:
    """Let `count` mails be found; none of them is filed."""
    scenario.add_contact()
    box = scenario.add_mailbox()
    for number in range(count):
        box.move(box.deliver(Mail(f"Old {number}", BO, KIM)), f"inbox/{FOLDER}")
    _take_up(scenario)
    return box


def _take_up(scenario: Scenario) -> None:
    with scenario.context.begin() as tx:
        (box,) = mailboxes.all_mailboxes(tx)
        folder_reads.request_read(tx, [f.id for f in mailboxes.folders(tx, box.id)])
    discover(scenario.context, box.id)
    read_on(scenario.context, box.id)
    while _count(scenario, _FOUND):
        match(scenario.context)


def _fresh(scenario: Scenario, box: SimMailbox) -> None:
    box.move(box.deliver(Mail(_FRESH, BO, KIM)), f"inbox/{FOLDER}")
    _take_up(scenario)


def _after_the_second(scenario: Scenario) -> Scenario:
    """A worker that sends its first batch only after the second one is ready."""
    return worker(
        scenario,
        "webcrm",
        "write_activities",
        before=lambda: until(
            lambda: _count(scenario, _INTENDED) == 2 * BATCH_SIZE, "the second bulk"
        ),
    )


def _bodies(scenario: Scenario, path: str, method: str) -> list[str]:
    found: list[Exchange] = scenario.sandbox.journal.select(method=method, path=path)
    return [e.request_body.decode() for e in found]


def test_new_mail_is_filed_with_the_second_bulk_request_after_it_was_found(
    scenario: Scenario,
) -> None:
    box = _backlog(scenario, 4 * BATCH_SIZE)
    busy = worker(scenario, "webcrm", "write_activities", before=lambda: _fresh(scenario, box))
    file(busy.context)
    bulks = _bodies(scenario, "/Activities", "PATCH")
    assert [len(json.loads(b)) for b in bulks[:4]] == [BATCH_SIZE] * 4
    # It was found during the first request, when the second batch was already chosen.
    assert next(n for n, b in enumerate(bulks) if _FRESH in b) <= 2


def test_next_batch_is_ready_before_the_current_one_is_answered(scenario: Scenario) -> None:
    _backlog(scenario, 2 * BATCH_SIZE)
    file(_after_the_second(scenario).context)
    assert len(scenario.activities) == 2 * BATCH_SIZE


def test_answers_are_recorded_while_the_next_batch_is_being_sent(scenario: Scenario) -> None:
    _backlog(scenario, 2 * BATCH_SIZE)

    def at_the_second() -> None:
        until(lambda: _count(scenario, _FILED) == BATCH_SIZE, "the first bulk's Activities")

    def at_the_first() -> None:
        busy.context.webcrm.before = at_the_second  # type: ignore[attr-defined]  # see meanwhile.Around

    busy = worker(scenario, "webcrm", "write_activities", before=at_the_first)
    file(busy.context)
    assert _count(scenario, _FILED) == len(scenario.activities) == 2 * BATCH_SIZE


def test_batch_that_was_ready_is_released_when_the_previous_one_fails(scenario: Scenario) -> None:
    _backlog(scenario, 2 * BATCH_SIZE)
    scenario.sandbox.faults.refuse("webcrm", when=lambda method, _: method == "PATCH", limit=1)
    file(_after_the_second(scenario).context)
    assert (
        _count(scenario, _INTENDED) == BATCH_SIZE
    )  # it searches only for what webCRM may have saved
    scenario.run_all_retries()
    assert len(scenario.activities) == 2 * BATCH_SIZE


def test_new_mail_does_not_wait_for_attachments_that_are_being_read(scenario: Scenario) -> None:
    scenario.add_contact()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    box.move(box.deliver(Mail("Large", BO, KIM, attachments=_FILES)), f"inbox/{FOLDER}")
    _take_up(scenario)

    def move() -> None:
        _fresh(scenario, box)
        until(lambda: _count(scenario, _FILED) == 2, "the fresh mail's Activity")

    file(worker(scenario, "graph", "save_attachment", before=move).context)
    assert len(scenario.documents) == 1


def _count(scenario: Scenario, query: str) -> int:
    with scenario.context.begin() as tx:
        found = tx.connection.scalar(text(query))
    assert isinstance(found, int)
    return found


def test_new_mail_is_marked_with_the_next_batch(scenario: Scenario) -> None:
    box = _backlog(scenario, 3 * BATCH)
    file(scenario.context)

    def move() -> None:
        _fresh(scenario, box)
        file(scenario.context)

    (watched,) = {scenario.item(box, v.id).mailbox_id for v in box.messages(f"inbox/{FOLDER}")}
    mark(worker(scenario, "graph", "mark_mails", before=move).context, watched)
    (fresh,) = [v.id for v in box.messages(f"inbox/{FOLDER}") if v.subject == _FRESH]
    batches = [b for b in _bodies(scenario, "$batch", "POST") if "PATCH" in b]
    assert [fresh.rstrip("=") in b for b in batches].index(True) == 1


def test_a_filing_may_be_deleted_while_its_attachments_are_listed(scenario: Scenario) -> None:
    """Its mail was moved out before it was sent: the batch continues with the others."""
    scenario.add_contact()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    gone = scenario.drag(box, Mail("Moved out again", BO, KIM, attachments=_FILES))
    _take_up(scenario)

    def leave() -> None:
        box.move(gone, "inbox")
        _take_up(scenario)

    busy = worker(scenario, "graph", "list_attachments", before=leave)
    file(busy.context)
    _fresh(scenario, box)
    file(busy.context)
    assert [a["ActivityDescription"] for a in scenario.activities] == [_FRESH]
