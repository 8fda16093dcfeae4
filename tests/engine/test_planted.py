"""An exception is planted in one step of one mail: no other mail waits, none is duplicated."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from support.fault_runner import FaultRunner
from support.planting import ErrorPlanter, MailTraces, PlantedError
from support.scenario import BO, BOTH, KIM, LIS, Scenario
from webcrm_sync_sandbox.outlook.mail import File, Mail

WORD = "Poisonous"
#: The ids of this story's rows start here, those of its filings a bit higher.
_EMAILS, _ITEMS, _FILINGS = 7_000_001, 8_000_001, 9_000_001
_NUMBERED = "".join(
    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {first}, false);"
    for table, first in (("email", _EMAILS), ("item", _ITEMS), ("filing", _FILINGS))
)
#: Functions that are not about one mail: those that set a culprit aside, and those that process a
#: whole answer, page or batch without reading a mail's words. Nor is the call that sends a bulk: an
#: exception in it leaves the whole bulk unclear. (`among` gets many mails; its callers are tested.)
NOT_ABOUT_ONE_MAIL = (
    "engine.fault_isolation.isolate:",
    "engine.fault_isolation.incidents:",
    "engine.fault_isolation.crash_markers:",
    "engine.fault_isolation.job_backoff:",
    "engine.discovery.unreadable_copies:_hold",
    "engine.filing.pipeline:FilingPipeline._released_on_error",
    "engine.discovery.page_reader:read_page_facts",
    "engine.discovery.page_writer:write_page",
    "engine.filing.submit:_send",
    "engine.filing.submit:send",
    "webcrm.client:WebCrm.write_activities",
    "engine.filing.batch:Batch.is_empty",
    "store.any_of:any_of",
    "store.incident_records:",
    "store.items.transitions:park_unforeseen",
    "store.filings:hold",
    "store.items.marks:hold",
    "store.items.marks:_explain",
    "graph.transport:",
    "graph.wire:_read_entry",
    "graph.wire:read_page",
    "graph.wire:get_objects",
    "graph.wire:get_text",
)
#: If set, every function is tested; otherwise one of twelve.
IS_FULL, SOME = bool(os.environ.get("WEBCRM_SYNC_EVERY_CRASH")), 12
#: Some steps of a mail; the search tests every function that is called about it.
STEPS = [
    "graph.wire:read_message",
    "engine.discovery.arrivals:email_row",
    "engine.matching.decide:decision_for",
    "core.filing:draft_activity",
    "webcrm.requests:_activity_record",
    "engine.filing.submit:_record",
    "webcrm.requests:document_body",
    "engine.filing.documents:_write",
    "engine.marking:plan_marking",
]


def is_excluded(place: str) -> bool:
    """True for the functions and modules of NOT_ABOUT_ONE_MAIL and for generated functions."""
    module, _, function = place.partition(":")
    return (
        place in NOT_ABOUT_ONE_MAIL
        or f"{module}:" in NOT_ABOUT_ONE_MAIL
        or function.startswith("__create_fn__")
    )


class Story:
    """Three mails of customers in one page and one bulk, one of them poisonous."""

    def __init__(self, runner: FaultRunner) -> None:
        runner.restore_all()
        runner.sandbox.crm.search_lag = timedelta()
        self.sandbox, self.runner = runner.sandbox, runner
        with runner.before.begin() as tx:
            tx.connection.execute(text(_NUMBERED))
        self.box = runner.sandbox.outlook.mailbox(KIM)
        file = (File(f"{WORD}.txt", b"Small"),)
        mails = [
            Mail("One", BO, KIM, message_id="<one@x.example>", attachments=(File("a.txt", b"a"),)),
            Mail(WORD, BO, KIM, message_id=f"<{WORD}@x.example>", attachments=file),
            Mail("Two", LIS, KIM, message_id="<two@x.example>"),
        ]
        items = [self.box.deliver(mail) for mail in mails]
        self.one, self.poison, self.two = items
        for item in items:
            self.box.move(item, "inbox/webCRM sync")

    def marks(self) -> MailTraces:
        return MailTraces((WORD, self.poison), frozenset(self.rows))

    rows: frozenset[int] = frozenset()

    def subjects(self) -> list[str]:
        return sorted(str(a["ActivityDescription"]) for a in self.sandbox.crm.activities)

    def are_others_synced(self) -> bool:
        return all(self.box.read(i).categories == BOTH for i in (self.one, self.two))


def ids_of_poisonous_rows(runner: FaultRunner) -> frozenset[int]:
    """The ids of the poisonous mail's rows, the same in each run."""
    story = Story(runner)
    with runner.new_worker(is_lagging=False) as worker:
        worker.discover()
        query = (
            "SELECT e.id, i.id, f.id FROM email e JOIN item i ON i.email_id = e.id"
            " JOIN filing f ON f.email_id = e.id WHERE e.subject = :subject"
        )
        with worker.context.begin() as tx:
            (found,) = tx.connection.execute(text(query), {"subject": WORD})
    assert story.are_others_synced()
    return frozenset(found)


@pytest.fixture(scope="module")
def rows(runner: FaultRunner) -> frozenset[int]:
    return ids_of_poisonous_rows(runner)


def run_planted(runner: FaultRunner, rows: frozenset[int], place: str | None) -> ErrorPlanter:
    """Run the story with the planted exception and check its result."""
    story = Story(runner)
    story.rows = rows
    planting = ErrorPlanter(story.marks(), place)
    with planting.watching(), runner.new_worker(is_lagging=False) as worker:
        scenario = Scenario(runner.sandbox, worker.context, is_guarded=True)
        scenario.discover()
        for seconds in (2, 3):
            scenario.wait(timedelta(seconds=seconds))
        assert story.are_others_synced(), f"others wait: {story.subjects()}"
        assert [s for s in story.subjects() if s != WORD] == ["One", "Two"]
    with runner.new_worker(is_lagging=False) as worker:
        told = ("parked", "synced") if planting.raised else ("synced",)
        with worker.context.begin() as tx:
            state = tx.connection.scalar(
                text("SELECT state FROM item WHERE graph_id = :i"), {"i": story.poison}
            )
        assert state in {*told, "filed", None}, state
        healed = Scenario(runner.sandbox, replace(worker.context, version="next"), is_guarded=True)
        healed.wait(timedelta(hours=1))
        for seconds in (3, 65, 65):
            healed.wait(timedelta(seconds=seconds))
        assert story.subjects() == sorted(["One", "Two", WORD])
        assert story.box.read(story.poison).categories == BOTH
    return planting


@pytest.mark.parametrize("place", STEPS)
def test_other_mails_are_synced_when_the_exception_is_planted_in_a_step(
    runner: FaultRunner, rows: frozenset[int], place: str
) -> None:
    assert run_planted(runner, rows, place).raised


@pytest.mark.search
def test_other_mails_are_synced_wherever_the_exception_is_planted(
    runner: FaultRunner,
    rows: frozenset[int],
    record_property: Callable[[str, object], None],
) -> None:
    places = sorted(run_planted(runner, rows, None).seen)
    record_property("counted", f"{len(places)} functions")
    found = []
    for place in places[:: 1 if IS_FULL else SOME]:
        if is_excluded(place):
            continue
        try:
            run_planted(runner, rows, place)
        except (AssertionError, PlantedError) as error:
            found.append(f"{place}: {error}")
    assert not found, "\n".join(found)
