"""Each trouble and its end reaches people, by a real mail server and a webhook, and only once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import trustme

from support.scenario import BO, KIM
from support.watched import OpenWatched, Watched
from webcrm_sync.core.jobs import Queue
from webcrm_sync.store.job_failures import postpone
from webcrm_sync_sandbox.outlook.mail import Mail


@pytest.fixture
def watched(open_watched: OpenWatched) -> Watched:
    """A healthy company."""
    return open_watched()


def test_a_healthy_company_sends_nothing(watched: Watched) -> None:
    watched.wait()
    assert (watched.mail.mails, watched.webhook.bodies) == ([], [])


# ---- each kind, and its end ----------------------------------------------------------------


def test_webcrm_refuses(watched: Watched) -> None:
    watched.scenario.sandbox.faults.unavailable(service="webcrm")
    watched.wait()
    watched.told("webCRM does not answer, or refuses", "webcrm")
    watched.wait()
    watched.scenario.sandbox.faults.clear()
    watched.wait(25)
    watched.told("over: webCRM does not answer, or refuses", "webcrm")


def test_entra_refuses_the_secret(watched: Watched) -> None:
    trouble = "WEBCRM_SYNC_ENTRA_CLIENT_SECRET has expired: create a new one in Entra."
    watched.run("UPDATE mailbox SET trouble = :t, gate_at = '9999-01-01', attempts = 9", t=trouble)
    watched.wait()
    assert trouble in watched.mail.mails[0].get_content()
    watched.told("Entra gives no token", "entra")
    watched.run("UPDATE mailbox SET trouble = NULL, gate_at = NULL, attempts = 0")
    watched.wait()
    watched.told("over: Entra gives no token", "entra")


def test_a_mailbox_in_trouble_is_named(watched: Watched) -> None:
    watched.scenario.sandbox.faults.unavailable(service="graph")
    watched.wait()
    mail = watched.mail.mails[0].get_content()
    assert f"- {KIM}" in mail
    assert watched.webhook.bodies[0]["data"]["mailboxes"] == [KIM]
    watched.told("mailboxes wait", "mailbox")
    watched.scenario.sandbox.faults.clear()
    watched.wait(25)
    watched.told("over: mailboxes wait", "mailbox")


def test_a_mailbox_that_nobody_reads(watched: Watched) -> None:
    """As when the job is lost, or every lane hangs: nothing in the tables says why."""
    blocked = "INSERT INTO job_trouble (company_id, task, subject_id, due_at)"
    jobs = "('poll'), ('discover'), ('read on')"
    watched.run(
        f"{blocked} SELECT c.id, t.task, s.id, '9999-01-01' FROM company c,"
        f" (VALUES {jobs}) t (task), generate_series(1, 9) s (id)"
    )
    watched.run("UPDATE folder SET poll_due_at = poll_due_at - interval '1 hour'")
    watched.wait()
    watched.told("mailboxes are not read", "silent mailbox")
    watched.run("DELETE FROM job_trouble")
    watched.wait()
    watched.told("over: mailboxes are not read", "silent mailbox")


def test_a_mail_that_does_not_move_on(watched: Watched) -> None:
    box = watched.scenario.sandbox.outlook.mailboxes[0]
    watched.scenario.drag(box, Mail("In", BO, KIM))
    watched.scenario.discover()
    watched.run("UPDATE item SET state = 'matched', state_at = :then", then=watched.ago(hours=2))
    watched.wait()
    watched.told("mails do not move on", "late mail")
    watched.run("UPDATE item SET state = 'synced'")
    watched.wait()
    watched.told("over: mails do not move on", "late mail")


def test_outlook_announces_nothing(open_watched: OpenWatched) -> None:
    watched = open_watched(PUBLIC_URL="http://127.0.0.1:9")  # nobody is there, says Graph
    watched.wait()
    assert "Graph says: 400 ValidationError" in watched.mail.mails[0].get_content()
    watched.told("Outlook does not announce changes", "push")
    subscribed = "subscription_id = id, subscription_expires_at = '9000-01-01', client_state = :s"
    sealed = watched.scenario.context.cipher.encrypt("known to Graph and us")
    watched.run(f"UPDATE folder SET subscription_address = '', {subscribed}", s=sealed)
    watched.run("UPDATE mailbox SET keep_due_at = '9999-01-01'")
    watched.wait()
    watched.told("over: Outlook does not announce changes", "push")


def test_a_subscription_that_nobody_renews(open_watched: OpenWatched) -> None:
    watched = open_watched(PUBLIC_URL="http://127.0.0.1:9")
    sealed = watched.scenario.context.cipher.encrypt("known to Graph and us")
    watched.run(
        "UPDATE folder SET subscription_id = id, client_state = :s, subscription_expires_at = :t",
        s=sealed,
        t=watched.ago(hours=-20),
    )
    watched.run("UPDATE mailbox SET keep_due_at = '9999-01-01', push_trouble = NULL")
    watched.wait()
    watched.told("subscriptions are not renewed", "subscription")
    watched.run("UPDATE folder SET subscription_expires_at = :t", t=watched.ago(hours=-70))
    watched.wait()
    watched.told("over: subscriptions are not renewed", "subscription")


def test_a_key_that_opens_no_secret(open_watched: OpenWatched) -> None:
    watched = open_watched(PUBLIC_URL="http://127.0.0.1:9")
    watched.run("UPDATE mailbox SET keep_due_at = '9999-01-01', push_trouble = NULL")
    ends = watched.ago(hours=-70)
    subscribed = "UPDATE folder SET subscription_id = id, subscription_expires_at = :t"
    watched.run(f"{subscribed}, client_state = 'sealed by another key'", t=ends)
    watched.wait()
    watched.told("secrets cannot be opened", "key")
    sealed = watched.scenario.context.cipher.encrypt("known to Graph and us")
    watched.run("UPDATE folder SET client_state = :s", s=sealed)
    watched.wait()
    watched.told("over: secrets cannot be opened", "key")


def test_a_proof_that_needs_a_person(watched: Watched) -> None:
    found = json.dumps([{"kind": "double", "is_healed": False}])
    watched.run(
        "INSERT INTO webcrm_proof (company_id, proved_at, differences)"
        " SELECT id, now(), CAST(:d AS jsonb) FROM company",
        d=found,
    )
    watched.wait(2)
    watched.told("the proof needs a person", "proof")
    watched.run("UPDATE webcrm_proof SET differences = '[]'")
    watched.wait()
    watched.told("over: the proof needs a person", "proof")


def test_a_job_that_a_bug_holds_back(watched: Watched) -> None:
    context = watched.scenario.context
    with context.begin() as tx:
        later = tx.now + timedelta(days=9)
        company = context.company_id
        postpone(tx, "directory", company, due_at=later, attempts=9, trouble="A bug.")
    watched.wait()
    watched.told("a job is held back", "job")
    watched.run("DELETE FROM job_trouble")
    watched.wait()
    watched.told("over: a job is held back", "job")


def test_mails_wait_for_a_label(watched: Watched) -> None:
    box = watched.scenario.sandbox.outlook.mailboxes[0]
    watched.scenario.drag(box, Mail("In", BO, KIM))
    watched.scenario.discover()
    watched.run("UPDATE item SET state = 'parked', reason = 'unknown label', retry_at = NULL")
    watched.wait()
    watched.told("webCRM does not know the label for e-mails", "label")
    watched.run("UPDATE item SET state = 'synced', reason = NULL")
    watched.wait()
    watched.told("over: webCRM does not know the label for e-mails", "label")


def test_a_part_of_the_jobs_without_a_worker(watched: Watched) -> None:
    watched.wait(dead={Queue.MAILBOXES})
    assert "No worker runs the jobs of sync." in watched.mail.mails[0].get_content()
    watched.told("a part of the jobs has no worker", "worker")
    watched.wait()
    watched.told("over: a part of the jobs has no worker", "worker")


def test_the_disk_gets_full(open_watched: OpenWatched, tmp_path: Path) -> None:
    watched = open_watched(DATA_DIR=str(tmp_path), ALERT_DISK_FREE_MB="1000000000")
    watched.wait()
    watched.told("the disk is nearly full", "disk")
    watched.change_settings(alert_disk_free_mb=0)
    watched.wait()
    watched.told("over: the disk is nearly full", "disk")


def test_the_client_secret_ends(open_watched: OpenWatched) -> None:
    watched = open_watched()
    ends = watched.ago(hours=-24 * 20)
    watched.change_settings(entra_client_secret_expires=ends)
    watched.wait(2)
    watched.told("the client secret ends", "client secret")
    watched.change_settings(entra_client_secret_expires=ends + timedelta(days=365))
    watched.wait()
    watched.told("over: the client secret ends", "client secret")


@pytest.mark.parametrize(
    ("setting", "subject", "kind"),
    [
        ("tls_cert", "the server's certificate ends", "tls certificate"),
        ("entra_client_certificate", "the application's certificate ends", "client certificate"),
    ],
)
def test_a_certificate_ends(
    watched: Watched, tmp_path: Path, setting: str, subject: str, kind: str
) -> None:
    pem = tmp_path / "certificate.pem"
    _write_certificate(pem, watched.ago(hours=-24 * 20))
    secret = {} if setting == "tls_cert" else {"entra_client_secret": None}
    watched.change_settings(**{setting: pem}, **secret)
    watched.wait(2)
    watched.told(subject, kind)
    _write_certificate(pem, watched.ago(hours=-24 * 365))
    watched.wait()
    watched.told(f"over: {subject}", kind)


def _write_certificate(path: Path, ends: datetime) -> None:
    issued = trustme.CA().issue_cert("sync.example", not_after=ends)
    path.write_bytes(issued.cert_chain_pems[0].bytes())
