"""A day without Outlook or webCRM: all waits quietly, all ends by itself, nothing is told."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from support.scenario import BO, BOTH, FOLDER, KIM, LIS, OpenPlay, Play
from webcrm_sync.core.states import State
from webcrm_sync.engine.history.timeline import read_timelines
from webcrm_sync.engine.operations.retention import housekeeping
from webcrm_sync.logs import LineFormatter
from webcrm_sync.store import schedule
from webcrm_sync.worker import run_step
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"
MAILS = 25


def a_day(play: Play) -> None:
    """Let a day pass, looking at what is due every two hours."""
    for _ in range(12):
        play.stage.clock.advance(timedelta(hours=2))
        play.rest()


def calls(play: Play, service: str) -> int:
    """How often a service was called."""
    return play.stage.journal.count(service)


@pytest.mark.parametrize("service", ["graph", "webcrm"])
def test_day_of_outage_costs_few_calls_and_loses_nothing(
    play: Play, box: SimMailbox, service: str
) -> None:
    files = (File("a.txt", b"a"),)
    items = [play.drag(box, Mail(f"Mail {n}", BO, KIM, attachments=files)) for n in range(MAILS)]
    if service == "graph":
        play.stage.faults.unavailable(service="graph", when=lambda _, p: "attach" in p, limit=3)
        play.look()
    play.stage.faults.unavailable(service=service, limit=5000)
    before = calls(play, service)
    play.look()
    a_day(play)
    assert calls(play, service) - before < 12 * 12
    play.stage.faults.clear()
    for _ in range(4):
        play.wait(timedelta(minutes=13))
    assert len(play.activities) == len(play.documents) == MAILS
    assert all(box.read(i).categories == BOTH for i in items)


def test_refused_login_for_a_day_is_not_told_over_and_over(play: Play, box: SimMailbox) -> None:
    tokens = set(play.stage.crm.tokens)
    play.stage.crm.tokens.clear()
    play.stage.clock.advance(timedelta(hours=1))
    item = play.drag(box, Mail("Closed", BO, KIM))
    play.look()
    for _ in range(12):
        play.wait(timedelta(minutes=11))
    assert play.item(box, item).state is State.PARKED
    kinds = [line.sentence[:5] for line in play.story(box.read(item)).lines]
    assert kinds.count("Needs") <= 2  # before its Organisation was known, and after
    play.stage.crm.tokens |= tokens
    for _ in range(3):
        play.wait(timedelta(minutes=13))
    assert box.read(item).categories == BOTH
    assert len(play.activities) == 1


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, by anybody, at any level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_no_log_line_tells_who_wrote_what(play: Play, log: io.StringIO) -> None:
    person = play.contact(BO)
    user = play.stage.crm.add_user(KIM, "Kim Nordwind")
    play.rest()
    box = play.mailbox()
    play.refresh()
    faults = play.stage.faults
    for service in ("graph", "webcrm"):
        faults.lose(service=service, rate=0.2, limit=15)
        faults.throttle(service=service, rate=0.2, limit=10)
        faults.unavailable(service=service, rate=0.2, limit=15)
    play.stage.crm.failing_creates = 3
    files = (File("Confidential.txt", b"a"),)
    body = "<p>Topsecret plans</p>"
    for number in range(8):
        play.drag(box, Mail(f"Subjectline {number}", BO, KIM, body=body, attachments=files))
    play.drag(box, Mail("Subjectline of a stranger", LIS, KIM, body=body))
    play.stage.crm.send_mail(user, person, "Subjectline sent", "Topsecret")
    for _ in range(25):
        play.stage.clock.advance(timedelta(seconds=61))
        with play.context.begin() as tx:
            schedule.wake_parked(tx)
            due = schedule.due_jobs(tx)
        for one in due:
            run_step(play.context, one.job, one.subject_id)
    told = log.getvalue()
    secret = play.context.settings.webcrm_token.get_secret_value()
    for word in (BO, KIM, LIS, "Subjectline", "Topsecret", "Confidential", secret, "eyJ"):
        assert word not in told
    assert "job_failed" not in told


def test_story_of_every_state_can_be_told(play: Play, box: SimMailbox) -> None:
    play.contact(LIS, "Skovby")
    play.contact(LIS, "Lund")
    play.refresh()
    mails = [
        Mail("Synced", BO, KIM),
        Mail("Waits", "who@nowhere.example", KIM),
        Mail("Ambiguous", LIS, KIM),
        Mail("Colleagues", EVA, KIM),
        Mail("Meeting", BO, KIM, kind="meeting"),
    ]
    items = [play.drag(box, mail) for mail in mails]
    for item in items:
        assert read_timelines(play.context, box.read(item).message_id or "") == []
    play.look()
    for item in items:
        (story,) = read_timelines(play.context, box.read(item).message_id or "")
        assert all(line.sentence for line in story.lines)
        box.move(item, "inbox")
    play.look()
    for item in items:
        assert play.story(box.read(item)).copies


def test_text_of_an_unwritten_mirror_is_not_kept_for_ever(play: Play) -> None:
    person = play.contact(BO)
    user = play.stage.crm.add_user(KIM, "Kim Nordwind")
    play.rest()
    box = play.mailbox()
    play.refresh()
    box.has_licence = False
    play.stage.crm.send_mail(user, person, "Order", "Topsecret")
    play.refresh()
    play.stage.clock.advance(timedelta(days=31))
    housekeeping(play.context)
    with play.context.begin() as tx:
        rows = tx.connection.exec_driver_sql("SELECT draft::text FROM mirror").scalars().all()
    assert not any("Topsecret" in (row or "") for row in rows)


def test_mail_sent_by_a_user_webcrm_has_just_made_is_mirrored(open_play: OpenPlay) -> None:
    play = open_play(DIRECTORY_SECONDS="3600")
    person = play.contact(BO)
    box = play.mailbox()
    play.refresh()
    user = play.stage.crm.add_user(KIM, "Kim Nordwind")
    play.stage.crm.send_mail(user, person, "First day", "Hello")
    play.refresh()
    play.refresh()
    assert [m.subject for m in box.messages(f"sentitems/{FOLDER}")] == ["First day"]
