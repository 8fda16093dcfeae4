"""The jobs: which of them are about a mailbox, and in which queue each waits."""

from __future__ import annotations

from webcrm_sync.core.jobs import ClockJob, Job, Queue, Scope
from webcrm_sync.worker import SHARES


def test_jobs_about_a_mailbox_carry_its_id() -> None:
    about_a_mailbox = {job for job in Job if job.scope is Scope.MAILBOX}
    assert about_a_mailbox == {
        *(Job.DISCOVER, Job.READ_ON, Job.MARK, Job.MAINTAIN, Job.PROVE_MAILBOX)
    }
    assert {job.scope for job in set(Job) - about_a_mailbox} == {Scope.COMPANY}


def test_jobs_that_call_webcrm_wait_in_its_queue() -> None:
    calling = {job for job in Job if job.calls_webcrm}
    assert calling == {
        *(Job.FILE, Job.MIRROR, Job.REFRESH_DIRECTORY, Job.PROVE_WEBCRM, Job.CREATE_CUSTOMERS)
    }
    assert {job.queue for job in calling} == {Queue.WEBCRM}


def test_matching_has_a_queue_of_its_own() -> None:
    assert {job for job in Job if job.queue is Queue.MATCHING} == {Job.MATCH}
    assert Job.DISCOVER.queue is Queue.MAILBOXES


def test_floods_have_a_queue_of_their_own() -> None:
    assert {job for job in Job if job.queue is Queue.FURTHER_PAGES} == {Job.READ_ON}


def test_job_names_are_unique() -> None:
    names = [job.value for job in [*Job, *ClockJob]]
    assert len(names) == len(set(names))


def test_the_workers_of_serve_share_every_queue_among_them() -> None:
    shared = [queue for queues in SHARES.values() for queue in queues]
    assert sorted(shared) == sorted(Queue)
