"""The filing pipeline's background threads: what they do at once, and what their errors do."""

from __future__ import annotations

import time
from base64 import b64decode
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from support.interleave import ClientWrapper, worker
from support.planting import ErrorPlanter, MailTraces
from support.processes import until
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


def test_files_of_the_next_request_are_read_while_one_is_written(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.run_until_idle()  # for a job that waits, the pipeline would begin nothing new
    files = [File(f"{n}.bin", bytes([n]) * 900_000) for n in range(4)]
    _find(scenario, box, *(Mail(f.name, BO, KIM, attachments=(f,)) for f in files))
    journal = scenario.sandbox.journal

    def count_reads() -> int:
        return sum(len(one.contents) for one in journal.exchanges)

    read_before = count_reads()
    writing = worker(
        scenario,
        "webcrm",
        "write_documents",
        before=lambda: until(lambda: count_reads() == read_before + 4, "all files"),
    )
    file(writing.context)
    contents = {d["DocumentFileName"]: b64decode(d["DocumentFile"]) for d in scenario.documents}
    assert contents == {f.name: f.content for f in files}
    assert journal.count(method="PATCH", path="/Documents") == 2


def test_requests_of_attachments_are_sent_one_at_a_time(
    scenario: Scenario, box: SimMailbox
) -> None:
    files = [File(f"{n}.bin", bytes(900_000)) for n in range(6)]
    _find(scenario, box, *(Mail(f.name, BO, KIM, attachments=(f,)) for f in files))
    webcrm: Any = _CountingWebCrm(scenario.context.webcrm)
    file(replace(scenario.context, webcrm=webcrm))
    assert len(scenario.documents) == 6
    assert webcrm.largest_count == 1


@dataclass(slots=True)
class _CountingWebCrm(ClientWrapper):
    """webCRM that counts how many requests of attachments are being sent at once."""

    count: int = 0
    largest_count: int = 0

    def write_documents(self, drafts: Any, **named: Any) -> Any:
        """The answers, after a moment in which another request could begin."""
        self.count += 1
        self.largest_count = max(self.count, self.largest_count)
        time.sleep(0.2)
        answers = self.client.write_documents(drafts, **named)
        self.count -= 1
        return answers


def test_small_files_of_a_mailbox_are_read_in_one_round_trip(
    scenario: Scenario, box: SimMailbox
) -> None:
    names = [f"{n}.pdf" for n in range(12)]
    _find(scenario, box, *(Mail(n, BO, KIM, attachments=(File(n, n.encode()),)) for n in names))
    scenario.sandbox.journal.clear()
    file(scenario.context)
    assert {d["DocumentFileName"] for d in scenario.documents} == set(names)
    assert scenario.sandbox.journal.count(path="/attachments") == 0
    assert scenario.sandbox.journal.count(service="graph", path="$batch") == 2


def test_files_are_read_singly_when_the_batch_fails(scenario: Scenario, box: SimMailbox) -> None:
    names = [f"{n}.pdf" for n in range(3)]
    _find(scenario, box, *(Mail(n, BO, KIM, attachments=(File(n, n.encode()),)) for n in names))
    box.unreadable.add("1.pdf")
    file(scenario.context)
    assert {d["DocumentFileName"] for d in scenario.documents} == {"0.pdf", "2.pdf"}
    box.unreadable.clear()
    scenario.run_all_retries()
    assert {d["DocumentFileName"] for d in scenario.documents} == set(names)


def test_attachments_of_the_mails_that_follow_are_listed_with_those_of_a_batch(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.run_until_idle()  # for a job that waits, the pipeline would end after each batch
    names = [f"{n}.pdf" for n in range(120)]
    mails = [Mail(n, BO, KIM, attachments=(File(n, n.encode()),)) for n in names]
    for start in range(0, 120, 20):
        _find(scenario, box, *mails[start : start + 20])
    scenario.sandbox.journal.clear()
    file(scenario.context)
    assert {d["DocumentFileName"] for d in scenario.documents} == set(names)
    paths = [e.path for e in scenario.sandbox.journal.exchanges]
    before_the_first = paths[: paths.index("/Activities")]
    assert sum("$batch" in path for path in before_the_first) == 120 / 20


def test_attachments_wait_for_one_more_batch_to_fill_a_request(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.run_until_idle()
    names = [f"{n}.pdf" for n in range(0, 200, 2)]
    with_files = [Mail(n, BO, KIM, attachments=(File(n, n.encode()),)) for n in names]
    without = [Mail(f"{n}", BO, KIM) for n in range(100)]
    for start in range(0, 100, 10):
        some = slice(start, start + 10)
        _find(scenario, box, *with_files[some], *without[some])
    scenario.sandbox.journal.clear()
    file(scenario.context)
    assert {d["DocumentFileName"] for d in scenario.documents} == set(names)
    assert scenario.sandbox.journal.count(method="PATCH", path="/Activities") == 4
    assert scenario.sandbox.journal.count(method="PATCH", path="/Documents") == 2


def test_a_process_that_must_end_sends_one_batch_more(scenario: Scenario, box: SimMailbox) -> None:
    scenario.run_until_idle()
    _find(scenario, box, *(Mail(f"{n}", BO, KIM) for n in range(120)))
    scenario.context.stopping.set()
    file(scenario.context)
    assert len(scenario.activities) == 50
    scenario.context.stopping.clear()
    scenario.run_until_idle()
    assert len(scenario.activities) == 120


def test_occasional_errors_of_webcrm_never_slow_filing_down(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.run_until_idle()  # for a job that waits, the pipeline would end after one file
    files = [File(f"{n}.bin", bytes([n]) * 3_000_000) for n in range(6)]
    _find(scenario, box, *(Mail(f.name, BO, KIM, attachments=(f,)) for f in files))
    calls = count()

    def is_every_second_file(method: str, path: str) -> bool:
        return method == "POST" and "/Documents" in path and next(calls) % 2 == 1

    scenario.sandbox.faults.refuse("webcrm", when=is_every_second_file)
    attempts = []
    for _ in files:
        file(scenario.context)
        with scenario.context.begin() as tx:
            attempts.append(companies.read_company(tx).webcrm_attempts)
        scenario.sandbox.clock.advance(timedelta(seconds=3))
    assert attempts[:3] == [1, 1, 1]
    assert len(scenario.documents) == 3


def test_a_webcrm_that_answers_searches_and_takes_nothing_is_called_ever_less(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.faults.lose("webcrm", when=lambda method, _: method == "PATCH")
    attempts = []
    for number in range(4):
        _find(scenario, box, Mail(f"Offer {number}", BO, KIM))
        file(scenario.context)
        with scenario.context.begin() as tx:
            attempts.append(companies.read_company(tx).webcrm_attempts)
        scenario.sandbox.clock.advance(timedelta(minutes=1))
    assert attempts == [1, 2, 3, 4]
