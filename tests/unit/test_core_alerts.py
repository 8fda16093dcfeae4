"""When people are told about a trouble, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from webcrm_sync.core.alert_text import Notice, body, create_test, payload, title
from webcrm_sync.core.alerts import AlertState, Moment, advance, delay, is_lasting
from webcrm_sync.core.trouble_kinds import Severity, TroubleKind
from webcrm_sync.core.troubles import Limits, Trouble

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = Limits(after=timedelta(minutes=30), min_free=0)
HOUR = timedelta(hours=1)
BUSY = Trouble(TroubleKind.MAILBOX, Severity.WARNING, "A mailbox waits: busy.")
FOLLOWS = replace(BUSY, is_consequence=True)


@dataclass(slots=True)
class Story:
    """An alert that is looked at each minute. `told`: the minute of each message."""

    state: AlertState | None = None
    minute: int = 0
    told: list[tuple[int, Moment]] = field(default_factory=list)

    def go_on(self, trouble: Trouble | None, minutes: int) -> None:
        for _ in range(minutes):
            self.minute += 1
            now = START + timedelta(minutes=self.minute)
            step = advance(self.state, trouble, now, LIMITS)
            if step:
                self.state = step.state
                if step.moment:
                    self.told.append((self.minute, step.moment))


def test_a_trouble_is_told_when_it_lasts_and_when_it_is_over() -> None:
    story = Story()
    story.go_on(BUSY, 60)
    story.go_on(None, 60)
    assert story.told == [(31, Moment.OPENED), (70, Moment.ENDED)]


def test_a_trouble_that_flickers_is_told_once() -> None:
    story = Story()
    for _ in range(30):
        story.go_on(BUSY, 2)
        story.go_on(None, 2)
    assert [moment for _, moment in story.told] == [Moment.OPENED]


def test_a_trouble_that_was_away_begins_anew() -> None:
    story = Story()
    story.go_on(BUSY, 29)
    story.go_on(None, 4)
    story.go_on(BUSY, 20)
    assert story.told == []


def test_what_follows_from_another_trouble_opens_nothing_and_ends_nothing() -> None:
    story = Story()
    story.go_on(FOLLOWS, 60)
    assert (story.state, story.told) == (None, [])
    story.go_on(BUSY, 31)
    story.go_on(replace(FOLLOWS, number=50), 60)
    assert [moment for _, moment in story.told] == [Moment.OPENED]


def test_each_return_within_a_day_must_be_quiet_for_longer() -> None:
    story = Story()
    for _ in range(3):
        story.go_on(BUSY, 31)
        story.go_on(None, 45)
    ends = [minute for minute, moment in story.told if moment is Moment.ENDED]
    assert ends == [31 + 10, 76 + 31 + 20, 152 + 31 + 40]


def test_after_a_quiet_day_a_trouble_is_as_good_as_new() -> None:
    story = Story()
    for _ in range(2):
        story.go_on(BUSY, 31)
        story.go_on(None, 10 + 24 * 60)
    assert story.state
    assert story.state.openings == 1


@pytest.mark.parametrize(("quiet", "openings"), [(timedelta(days=1), 1), (23.9 * HOUR, 2)])
def test_the_quiet_day_begins_with_the_message_that_it_is_over(
    quiet: timedelta, openings: int
) -> None:
    since = START - LIMITS.after
    ended = AlertState(since, START, since, START - quiet, openings=1)
    step = advance(ended, BUSY, START, LIMITS)
    assert step
    assert (step.moment, step.state.openings) == (Moment.OPENED, openings)


def test_a_trouble_that_spreads_is_told_at_each_doubling() -> None:
    story = Story()
    for number in range(1, 101):
        ids = tuple(range(number))
        spread = replace(BUSY, number=number, mailbox_ids=ids)
        story.go_on(spread, 31 if number == 1 else 1)
    told = [minute - 30 for minute, moment in story.told if moment is Moment.SPREAD]
    assert told == [6, 12, 24, 48, 96]


def test_more_mails_that_wait_are_no_news() -> None:
    story = Story()
    for number in range(1, 101):
        story.go_on(replace(BUSY, number=number), 31 if number == 1 else 1)
    assert [moment for _, moment in story.told] == [Moment.OPENED]


@pytest.mark.parametrize(
    ("kind", "minutes"),
    [(TroubleKind.PROOF, 0), (TroubleKind.DISK, 5), (TroubleKind.WEBCRM, 30)],
)
def test_each_kind_has_its_delay(kind: TroubleKind, minutes: int) -> None:
    assert delay(kind, LIMITS) == timedelta(minutes=minutes)


def test_a_monitor_sees_what_people_are_told() -> None:
    since = AlertState(START, START)
    later = START + timedelta(minutes=2)
    is_open = replace(since, opened_at=START)
    proof = replace(BUSY, kind=TroubleKind.PROOF)
    full = replace(BUSY, kind=TroubleKind.DISK, counts_at_once=True)
    cases = [
        (None, BUSY, False),
        (since, BUSY, False),
        (replace(since, first_seen_at=START - HOUR), BUSY, True),
        (is_open, FOLLOWS, True),
        (None, replace(proof, is_consequence=True), False),
        (None, proof, True),
        (None, full, True),
        (None, replace(full, is_consequence=True), False),
    ]
    for state, trouble, lasts in cases:
        assert is_lasting(state, trouble, later, LIMITS) is lasts, (state, trouble)


@pytest.mark.parametrize("minutes", range(6))
def test_a_monitor_and_people_agree_whether_a_trouble_was_away(minutes: int) -> None:
    known = AlertState(START - HOUR, START)
    now = START + timedelta(minutes=minutes)
    step = advance(known, BUSY, now, LIMITS)
    assert step
    assert is_lasting(known, BUSY, now, LIMITS) is step.state.is_open is (minutes <= 3)


def notice(moment: Moment, **more: object) -> Notice:
    given = {
        "id": "2",
        "alert_id": "1",
        "kind": TroubleKind.MAILBOX,
        "severity": Severity.WARNING,
        "sentence": "A mailbox waits: busy.",
        "number": 1,
        "mailboxes": ("kim@nordwind.example",),
        "since": START,
        "at": START,
    }
    return Notice(moment=moment, **{**given, **more})  # type: ignore[arg-type]  # any field


def test_a_mail_says_what_is_wrong_and_whose_mailbox_waits() -> None:
    opened = notice(Moment.OPENED)
    assert title(opened) == "webCRM mail sync: mailboxes wait"
    assert body(opened) == (
        "A mailbox waits: busy.\n\nMailboxes:\n- kim@nordwind.example\n\n"
        "One more message follows when this is over. `webcrm-sync status` shows the state at any "
        "time.\n"
    )
    assert title(notice(Moment.SPREAD, number=7)) == ("webCRM mail sync: mailboxes wait (7 by now)")


def test_a_mail_says_what_is_over_and_since_when_it_was_there() -> None:
    ended = notice(Moment.ENDED)
    assert title(ended) == "webCRM mail sync: over: mailboxes wait"
    assert body(ended) == (
        "This is over. It was told at 2026-03-01 12:00 UTC:\n\nA mailbox waits: busy.\n\n"
        "Mailboxes:\n- kim@nordwind.example\n"
    )


@pytest.mark.parametrize(
    ("number", "last"),
    [
        (20, "- 19@nordwind.example"),
        (21, "- and 1 more: `webcrm-sync status --trouble`"),
        (300, "- and 280 more: `webcrm-sync status --trouble`"),
    ],
)
def test_a_mail_names_twenty_mailboxes(number: int, last: str) -> None:
    addresses = tuple(f"{n}@nordwind.example" for n in range(number))
    listed = body(notice(Moment.ENDED, mailboxes=addresses)).splitlines()
    assert listed[-1] == last
    assert [line[2:] for line in listed if "@" in line] == list(addresses[:20])


def test_a_webhook_receives_the_facts_and_a_text_for_chats() -> None:
    later = START + timedelta(hours=2)
    assert payload(notice(Moment.SPREAD, number=7, at=later), "t1") == {
        "type": "alert.spread",
        "timestamp": "2026-03-01T14:00:00+00:00",
        "text": "webCRM mail sync: mailboxes wait (7 by now)\nA mailbox waits: busy.",
        "data": {
            "id": "1",
            "tenant": "t1",
            "kind": "mailbox",
            "severity": "warning",
            "sentence": "A mailbox waits: busy.",
            "number": 7,
            "mailboxes": ["kim@nordwind.example"],
            "since": "2026-03-01T12:00:00+00:00",
        },
    }


def test_a_message_without_mailboxes_lists_none() -> None:
    worker = notice(Moment.OPENED, kind=TroubleKind.WORKER, mailboxes=())
    assert title(worker) == "webCRM mail sync: a part of the jobs has no worker"
    assert "Mailboxes" not in body(worker)


@pytest.mark.parametrize("kind", TroubleKind)
def test_each_kind_has_a_title(kind: TroubleKind) -> None:
    assert title(notice(Moment.OPENED, kind=kind))


def test_no_two_kinds_share_a_title() -> None:
    assert len({title(notice(Moment.OPENED, kind=kind)) for kind in TroubleKind}) == len(
        TroubleKind
    )


def test_a_test_says_that_it_is_one() -> None:
    test = create_test("1", START)
    assert title(test) == "webCRM mail sync: test"
    assert body(test) == ("This is a test. Messages about troubles arrive in the same way.\n")
    sent = payload(test, "t")
    assert (sent["type"], sent["data"]) == (
        "alert.test",
        {
            "id": "1",
            "tenant": "t",
            "kind": None,
            "severity": "warning",
            "sentence": "This is a test. Messages about troubles arrive in the same way.",
            "number": 0,
            "mailboxes": [],
            "since": "2026-03-01T12:00:00+00:00",
        },
    )
