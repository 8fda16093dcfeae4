"""Messages about troubles: once each, in time, retried, and never a flood."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from support.receivers import BOSS, IT, MailServer
from support.scenario import KIM
from support.watched import OpenWatched, Watched
from webcrm_sync.engine.alerts.job import alert
from webcrm_sync.engine.operations.retention import housekeeping

FULL = "The mailbox is full. Free some space in it: work resumes by itself."
WAIT = "UPDATE mailbox SET trouble = :t, gate_at = '9999-01-01', attempts = 9"
HEAL = "UPDATE mailbox SET trouble = NULL, gate_at = NULL, attempts = 0"
UNREACHABLE = {"smtp_port": 9}


@pytest.fixture
def watched(open_watched: OpenWatched) -> Watched:
    """A healthy company with some mailboxes; the quiet ones are only rows."""
    watched = open_watched()
    watched.run(
        "INSERT INTO mailbox (company_id, user_id, address, display_name, added_at, mirror_since)"
        " SELECT company_id, n, n || '@nordwind.example', n, added_at, mirror_since"
        " FROM mailbox, generate_series(1, 29) n"
    )
    return watched


def test_equal_troubles_of_many_mailboxes_are_one_message(watched: Watched) -> None:
    watched.run(WAIT, t=FULL)
    watched.wait()
    (mail,) = watched.mail.mails
    said = mail.get_content()
    assert "30 mailboxes wait: The mailbox is full." in said
    assert said.count("@nordwind.example") == 20
    assert "- and 10 more: `webcrm-sync status --trouble`" in said
    assert (mail["To"], mail["Auto-Submitted"]) == (f"{BOSS}, {IT}", "auto-generated")
    assert sorted(watched.mail.receivers[0]) == [BOSS, IT]


def test_a_trouble_that_passes_by_itself_is_not_told(watched: Watched) -> None:
    for _ in range(4):
        watched.run(WAIT, t=FULL)
        watched.wait(3)
        watched.run(HEAL)
        watched.wait(4)
    assert watched.mail.mails == []


@pytest.mark.long
def test_a_trouble_that_comes_and_goes_sends_a_few_messages(watched: Watched) -> None:
    for _ in range(7):
        watched.run(WAIT, t=FULL)
        watched.wait(7)
        watched.run(HEAL)
        watched.wait(12)
    assert watched.mail.subjects == ["mailboxes wait", "over: mailboxes wait", "mailboxes wait"]


def test_a_trouble_that_spreads_is_told_again_but_not_each_time(watched: Watched) -> None:
    for number in range(1, 31):
        watched.run(f"{WAIT} WHERE id <= :n", t=FULL, n=number)
        watched.wait(6 if number == 1 else 1)
    assert watched.mail.subjects == [
        "mailboxes wait",
        *(f"mailboxes wait ({n} by now)" for n in (6, 12, 24)),
    ]
    watched.run(HEAL)
    watched.wait()
    assert watched.mail.subjects[-1] == "over: mailboxes wait"
    first, last = watched.mail.mails[0], watched.mail.mails[-1]
    assert last["References"] == first["Message-ID"]


def test_another_cause_is_another_message(watched: Watched) -> None:
    watched.run(f"{WAIT} WHERE address = :kim", t=FULL, kim=KIM)
    watched.run(f"{WAIT} WHERE address <> :kim", t="Outlook does not let us in.", kim=KIM)
    watched.wait()
    assert watched.mail.subjects == ["mailboxes wait"] * 2


def test_what_follows_from_a_trouble_is_not_told_too(watched: Watched) -> None:
    """Entra refuses: no mailbox is read, and mails of the past do not move on either."""
    watched.run("UPDATE folder SET poll_due_at = poll_due_at - interval '2 hours'")
    watched.run(WAIT, t="Entra gives no token: invalid_client")
    watched.wait(20)
    assert watched.mail.subjects == ["Entra gives no token"]


def test_a_message_that_is_not_accepted_is_seen_and_sent_later(watched: Watched) -> None:
    watched.mail.answer = "451 4.3.0 <it@nordwind.example>: try later"
    watched.webhook.status, watched.webhook.headers = 503, {"Retry-After": "240"}
    watched.run(WAIT, t=FULL)
    watched.wait(7)
    mail, webhook = watched.unsent()["mail"], watched.unsent()["webhook"]
    assert "does not take the mail (451 4.3.0 <*>: try later)" in mail
    assert "127.0.0.1 answered 503. Check WEBCRM_SYNC_ALERT_WEBHOOK_URL." in webhook
    assert "hush" not in webhook
    watched.mail.answer, watched.webhook.status = "250 OK", 204
    watched.wait(12)
    watched.told("mailboxes wait", "mailbox")
    assert watched.unsent() == {}


def test_a_channel_that_fails_delays_no_other(watched: Watched) -> None:
    watched.change_settings(**UNREACHABLE)
    watched.run(WAIT, t=FULL)
    watched.wait()
    assert watched.webhook.moments == [("alert.opened", "mailbox")]
    assert "does not answer (ConnectionRefusedError)" in watched.unsent()["mail"]


def test_one_of_the_receivers_is_refused(watched: Watched) -> None:
    watched.mail.refused.add(BOSS)
    watched.run(WAIT, t=FULL)
    watched.wait()
    assert watched.mail.receivers == [[IT]]


def test_after_a_crash_a_message_is_sent_again_under_the_same_id(watched: Watched) -> None:
    """The worker dies between the server's answer and the commit."""
    watched.run(WAIT, t=FULL)
    watched.wait(6)
    watched.run("UPDATE alert_message SET sent_at = NULL")
    watched.wait(2)  # the lease is not over yet
    assert len(watched.mail.mails) == 1
    watched.wait(5)
    first, second = watched.mail.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert len(watched.webhook.ids) == 2
    assert len(set(watched.webhook.ids)) == 1


