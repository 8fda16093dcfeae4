"""The statements of a page and of a batch of marks do not grow with the mails in them."""

from __future__ import annotations

import pytest

from support.scenario import BO, BOTH, KIM, Scenario
from support.statements import statements_of
from webcrm_sync.core.jobs import Job
from webcrm_sync.store import folder_reads, mailboxes
from webcrm_sync.worker import run_step
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


@pytest.fixture
def mailbox_id(scenario: Scenario) -> int:
    """The watched mailbox."""
    scenario.add_contact()
    with scenario.context.begin() as tx:
        (box,) = mailboxes.all_mailboxes(tx)
    return box.id


def count(scenario: Scenario, job: Job, subject_id: int) -> int:
    """The number of statements that one run of the job sends."""
    with statements_of(scenario.context.database.engine) as sent:
        run_step(scenario.context, job, subject_id)
    return len(sent)


def request_read(scenario: Scenario, mailbox_id: int) -> None:
    with scenario.context.begin() as tx:
        folder_reads.request_read(tx, [f.id for f in mailboxes.folders(tx, mailbox_id)])


def test_fifteen_mails_take_as_many_statements_as_one(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    counts = []
    for number in (1, 15):
        items = [scenario.drag(box, Mail(f"{number}.{n}", BO, KIM)) for n in range(number)]
        request_read(scenario, mailbox_id)
        found = count(scenario, Job.DISCOVER, mailbox_id)
        for job in (Job.MATCH, Job.FILE):
            run_step(scenario.context, job, scenario.context.company_id)
        marked = count(scenario, Job.MARK, mailbox_id)
        request_read(scenario, mailbox_id)
        echo = count(scenario, Job.DISCOVER, mailbox_id)
        assert all(box.read(item).categories == BOTH for item in items)
        counts.append((found, marked, echo))
    assert counts[0] == counts[1]
