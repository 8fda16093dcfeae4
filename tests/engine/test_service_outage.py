"""A day without Outlook or webCRM: work waits and resumes without help and without alarm."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from support.scenario import BO, BOTH, FOLDER, KIM, LIS, OpenScenario, Scenario
from webcrm_sync.core.states import State
from webcrm_sync.engine.history.timeline import read_timelines
from webcrm_sync.engine.mailboxes import pausing
from webcrm_sync.engine.mirroring.plan import mirror
from webcrm_sync.engine.operations.retention import housekeeping
from webcrm_sync.logs import LineFormatter
from webcrm_sync.store import mailboxes, schedule
from webcrm_sync.store.items import transitions
from webcrm_sync.worker import run_step
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"
MAILS = 25


def a_day(scenario: Scenario) -> None:
    """Let a day pass, and run due jobs every two hours."""
    for _ in range(12):
        scenario.sandbox.clock.advance(timedelta(hours=2))
        scenario.run_until_idle()


def calls(scenario: Scenario, service: str) -> int:
    """The number of calls to a service."""
    return scenario.sandbox.journal.count(service)


@pytest.mark.parametrize("service", ["graph", "webcrm"])
def test_day_of_outage_costs_few_calls_and_loses_nothing(
    scenario: Scenario, box: SimMailbox, service: str
) -> None:
    files = (File("a.txt", b"a"),)
    items = [
        scenario.drag(box, Mail(f"Mail {n}", BO, KIM, attachments=files)) for n in range(MAILS)
    ]
    if service == "graph":
        scenario.sandbox.faults.unavailable(
            service="graph", when=lambda _, p: "attach" in p, limit=3
        )
        scenario.discover()
    scenario.sandbox.faults.unavailable(service=service, limit=5000)
    before = calls(scenario, service)
    scenario.discover()
    a_day(scenario)
    assert calls(scenario, service) - before < 12 * 12
    scenario.sandbox.faults.clear()
    for _ in range(4):
        scenario.wait(timedelta(minutes=13))
    assert len(scenario.activities) == len(scenario.documents) == MAILS
    assert all(box.read(i).categories == BOTH for i in items)


def test_login_refused_for_a_day_is_not_recorded_repeatedly(
    scenario: Scenario, box: SimMailbox
) -> None:
    tokens = set(scenario.sandbox.crm.tokens)
    scenario.sandbox.crm.tokens.clear()
    scenario.sandbox.clock.advance(timedelta(hours=1))
    item = scenario.drag(box, Mail("Closed", BO, KIM))
    scenario.discover()
    for _ in range(12):
        scenario.wait(timedelta(minutes=11))
    assert scenario.item(box, item).state is State.PARKED
    kinds = [line.sentence[:5] for line in scenario.timeline(box.read(item)).lines]
    assert kinds.count("Needs") <= 2  # before its Organisation was known, and after
    scenario.sandbox.crm.tokens |= tokens
    for _ in range(3):
        scenario.wait(timedelta(minutes=13))
    assert box.read(item).categories == BOTH
    assert len(scenario.activities) == 1


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Every log line of any module at any level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)


def test_no_log_line_reveals_who_wrote_what(scenario: Scenario, log: io.StringIO) -> None:
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    faults = scenario.sandbox.faults
    for service in ("graph", "webcrm"):
        faults.lose(service=service, rate=0.2, limit=15)
        faults.throttle(service=service, rate=0.2, limit=10)
        faults.unavailable(service=service, rate=0.2, limit=15)
    scenario.sandbox.crm.failing_creates = 3
    files = (File("Confidential.txt", b"a"),)
    body = "<p>Topsecret plans</p>"
    for number in range(8):
        scenario.drag(box, Mail(f"Subjectline {number}", BO, KIM, body=body, attachments=files))
    scenario.drag(box, Mail("Subjectline of a stranger", LIS, KIM, body=body))
    scenario.sandbox.crm.send_mail(user, person, "Subjectline sent", "Topsecret")
    for _ in range(25):
        scenario.sandbox.clock.advance(timedelta(seconds=61))
        with scenario.context.begin() as tx:
            transitions.restart_due(tx)
            due = schedule.due_jobs(tx)
        for one in due:
            run_step(scenario.context, one.job, one.subject_id)
    told = log.getvalue()
    secret = scenario.context.settings.webcrm_token.get_secret_value()
    for word in (BO, KIM, LIS, "Subjectline", "Topsecret", "Confidential", secret, "eyJ"):
        assert word not in told
    assert "job_failed" not in told


def test_timeline_of_every_state_can_be_read(scenario: Scenario, box: SimMailbox) -> None:
    scenario.add_contact(LIS, "Skovby")
    scenario.add_contact(LIS, "Lund")
    scenario.poll_webcrm()
    mails = [
        Mail("Synced", BO, KIM),
        Mail("Waits", "who@nowhere.example", KIM),
        Mail("Ambiguous", LIS, KIM),
        Mail("Colleagues", EVA, KIM),
        Mail("Meeting", BO, KIM, kind="meeting"),
    ]
    items = [scenario.drag(box, mail) for mail in mails]
    for item in items:
        assert read_timelines(scenario.context, box.read(item).message_id or "") == []
    scenario.discover()
    for item in items:
        (story,) = read_timelines(scenario.context, box.read(item).message_id or "")
        assert all(line.sentence for line in story.lines)
        box.move(item, "inbox")
    scenario.discover()
    for item in items:
        assert scenario.timeline(box.read(item)).copies


def test_text_of_a_mirror_that_is_never_written_is_deleted_in_time(scenario: Scenario) -> None:
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    box.has_licence = False
    scenario.sandbox.crm.send_mail(user, person, "Order", "Topsecret")
    scenario.poll_webcrm()
    scenario.sandbox.clock.advance(timedelta(days=31))
    housekeeping(scenario.context)
    with scenario.context.begin() as tx:
        rows = tx.connection.exec_driver_sql("SELECT draft::text FROM mirror").scalars().all()
    assert not any("Topsecret" in (row or "") for row in rows)


def test_an_old_mail_that_is_edited_in_webcrm_gets_no_second_mirror(scenario: Scenario) -> None:
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    sent = scenario.sandbox.crm.send_mail(user, person, "Order", "Hello")
    scenario.poll_webcrm()
    scenario.wait(timedelta(days=31))
    scenario.poll_webcrm()
    housekeeping(scenario.context)
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
    pausing.pause(scenario.context, watched)
    scenario.sandbox.crm.edit_activity(sent, ActivityDescription="Order, again")
    pausing.resume(scenario.context, watched)
    mirror(scenario.context)  # before a reading of the folder finds the mirror
    scenario.poll_webcrm()
    assert [m.subject for m in box.messages(f"sentitems/{FOLDER}")] == ["Order"]


def test_mail_sent_by_a_newly_created_webcrm_user_is_mirrored(open_scenario: OpenScenario) -> None:
    scenario = open_scenario(DIRECTORY_SECONDS="3600")
    person = scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.sandbox.crm.send_mail(user, person, "First day", "Hello")
    scenario.poll_webcrm()
    scenario.poll_webcrm()
    assert [m.subject for m in box.messages(f"sentitems/{FOLDER}")] == ["First day"]
