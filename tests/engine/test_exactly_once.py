"""Deaths and second workers at every step: one Activity per mail, one Document per file."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import timedelta

import pytest

from support.interleave import Death, die, worker
from support.scenario import BO, BOTH, FOLDER, KIM, Scenario
from webcrm_sync.engine.mirroring.plan import mirror
from webcrm_sync.webcrm.field_metadata import FieldMetadata
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

SEVERAL = (File("a.txt", b"first"), File("a.txt", b"second"), File("a.txt", b"third"))


def recover(scenario: Scenario) -> None:
    """Let enough time pass for all work to finish."""
    for _ in range(2):
        scenario.run_all_retries()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_around_the_bulk_request_duplicates_and_loses_nothing(
    scenario: Scenario, box: SimMailbox, moment: str
) -> None:
    item = scenario.drag(box, Mail("Once", BO, KIM))
    dying = worker(scenario, "webcrm", "write_activities", **{moment: die})
    with pytest.raises(Death):
        dying.discover()
    recover(scenario)
    assert len(scenario.activities) == 1
    assert box.read(item).categories == BOTH


def test_search_that_lags_behind_a_slow_write_duplicates_nothing(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.crm.search_lag = timedelta(seconds=55)
    scenario.sandbox.faults.lose(
        service="webcrm", when=lambda m, p: (m, p) == ("PATCH", "/Activities"), limit=1
    )
    scenario.drag(box, Mail("Slow", BO, KIM))
    # webCRM needs half a minute for the request, and its answer is lost.
    slow = worker(
        scenario,
        "webcrm",
        "write_activities",
        before=lambda: scenario.sandbox.clock.advance(timedelta(seconds=29)),
    )
    slow.discover()
    for _ in range(30):
        scenario.wait(timedelta(seconds=5))
    assert len(scenario.activities) == 1


def test_two_workers_that_read_the_same_filings_send_them_once(
    scenario: Scenario, box: SimMailbox
) -> None:
    items = [scenario.drag(box, Mail(f"Mail {n}", BO, KIM)) for n in range(3)]
    stalled = worker(scenario, "webcrm", "list_fields", before=scenario.discover)
    # Another process has fields of its own.
    fields = FieldMetadata(fetch=stalled.context.webcrm.list_fields, now=stalled.context.now)
    stalled.context = replace(stalled.context, metadata=fields)
    stalled.discover()
    recover(scenario)
    assert len(scenario.activities) == 3
    assert all(box.read(i).categories == BOTH for i in items)


@pytest.mark.parametrize("name", ["write_activities", "write_document"])
def test_worker_that_slept_after_its_intent_no_longer_sends(
    scenario: Scenario, box: SimMailbox, name: str
) -> None:
    item = scenario.drag(box, Mail("Asleep", BO, KIM, attachments=(File("a.txt", b"a"),)))
    asleep = worker(
        scenario,
        "webcrm",
        name,
        before=lambda: scenario.sandbox.clock.advance(timedelta(seconds=40)),
    )
    asleep.discover()
    recover(scenario)
    path = "/Activities" if name == "write_activities" else "/Documents"
    writes = [e for e in scenario.sandbox.journal.select("webcrm", path=path) if e.method != "GET"]
    assert len(writes) == 1
    assert (len(scenario.activities), len(scenario.documents)) == (1, 1)
    assert box.read(item).categories == BOTH


def test_late_second_search_does_not_undo_a_newer_intent(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Looked for", BO, KIM))
    scenario.sandbox.faults.refuse(
        service="webcrm", when=lambda m, p: (m, p) == ("PATCH", "/Activities"), limit=1
    )
    scenario.discover()
    scenario.wait(timedelta(seconds=3))
    scenario.sandbox.crm.search_lag = timedelta(seconds=30)
    scenario.sandbox.clock.advance(timedelta(seconds=60))
    slow = worker(scenario, "webcrm", "list_keyed_activities", after=scenario.discover)
    slow.discover()
    recover(scenario)
    assert len(scenario.activities) == 1
    assert box.read(item).categories == BOTH


@pytest.mark.parametrize("name", ["write_documents", "write_document"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_around_the_attachments_duplicates_and_loses_none(
    scenario: Scenario, box: SimMailbox, name: str, moment: str
) -> None:
    big = File("big.bin", b"x" * 1_200_000)
    item = scenario.drag(box, Mail("Files", BO, KIM, attachments=(*SEVERAL, big)))
    dying = worker(scenario, "webcrm", name, **{moment: die})
    with pytest.raises(Death):
        dying.discover()
    recover(scenario)
    assert sorted(contents(scenario)) == sorted([b"first", b"second", b"third", big.content])
    assert box.read(item).categories == BOTH


def test_files_with_one_name_are_distinguished_when_only_some_arrived(
    scenario: Scenario, box: SimMailbox
) -> None:
    files = (File("a.bin", b"1" * 1_200_000), File("a.bin", b"2" * 1_200_000))
    scenario.drag(box, Mail("Twins", BO, KIM, attachments=files))
    # The first one is saved; the connection breaks before webCRM receives the second one.
    first = worker(
        scenario,
        "webcrm",
        "write_document",
        after=lambda: scenario.sandbox.faults.refuse(
            service="webcrm", when=lambda m, p: (m, p) == ("POST", "/Documents"), limit=1
        ),
    )
    first.discover()
    recover(scenario)
    assert sorted(contents(scenario)) == sorted(f.content for f in files)


def test_two_workers_that_read_the_same_files_write_them_once(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.drag(box, Mail("Files", BO, KIM, attachments=SEVERAL))
    stalled = worker(scenario, "graph", "read_files", before=scenario.discover)
    stalled.discover()
    recover(scenario)
    assert len(scenario.documents) == 3


def contents(scenario: Scenario) -> list[bytes]:
    """The contents of webCRM's Documents."""
    return [b64decode(d["DocumentFile"]) for d in scenario.documents]


@pytest.fixture
def sender(scenario: Scenario) -> tuple[int, int]:
    """The ids of a webCRM user and of a Person to write to."""
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    return user, person


@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_around_the_mirror_creates_one_mail(
    scenario: Scenario, sender: tuple[int, int], moment: str
) -> None:
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.sandbox.crm.send_mail(*sender, "Order", "Thank you")
    dying = worker(scenario, "graph", "create_sent_mail", **{moment: die})
    with pytest.raises(Death):
        dying.poll_webcrm()
    recover(scenario)
    assert len(box.messages(f"sentitems/{FOLDER}")) == 1


def test_two_workers_with_the_same_mirror_create_one_mail(
    scenario: Scenario, sender: tuple[int, int]
) -> None:
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.sandbox.crm.send_mail(*sender, "One", "Thank you")
    scenario.sandbox.crm.send_mail(*sender, "Two", "Thank you")
    stalled = worker(scenario, "graph", "create_sent_mail", after=lambda: mirror(scenario.context))
    stalled.poll_webcrm()
    recover(scenario)
    assert len(box.messages(f"sentitems/{FOLDER}")) == 2
