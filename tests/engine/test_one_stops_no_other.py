"""An unforeseen error about one thing stops that thing alone, and people see why."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from support.deaths import deadly, deaths_in
from support.pane_user import PaneUser
from support.planting import ErrorPlanter, MailTraces
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, PENDING, Scenario
from webcrm_sync.core.states import SENTENCES, Reason, State
from webcrm_sync.engine.fault_isolation import job_backoff
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.pane import actions
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus
from webcrm_sync.logs import LineFormatter
from webcrm_sync.store import mailboxes
from webcrm_sync.worker import STEPS
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"
WORD = "Poisonous"
ODD_MAILS: dict[str, dict[str, Any]] = {
    "last hours of 9999": {"sentDateTime": "9999-12-31T23:30:00-11:00"},
    "first hours of year 1": {"sentDateTime": "0001-01-01T00:30:00+14:00"},
    "received in 9999": {"receivedDateTime": "9999-12-31T23:59:59.9999999-12:00"},
    "beyond 9999": {"sentDateTime": "+10000-01-01T00:00:00Z", "receivedDateTime": "12026"},
    "times as numbers": {"sentDateTime": 253402300799, "receivedDateTime": 1e400},
    "nulls": dict.fromkeys(("subject", "from", "sender", "toRecipients", "body")),
    "numbers": {"subject": 7, "from": 8, "toRecipients": 9, "body": 10, "categories": 11},
    "lists": {"subject": [], "from": [[]], "toRecipients": [[None]], "body": [{}]},
    "objects": {"subject": {}, "internetMessageId": {}, "conversationId": {}, "changeKey": {}},
    "wrong parts": {"toRecipients": [{"emailAddress": [1]}], "ccRecipients": [None, 1, "x"]},
    "half an emoji": {"subject": "\ud83d", "internetMessageId": "<\udc00@x>"},
    "NUL": {"subject": "a\0b", "body": {"contentType": "html", "content": "\0<p>\0"}},
    "absurd addresses": {
        "from": {"emailAddress": {"address": "@" * 5000, "name": "\u202e" * 3000}},
        "replyTo": [{"emailAddress": {"address": "a@[::1]" * 200, "name": None}}],
    },
    "ten thousand recipients": {
        "toRecipients": [
            {"emailAddress": {"address": f"r{n}@many.example", "name": "R"}} for n in range(10_000)
        ]
    },
    "long conversation": {"conversationId": "c" * 100_000},
    "long Message-ID": {"internetMessageId": f"<{'m' * 100_000}@x.example>"},
    "Message-ID of controls": {"internetMessageId": "<\x01\x1b[2J\r\n@x>\u2028"},
    "empty ids": {"internetMessageId": "", "conversationId": "", "changeKey": "c"},
    "properties of nothing": {"singleValueExtendedProperties": [{"id": None, "value": 7}, 3]},
    "unknown kind": {"@odata.type": 7, "isDraft": "no", "hasAttachments": "yes"},
    "odd categories": {"categories": [None, 7, "\ud800", "x" * 5000]},
}


@pytest.fixture
def guarded(scenario: Scenario) -> Scenario:
    """The scenario as workers run it: a job that raises backs off."""
    scenario.is_guarded = True
    return scenario


@pytest.fixture
def box(guarded: Scenario) -> SimMailbox:
    guarded.add_contact(BO)
    guarded.add_contact(LIS, "Skovby")
    made = guarded.add_mailbox()
    guarded.poll_webcrm()
    return made


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def held_jobs(scenario: Scenario) -> list[str]:
    return [job.task for job in read_status(scenario.context).held_jobs]


def planted(place: str, *numbers: int, word: str = WORD) -> ErrorPlanter:
    return ErrorPlanter(MailTraces((word,), frozenset(numbers)), place)


def poison(subject: str = WORD) -> Mail:
    return Mail(subject, BO, KIM, message_id=f"<{subject.replace(' ', '-')}@havnebyg.example>")


def test_odd_mails_of_every_kind_stop_no_other(guarded: Scenario, box: SimMailbox) -> None:
    behaviour = guarded.sandbox.graph.behaviour
    odd = {}
    for name, told in ODD_MAILS.items():
        odd[name] = box.deliver(Mail(name, BO, KIM))
        behaviour.odd[odd[name]] = told
        box.move(odd[name], f"inbox/{FOLDER}")
    fine = [guarded.drag(box, Mail(f"Fine {n}", BO, KIM)) for n in range(3)]
    guarded.discover()
    for seconds in (2, 3):
        guarded.wait(timedelta(seconds=seconds))
    guarded.sandbox.journal.clear()  # Graph answered in ways that its description does not allow
    assert [box.read(i).categories for i in fine] == [BOTH] * 3
    assert held_jobs(guarded) == []
    ends = {name: guarded.item(box, i).state for name, i in odd.items()}
    assert {n for n, s in ends.items() if not (s.is_end or s is State.FILED)} == set()


def test_odd_records_of_webcrm_stop_no_other(guarded: Scenario, box: SimMailbox) -> None:
    crm = guarded.sandbox.crm
    user = crm.add_user(KIM, "Kim Nordwind")
    values: list[Any] = [None, 7, "x", [], {}, "9999-12-31T23:30:00-11:00", "\0", -1, 1e300, True]
    person = guarded.add_contact("known@havnebyg.example")
    for number, value in enumerate(values):
        odd = guarded.add_contact(f"odd{number}@havnebyg.example")
        firm = crm.add_organisation(f"Odd {number}")
        sent = crm.send_mail(user, person, f"Odd {number}", "Hello")
        crm.odd[odd] = {f"Person{n}": value for n in ("Email", "Name", "Status", "UpdatedAt")}
        crm.odd[firm] = {f"Organisation{n}": value for n in ("Name", "Domain", "UpdatedAt")}
        names = ("Description", "Memo", "DateTime", "CreatedAt", "UpdatedAt", "AssignedTo")
        crm.odd[sent] = {f"Activity{n}": value for n in names}
    guarded.add_contact("new@later.example", "Later")
    crm.send_mail(user, person, "Fine", "Hello")
    item = guarded.drag(box, Mail("Fine", "new@later.example", KIM))
    guarded.poll_webcrm()
    guarded.poll_webcrm()
    assert box.read(item).categories == BOTH
    assert "Fine" in [m.subject for m in box.messages(f"sentitems/{FOLDER}")]
    assert held_jobs(guarded) == []
    guarded.sandbox.journal.clear()  # webCRM answered in ways that its description does not allow


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("webcrm.wire:read_person", "person"),
        ("webcrm.wire:read_organisation", "organisation"),
        ("store.directory:_rows_of", "person"),
    ],
)
def test_record_that_raises_is_left_out_alone(
    guarded: Scenario, box: SimMailbox, place: str, what: str, log: io.StringIO
) -> None:
    crm = guarded.sandbox.crm
    firm = crm.add_organisation(WORD, domain="poisonous.example")
    crm.add_person(firm, "eva@poisonous.example", name=WORD)
    guarded.add_contact("new@later.example", "Later")
    item = guarded.drag(box, Mail("Fine", "new@later.example", KIM))
    with planted(place).watching() as planting:
        guarded.poll_webcrm()
        guarded.poll_webcrm()
    assert planting.raised
    assert box.read(item).categories == BOTH
    assert held_jobs(guarded) == []
    assert log.getvalue().count("held_back") == 1
    assert f'thing="{what} ' in log.getvalue()


@pytest.mark.parametrize(
    "place", ["webcrm.wire:read_sent_activity", "engine.mirroring.plan:plan_mirror"]
)
def test_mail_of_webcrm_that_raises_stops_no_other_mirror(
    guarded: Scenario, box: SimMailbox, place: str
) -> None:
    crm = guarded.sandbox.crm
    user = crm.add_user(KIM, "Kim Nordwind")
    person = guarded.add_contact("known@havnebyg.example")
    guarded.poll_webcrm()
    crm.send_mail(user, person, WORD, "Hello")
    crm.send_mail(user, person, "Fine", "Hello")
    with planted(place).watching() as planting:
        guarded.poll_webcrm()
    assert planting.raised
    assert [m.subject for m in box.messages(f"sentitems/{FOLDER}")] == ["Fine"]
    guarded.context = replace(guarded.context, version="next")
    guarded.wait(timedelta(hours=1))
    guarded.poll_webcrm()
    assert sorted(m.subject for m in box.messages(f"sentitems/{FOLDER}")) == ["Fine", WORD]


def test_parked_mail_is_logged_once_and_retried_by_a_person(
    guarded: Scenario, box: SimMailbox, log: io.StringIO
) -> None:
    item = guarded.drag(box, poison())
    with planted("engine.discovery.arrivals:email_row").watching():
        guarded.discover()
        guarded.wait(timedelta(minutes=2))
    assert box.read(item).categories == PENDING
    (copy,) = guarded.timeline(box.read(item)).copies
    assert SENTENCES[Reason.UNFORESEEN] in copy.sentence
    assert "Planted" in copy.sentence
    (mailbox,) = read_status(guarded.context).mailboxes
    (group,) = mailbox.pending
    assert (group.reason, group.count, len(group.message_ids)) == (Reason.UNFORESEEN, 1, 1)
    told = log.getvalue()
    assert told.count("held_back") == 1
    assert "email_row" in told
    assert WORD not in told
    assert BO not in told
    kim = PaneUser(guarded, box)
    state = actions.retry(guarded.context, kim.user, kim.ref(item))
    assert state.status is DisplayStatus.ON_ITS_WAY
    guarded.run_until_idle()
    assert box.read(item).categories == BOTH


def test_same_error_with_many_mails_parks_none_and_pauses_the_job(
    guarded: Scenario, box: SimMailbox
) -> None:
    items = [guarded.drag(box, poison(f"{WORD} {n}")) for n in range(30)]
    with planted("engine.matching.decide:decision_for").watching():
        guarded.discover()
        guarded.wait(timedelta(seconds=3))
        (held,) = read_status(guarded.context).held_jobs
        assert held.task == "match"
        assert "more than 20 mails" in held.trouble
        states = {guarded.item(box, i).state for i in items}
        assert states == {State.FOUND}
    for _ in range(4):
        guarded.wait(timedelta(minutes=10))
    assert [box.read(i).categories for i in items] == [BOTH] * 30
    assert len(guarded.activities) == 30
    assert held_jobs(guarded) == []


def test_bug_in_one_job_delays_that_job_alone(guarded: Scenario, box: SimMailbox) -> None:
    with guarded.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
    first = guarded.drag(box, Mail("First", BO, KIM))
    before = read_status(guarded.context).mailboxes[0].trouble
    with planted("engine.marking:mark", watched.id).watching():
        guarded.discover()
        second = guarded.drag(box, Mail("Second", LIS, KIM))
        guarded.wait(timedelta(seconds=1))
        status = read_status(guarded.context)
        assert [(j.task, j.about) for j in status.held_jobs] == [("mark", KIM)]
        assert status.webcrm_trouble is None
        assert status.mailboxes[0].trouble == before
        assert {guarded.item(box, i).state for i in (first, second)} == {State.FILED}
    guarded.wait(timedelta(seconds=30))
    assert [box.read(i).categories for i in (first, second)] == [BOTH, BOTH]
    assert held_jobs(guarded) == []


def crash_rows(scenario: Scenario) -> int:
    """How many rows say that a job is careful, or what it had begun."""
    count = "SELECT (SELECT count(*) FROM begun) + (SELECT count(*) FROM job_trouble)"
    with scenario.context.begin() as tx:
        return int(tx.connection.scalar(text(count)) or 0)


@pytest.mark.parametrize(
    ("place", "task"),
    [
        ("graph.wire:read_message", "discover"),
        ("engine.discovery.arrivals:Arrival.of", "discover"),
        ("core.filing:draft_activity", "file"),
        ("webcrm.requests:_activity_record", "file"),  # the first death leaves an intent behind
    ],
)
def test_mail_that_a_worker_died_with_three_times_is_parked(
    guarded: Scenario, box: SimMailbox, place: str, task: str
) -> None:
    poisonous = guarded.drag(box, poison())
    fine = [guarded.drag(box, Mail(f"Fine {n}", LIS, KIM)) for n in range(2)]
    assert deaths_in(guarded, deadly(place, WORD)) == [task] * 3
    assert [box.read(i).categories for i in fine] == [BOTH, BOTH]
    row = guarded.item(box, poisonous)
    assert (row.state, row.reason) == (State.PARKED, Reason.UNFORESEEN)
    assert "DiedTooOften" in (row.detail or "")
    assert box.read(poisonous).categories == PENDING
    guarded.context = replace(guarded.context, version="next")
    guarded.wait(timedelta(hours=1))
    assert box.read(poisonous).categories == BOTH
    assert len(guarded.activities) == 3


def test_job_stays_careful_while_it_has_nothing_to_do(guarded: Scenario, box: SimMailbox) -> None:
    """The job that `rescue` enqueues again may find that its next poll is not due yet."""
    crm = guarded.sandbox.crm
    user = crm.add_user(KIM, "Kim Nordwind")
    person = guarded.add_contact("known@havnebyg.example")
    guarded.poll_webcrm()
    crm.send_mail(user, person, WORD, "Hello")
    crm.send_mail(user, person, "Fine", "Hello")
    assert deaths_in(guarded, deadly("engine.mirroring.plan:plan_mirror", WORD)) == ["mirror"] * 3
    assert [m.subject for m in box.messages(f"sentitems/{FOLDER}")] == ["Fine"]


@pytest.mark.parametrize("end", ["deleted", "moved out", "mailbox removed"])
@pytest.mark.parametrize(
    ("place", "task"),
    [("core.filing:draft_activity", "file"), ("engine.discovery.arrivals:Arrival.of", "discover")],
)
def test_mail_that_is_never_due_again_does_not_keep_its_job_careful(
    guarded: Scenario, box: SimMailbox, place: str, task: str, end: str
) -> None:
    other = guarded.add_mailbox(EVA, "Eva Nordwind")
    poisonous = guarded.drag(box, poison())
    assert deaths_in(guarded, deadly(place, WORD), at_most=2) == [task] * 2
    if end == "deleted":
        box.delete(poisonous)
    elif end == "moved out":
        box.move(poisonous, "inbox")
    else:
        admin.remove(guarded.context, KIM)
    guarded.drag(other, Mail("Fine", LIS, EVA))
    guarded.wait(timedelta(minutes=5))
    assert crash_rows(guarded) or end == "mailbox removed", "the mail may only be late"
    for _ in range(2):
        item = guarded.drag(other, Mail("Fine too", LIS, EVA))
        guarded.wait(timedelta(hours=3))
        assert other.read(item).categories == BOTH
    assert crash_rows(guarded) == 0


def test_deaths_alone_park_nothing(guarded: Scenario, box: SimMailbox) -> None:
    items = [guarded.drag(box, Mail(f"Mail {n}", BO, KIM)) for n in range(3)]
    with guarded.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
    for task in STEPS:
        subject = watched.id if task in {"discover", "mark", "keep"} else guarded.context.company_id
        for _ in range(5):
            job_backoff.record_death(guarded.context, task, subject)
    guarded.discover()
    assert [box.read(i).categories for i in items] == [BOTH] * 3
    with guarded.context.begin() as tx:
        begun = tx.connection.scalar(text("SELECT count(*) FROM begun"))
    assert begun == 0
