"""What is wrong with the whole service: which facts are a trouble, and which only follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from webcrm_sync.core.alerts import is_lasting
from webcrm_sync.core.endings import Ending
from webcrm_sync.core.group_members import Departure
from webcrm_sync.core.trouble_kinds import Severity, TroubleKind
from webcrm_sync.core.troubles import Facts, Limits, MailboxFacts, MailFacts, Trouble, find_troubles
from webcrm_sync.graph.auth import classify_refusal

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = Limits(after=timedelta(minutes=30), min_free=1000)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FACTS = Facts(NOW, is_push_enabled=True, heartbeats={"sync": NOW})


def find(**changed: object) -> tuple[Trouble, ...]:
    return find_troubles(replace(FACTS, **changed), LIMITS)  # type: ignore[arg-type]  # any fact


def only(**changed: object) -> Trouble:
    (trouble,) = find(**changed)
    return trouble


def box(mailbox_id: int = 1, **facts: object) -> MailboxFacts:
    return MailboxFacts(mailbox_id, folders=2, **facts)  # type: ignore[arg-type]  # any fact


def test_nothing_is_wrong() -> None:
    fine = box(unread_since=NOW - LIMITS.after, subscription_ends_at=NOW + DAY)
    mails = MailFacts(under_way=9, oldest_since=NOW - LIMITS.after, waiting=5, parked=5)
    endings = (Ending(TroubleKind.CLIENT_SECRET, NOW + 30 * DAY),)
    assert find(mailboxes=(fine,), mails=mails, free_bytes=1000, endings=endings) == ()


def test_critical_troubles_come_first() -> None:
    found = find(open_differences=1, webcrm_trouble="It is down.", free_bytes=999)
    assert [t.kind for t in found] == [TroubleKind.WEBCRM, TroubleKind.DISK, TroubleKind.PROOF]


@pytest.mark.parametrize("at", [None, NOW - timedelta(seconds=61)])
def test_a_queue_without_a_sign_of_life(at: datetime | None) -> None:
    dead = only(heartbeats={"sync": NOW - timedelta(seconds=60), "webcrm": at})
    assert dead.sentence == (
        "No worker runs the jobs of webcrm. Start `webcrm-sync serve`, or a `webcrm-sync worker` "
        "for each part of the jobs. If they run, see their log: the database may take no writes, "
        "as with a full disk."
    )
    assert (dead.severity, dead.number) == (Severity.CRITICAL, 1)


def test_all_queues_without_a_sign_of_life_are_one_trouble() -> None:
    dead = only(heartbeats={"webcrm": None, "sync": None})
    assert dead.sentence.startswith("No worker runs the jobs of sync, webcrm. ")
    assert dead.number == 2


def test_a_missing_worker_counts_at_once_since_a_worker_records_how_long() -> None:
    dead = only(heartbeats={"webcrm": None})
    assert dead.counts_at_once
    assert is_lasting(None, dead, NOW, LIMITS)


def test_what_webcrm_answers_is_shown() -> None:
    found = only(webcrm_trouble="It is down.")
    assert (found.sentence, found.number, found.key) == ("webCRM: It is down.", 1, "webcrm")


@pytest.mark.parametrize("free_bytes", [41_000_000, 41_999_999])
def test_a_disk_that_is_nearly_full_says_how_much_is_left(free_bytes: int) -> None:
    found = find_troubles(replace(FACTS, free_bytes=free_bytes), Limits(HOUR, 42_000_000))
    assert [t.sentence for t in found] == [
        "Only 41 MB are free on the disk of WEBCRM_SYNC_DATA_DIR: make room."
    ]


@pytest.mark.parametrize(
    ("free_bytes", "least", "at_once"),
    [(99_999_999, 10**9, [True]), (100_000_000, 10**9, [False]), (0, 0, [])],
)
def test_a_full_disk_counts_at_once_since_nobody_can_record_how_long(
    free_bytes: int, least: int, at_once: list[bool]
) -> None:
    found = find_troubles(replace(FACTS, free_bytes=free_bytes), Limits(HOUR, least))
    assert [t.counts_at_once for t in found] == at_once
    assert [is_lasting(None, t, NOW, LIMITS) for t in found] == at_once


def test_the_keys_sentence_is_a_whole_one() -> None:
    found = only(key_trouble="the notifications cannot be checked.")
    assert found.sentence == "The notifications cannot be checked."


def test_mailboxes_are_grouped_by_cause() -> None:
    busy = [box(n, trouble=f"503 Busy: request {n}") for n in (1, 2)]
    found = find(mailboxes=(*busy, box(3, trouble="The mailbox is full. Free some space.")))
    assert [(t.number, t.mailbox_ids, t.key) for t in found] == [
        (2, (1, 2), "mailbox: Busy"),
        (1, (3,), "mailbox: The mailbox is full"),
    ]
    assert [t.sentence for t in found] == [
        "2 mailboxes wait: 503 Busy: request 1",
        "A mailbox waits: The mailbox is full. Free some space.",
    ]
    assert {t.severity for t in found} == {Severity.WARNING}


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "invalid_client", "error_codes": [7000222]},
        {"error": "temporarily_unavailable"},
        {"error": "strange"},
    ],
)
def test_what_entra_says_is_one_trouble_however_it_says_it(answer: dict[str, object]) -> None:
    found = only(mailboxes=(box(trouble=str(classify_refusal(answer))),))
    assert (found.key, found.severity) == ("entra", Severity.CRITICAL)


def test_mailboxes_that_are_not_read() -> None:
    late = box(unread_since=NOW - 2 * HOUR)
    found = only(mailboxes=(late, box(2, unread_since=NOW - HOUR), box(3)))
    assert found.sentence == (
        "Nobody has read 2 mailboxes since 2026-03-01 10:00 UTC. Look into the log of the worker, "
        "and run `webcrm-sync doctor`."
    )
    assert (found.number, found.mailbox_ids, found.is_consequence) == (2, (1, 2), False)


def test_a_mailbox_in_trouble_is_not_read_for_that_reason() -> None:
    troubled = box(unread_since=NOW - HOUR, trouble="Busy.")
    _, silent = sorted(find(mailboxes=(troubled,)), key=lambda t: t.is_consequence)
    assert (silent.kind, silent.is_consequence) == (TroubleKind.SILENT, True)
    assert (silent.number, silent.mailbox_ids) == (1, (1,))
    assert silent.sentence.startswith("Nobody has read 1 mailbox since ")
    both = find(mailboxes=(troubled, box(2, unread_since=NOW - HOUR)))
    (silent,) = (t for t in both if t.kind is TroubleKind.SILENT)
    assert (silent.mailbox_ids, silent.is_consequence) == ((2,), False)


def test_without_a_worker_the_rest_follows() -> None:
    stale = box(unread_since=NOW - HOUR, subscription_ends_at=NOW, deaf_folders=1)
    old = MailFacts(1, NOW - HOUR, NOW - HOUR)
    worker, *others = find(mailboxes=(stale,), mails=old, heartbeats={"sync": None})
    assert worker.kind is TroubleKind.WORKER
    assert len(others) == 4
    assert all(other.is_consequence for other in others)


@pytest.mark.parametrize(
    ("unexplained", "webcrm", "follows"),
    [
        (NOW - HOUR, None, False),
        (NOW - HOUR, "It is down.", True),
        (NOW - LIMITS.after, None, True),
        (NOW, None, True),
        (None, None, True),
    ],
)
def test_a_mail_that_does_not_move_on(
    unexplained: datetime | None, webcrm: str | None, follows: bool
) -> None:
    found = find(mails=MailFacts(3, NOW - HOUR, unexplained), webcrm_trouble=webcrm)
    late = found[-1]
    assert (late.kind, late.number, late.is_consequence) == (TroubleKind.LATE, 3, follows)
    assert late.sentence == (
        "Mails on the way to webCRM: 3. The oldest has not moved on since 2026-03-01 11:00 UTC. "
        "`webcrm-sync status` shows what holds them; run `webcrm-sync doctor`."
    )


def test_push_is_lost_where_a_folder_has_no_subscription() -> None:
    deaf = box(deaf_folders=1, push_trouble="400 Not reachable.")
    found = only(mailboxes=(deaf, box(2)))
    assert found.mailbox_ids == (1,)
    assert found.sentence == (
        "Outlook does not announce the changes of 1 mailbox: new mails take minutes instead of "
        "seconds. Run `webcrm-sync doctor`; check that Graph reaches WEBCRM_SYNC_PUBLIC_URL. "
        "Graph says: 400 Not reachable."
    )
    assert find(mailboxes=(deaf,), is_push_enabled=False) == ()


def test_one_lost_notification_is_no_trouble_and_many_are() -> None:
    doubted = box(doubted_folders=1)
    assert find(mailboxes=(doubted, box(2), box(3))) == ()
    found = only(mailboxes=(doubted, box(2)))
    assert found.kind is TroubleKind.PUSH
    assert found.sentence.endswith("check that Graph reaches WEBCRM_SYNC_PUBLIC_URL.")
    fifth = (doubted, box(2, doubted_folders=1), box(3), box(4), box(5))
    assert only(mailboxes=fifth).mailbox_ids == (1, 2)


def test_push_lost_for_a_known_reason_follows_from_it() -> None:
    both = find(mailboxes=(box(deaf_folders=1, trouble="Busy."),))
    assert [t.is_consequence for t in both] == [False, True]
    assert (both[1].number, both[1].mailbox_ids) == (1, (1,))
    assert both[1].sentence.startswith("Outlook does not announce the changes of 1 mailbox: ")
    both = find(mailboxes=(box(deaf_folders=1),), key_trouble="wrong key")
    assert [(t.kind, t.is_consequence) for t in both] == [
        (TroubleKind.KEY, False),
        (TroubleKind.PUSH, True),
    ]


def test_subscriptions_that_are_not_renewed() -> None:
    ends = box(subscription_ends_at=NOW + DAY - HOUR)
    found = only(mailboxes=(ends, box(2, subscription_ends_at=NOW + DAY)))
    assert (found.number, found.mailbox_ids) == (1, (1,))
    assert found.sentence == (
        "Nobody has renewed the subscriptions of 1 mailbox; the first ends at 2026-03-02 11:00 "
        "UTC. Run `webcrm-sync doctor`."
    )
    sooner = box(2, subscription_ends_at=NOW + HOUR)
    assert "the first ends at 2026-03-01 13:00 UTC" in only(mailboxes=(ends, sooner)).sentence
    assert find(mailboxes=(ends,), is_push_enabled=False) == ()
    both = find(mailboxes=(replace(ends, trouble="Busy."),))
    assert [t.is_consequence for t in both] == [False, True]
    both = find(mailboxes=(replace(ends, trouble="Busy."), sooner))
    assert [t.is_consequence for t in both] == [False, False]


def test_what_only_a_person_can_fix() -> None:
    found = find(
        mails=MailFacts(unlabelled=7), open_differences=2, held_jobs=("poll", "file", "poll")
    )
    assert [(t.kind, t.number) for t in found] == [
        (TroubleKind.LABEL, 7),
        (TroubleKind.PROOF, 2),
        (TroubleKind.JOB, 3),
    ]
    assert [t.severity for t in found] == [Severity.CRITICAL, Severity.WARNING, Severity.WARNING]
    assert [t.sentence for t in found] == [
        "webCRM does not know the label for e-mails, so mails wait. Add it to the Activity's "
        "drop-down, or name another one in WEBCRM_SYNC_WEBCRM_ACTION_IN or "
        "WEBCRM_SYNC_WEBCRM_ACTION_OUT.",
        "The last proof found what only a person can fix (2). Run `webcrm-sync prove`.",
        "Jobs wait after an unforeseen error: file, poll. The log line `job_failed` has the trace; "
        "please report it.",
    ]


@pytest.mark.parametrize(
    ("left", "severity", "when"),
    [
        (30 * DAY - HOUR, Severity.WARNING, "ends on 2026-03-31"),
        (29 * DAY, Severity.WARNING, "ends on 2026-03-30"),
        (3 * DAY, Severity.WARNING, "ends on 2026-03-04"),
        (2 * DAY, Severity.CRITICAL, "ends on 2026-03-03"),
        (HOUR, Severity.CRITICAL, "ends on 2026-03-01"),
        (timedelta(), Severity.CRITICAL, "ended on 2026-03-01"),
        (-DAY, Severity.CRITICAL, "ended on 2026-02-28"),
    ],
)
def test_what_ends(left: timedelta, severity: Severity, when: str) -> None:
    found = only(endings=(Ending(TroubleKind.CLIENT_CERTIFICATE, NOW + left),))
    assert found.severity is severity
    assert found.sentence == (
        f"The application's certificate in WEBCRM_SYNC_ENTRA_CLIENT_CERTIFICATE {when}. "
        "Register a new one in Entra, then replace the file."
    )
    assert found.key == f"client certificate: {NOW + left:%Y-%m-%d}"


def test_who_left_at_one_look_is_one_trouble_and_who_left_later_another() -> None:
    gone = [Departure(n, NOW - DAY, "Sales") for n in (2, 1)]
    both, later = find(departures=(*gone, Departure(3, NOW, "Sales")))
    decide = "Decide for each mailbox: `webcrm-sync mailbox remove` or, to keep it, "
    decide += "`webcrm-sync mailbox add`."
    assert both.sentence == f"2 owners have left the followed group Sales. {decide}"
    assert (both.mailbox_ids, later.mailbox_ids, both.number) == ((1, 2), (3,), 2)
    assert later.sentence == (
        f"The owner of a watched mailbox has left the followed group Sales. {decide}"
    )
    assert {both.kind, later.kind} == {TroubleKind.LEAVER}
    assert {both.severity, later.severity} == {Severity.WARNING}
    assert (both.key, later.key) == (
        "leaver: 2026-02-28T12:00:00+00:00",
        "leaver: 2026-03-01T12:00:00+00:00",
    )


def test_groups_that_cannot_be_read_are_one_trouble() -> None:
    found = only(group_troubles={"Service (2)": "Try again.", "Sales (1)": "Grant it."})
    assert found.sentence == "Nobody who joins is added (Sales (1), Service (2)): Grant it."
    assert (found.kind, found.number, found.severity) == (TroubleKind.GROUP, 2, Severity.WARNING)


def test_an_ending_that_is_far_away_hides_no_other() -> None:
    later = Ending(TroubleKind.TLS_CERTIFICATE, NOW + 90 * DAY)
    soon = Ending(TroubleKind.CLIENT_SECRET, NOW + DAY)
    assert only(endings=(later, soon)).kind is TroubleKind.CLIENT_SECRET


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (
            TroubleKind.CLIENT_SECRET,
            "The application's client secret in Entra ends on 2026-03-02. Create a new one in "
            "Entra, then set WEBCRM_SYNC_ENTRA_CLIENT_SECRET and "
            "WEBCRM_SYNC_ENTRA_CLIENT_SECRET_EXPIRES.",
        ),
        (
            TroubleKind.TLS_CERTIFICATE,
            "The server's certificate in WEBCRM_SYNC_TLS_CERT ends on 2026-03-02. Renew it and "
            "restart the service: without it neither Outlook nor Graph reaches us.",
        ),
    ],
)
def test_each_ending_says_what_to_renew(kind: TroubleKind, sentence: str) -> None:
    assert only(endings=(Ending(kind, NOW + DAY),)).sentence == sentence
