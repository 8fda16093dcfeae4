"""Each run of a job logs one line with its job, duration and outcome."""

from __future__ import annotations

import logging

import pytest

from support.planting import ErrorPlanter, MailTraces
from support.scenario import BO, KIM, Scenario
from webcrm_sync import logs
from webcrm_sync.core.jobs import Job
from webcrm_sync.store import folder_reads, mailboxes
from webcrm_sync.worker import build_app, run_step
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_MAILBOX = 4711


def _lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [vars(record) for record in caplog.records if record.message == "job_done"]


def test_each_job_of_a_mail_logs_one_line_without_its_addresses_or_subject(
    scenario: Scenario, box: SimMailbox, caplog: pytest.LogCaptureFixture
) -> None:
    scenario.is_guarded = True
    caplog.set_level(logging.INFO)
    scenario.drag(box, Mail("The offer", BO, KIM))
    scenario.discover()
    lines = _lines(caplog)
    company_id = scenario.context.company_id
    assert {(line["task"], line["outcome"]) for line in lines} >= {
        ("discover", "done"),
        ("file", "done"),
        ("mark", "done"),
    }
    assert [line["subject_id"] for line in lines if line["task"] == "file"] == [company_id]
    assert all(0 <= float(str(line["seconds"])) < 60 for line in lines)
    assert all(word not in str(lines) for word in (BO, KIM, "The offer"))


def _run_into_an_error(scenario: Scenario) -> None:
    marks = MailTraces((), frozenset({_MAILBOX}))
    with ErrorPlanter(marks, "engine.marking:mark").watching():
        run_step(scenario.context, Job.MARK, _MAILBOX)


def test_job_that_raises_logs_that_it_failed(
    scenario: Scenario, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    _run_into_an_error(scenario)
    (line,) = _lines(caplog)
    assert line["task"] == "mark"
    assert line["subject_id"] == _MAILBOX
    assert line["outcome"] == "failed"


def test_job_that_waits_after_a_failure_does_not_run_and_logs_nothing(
    scenario: Scenario, caplog: pytest.LogCaptureFixture
) -> None:
    _run_into_an_error(scenario)
    caplog.set_level(logging.INFO)
    caplog.clear()
    run_step(scenario.context, Job.MARK, _MAILBOX)
    assert _lines(caplog) == []


def test_each_settled_mail_logs_one_line_with_ids_only(
    scenario: Scenario, box: SimMailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    scenario.drag(box, Mail("The offer", BO, KIM))
    scenario.drag(box, Mail("The offer", "who@nowhere.example", KIM))
    scenario.discover()
    lines = [vars(record) for record in caplog.records if record.message == "mail_settled"]
    assert sorted((str(line["state"]), line.get("reason")) for line in lines) == [
        ("synced", None),
        ("waiting", "no contact"),
    ]
    assert all(isinstance(line["mail"], int) for line in lines)
    assert all(word not in str(lines) for word in (BO, KIM, "nowhere", "The offer"))


def test_a_request_its_job_and_the_calls_of_that_job_share_one_id(
    scenario: Scenario, box: SimMailbox
) -> None:
    """The job is run as the worker runs it, with the arguments that are in the queue."""
    scenario.drag(box, Mail("The offer", BO, KIM))
    with logs.correlated() as given, scenario.context.begin() as tx:
        tx.connection.exec_driver_sql("DELETE FROM procrastinate_jobs")
        for watched in mailboxes.all_mailboxes(tx):
            folder_reads.request_read(tx, [f.id for f in mailboxes.folders(tx, watched.id)])
    with scenario.context.begin() as tx:
        query = "SELECT args FROM procrastinate_jobs WHERE task_name = 'discover'"
        arguments = tx.connection.exec_driver_sql(query).scalar_one()
    assert arguments["correlation"] == given
    before = len(scenario.sandbox.journal.exchanges)
    app = build_app(scenario.context, scenario.context.settings.database_url or "")
    app.tasks["discover"].func(**arguments)
    calls = scenario.sandbox.journal.exchanges[before:]
    sent = {c.request_headers.get("client-request-id") for c in calls if c.service == "graph"}
    assert sent == {given}