def test_two_workers_never_send_one_message_twice(watched: Watched) -> None:
    watched.run(WAIT, t=FULL)
    watched.wait(4)
    for _ in range(4):
        watched.scenario.sandbox.clock.advance(timedelta(minutes=1))
        with ThreadPoolExecutor(4) as workers:
            for done in [workers.submit(alert, watched.scenario.context) for _ in range(4)]:
                done.result()
    assert (len(watched.mail.mails), len(watched.webhook.bodies)) == (1, 1)


def test_a_channel_that_is_set_later_learns_what_is_open(
    watched: Watched, receivers: tuple[MailServer, object]
) -> None:
    watched.change_settings(alert_mail_to=frozenset())
    watched.run(WAIT, t=FULL)
    watched.wait()
    assert watched.mail.mails == []
    watched.change_settings(alert_mail_to=frozenset({IT}))
    watched.wait(2)
    assert watched.mail.subjects == ["mailboxes wait"]


def test_no_log_line_holds_an_address(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watched.mail.refused |= {BOSS, IT}
    watched.run(WAIT, t=FULL)
    watched.wait()
    lines = [str(vars(record)) for record in caplog.records if "alert" in record.message]
    assert any("alert_not_sent" in line for line in lines)
    assert any("alert_sent" in line for line in lines)
    assert not any("@" in line for line in lines)


def test_what_is_over_is_forgotten_after_a_month(watched: Watched) -> None:
    watched.run(WAIT, t=FULL)
    watched.wait()
    watched.run(HEAL)
    watched.wait()
    with watched.scenario.context.begin() as tx:
        kept = tx.connection.exec_driver_sql("SELECT count(*) FROM alert_message").scalar()
    assert kept == 4
    watched.scenario.sandbox.clock.advance(timedelta(days=31))
    housekeeping(watched.scenario.context)
    with watched.scenario.context.begin() as tx:
        for table in ("alert", "alert_message"):
            left = tx.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
            assert left == 0
