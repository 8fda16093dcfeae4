"""An error in a background thread of the filing pipeline is logged, or ends the job's run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.planting import ErrorPlanter, MailTraces
from support.scenario import BO, FOLDER, KIM, Scenario
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.engine.filing.job import file
from webcrm_sync.engine.matching.job import match
from webcrm_sync.store import companies, folder_reads, mailboxes
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_FILES = (File("plan.pdf", b"%PDF"),)


def _find(scenario: Scenario, box: SimMailbox, *mails: Mail) -> None:
    """Move the mails to the sync folder and discover them; nothing is filed yet."""
    for mail in mails:
        box.move(box.deliver(mail), f"inbox/{FOLDER}")
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        folder_reads.request_read(tx, [f.id for f in mailboxes.folders(tx, watched.id)])
    discover(scenario.context, watched.id)
    match(scenario.context)


def _refuse_once(scenario: Scenario, method: str, path: str) -> None:
    def is_it(called: str, at: str) -> bool:
        return called == method and path in at

    scenario.sandbox.faults.refuse("webcrm", when=is_it, limit=1)


def _file_with_planted_error(scenario: Scenario, place: str, *, filing_id: int) -> None:
    marks = MailTraces((), frozenset({filing_id}))
    with ErrorPlanter(marks, place).watching() as planting:
        file(scenario.context)
    assert planting.raised


def _logged_traces(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.__dict__["trace"] for r in caplog.records if r.message == "background_task_failed"]


def _is_webcrm_paused(scenario: Scenario) -> bool:
    with scenario.context.begin() as tx:
        return companies.read_company(tx).is_webcrm_paused(tx.now)


def test_error_while_the_next_batch_is_prepared_does_not_hide_the_error_of_the_current_one(
    scenario: Scenario, box: SimMailbox, caplog: pytest.LogCaptureFixture
) -> None:
    _find(scenario, box, *(Mail(f"Mail {n}", BO, KIM) for n in range(3)))
    _refuse_once(scenario, "PATCH", "/Activities")
    _file_with_planted_error(scenario, "engine.filing.batch:prepare", filing_id=3)
    assert _is_webcrm_paused(scenario)
    (trace,) = _logged_traces(caplog)
    assert "Planted" in trace


def test_error_while_attachments_are_written_is_logged_when_the_batch_fails_too(
    scenario: Scenario, box: SimMailbox, caplog: pytest.LogCaptureFixture
) -> None:
    _find(scenario, box, Mail("Its attachment is missing", BO, KIM, attachments=_FILES))
    _refuse_once(scenario, "POST", "/Documents")
    file(scenario.context)
    scenario.sandbox.clock.advance(timedelta(minutes=5))
    _find(scenario, box, Mail("Fresh", BO, KIM))
    _refuse_once(scenario, "PATCH", "/Activities")
    _file_with_planted_error(scenario, "engine.filing.batch:attach", filing_id=1)
    assert _is_webcrm_paused(scenario)
    (trace,) = _logged_traces(caplog)
    assert "Planted" in trace
