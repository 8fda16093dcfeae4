"""An exception planted at a step of one mail's way: no other mail waits, none is doubled."""

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
#: Rows of this story's mails are numbered from here on, and those of filings from a bit further.
_EMAILS, _ITEMS, _FILINGS = 7_000_001, 8_000_001, 9_000_001
_NUMBERED = "".join(
    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {first}, false);"
    for table, first in (("email", _EMAILS), ("item", _ITEMS), ("filing", _FILINGS))
)
#: What sets a culprit aside, and what takes a whole answer, page or turn, is not about one mail:
#: these read no word of it. Nor is the call that sends a bulk: what is raised in it leaves all of
#: them unclear, to be looked for. (`among` is given many at once; what calls it is played.)
NET = (
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
#: Set it to play every function; otherwise one of so many is played.
IS_FULL, SOME = bool(os.environ.get("WEBCRM_SYNC_EVERY_CRASH")), 12
#: Some steps of a mail's way; the search plays every function that is called about it.
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


def is_of_the_net(place: str) -> bool:
    """True for a function of NET, or of a module in it, and for what makes a dataclass."""
    module, _, function = place.partition(":")
    return place in NET or f"{module}:" in NET or function.startswith("__create_fn__")


class Scene:
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


def rows_of_the_poison(runner: FaultRunner) -> frozenset[int]:
    """The numbers that its rows get, each time the same."""
    scene = Scene(runner)
    with runner.working(is_lagging=False) as worker:
        worker.discover()
        query = (
            "SELECT e.id, i.id, f.id FROM email e JOIN item i ON i.email_id = e.id"
            " JOIN filing f ON f.email_id = e.id WHERE e.subject = :subject"
        )
        with worker.context.begin() as tx:
            (found,) = tx.connection.execute(text(query), {"subject": WORD})
    assert scene.are_others_synced()
    return frozenset(found)


@pytest.fixture(scope="module")
def rows(runner: FaultRunner) -> frozenset[int]:
    return rows_of_the_poison(runner)


def played(runner: FaultRunner, rows: frozenset[int], place: str | None) -> ErrorPlanter:
    """The story with the exception planted; what is wrong with its end is asserted."""
    scene = Scene(runner)
    scene.rows = rows
    planting = ErrorPlanter(scene.marks(), place)
    with planting.watching(), runner.working(is_lagging=False) as worker:
        scenario = Scenario(runner.sandbox, worker.context, is_guarded=True)
        scenario.discover()
        for seconds in (2, 3):
            scenario.wait(timedelta(seconds=seconds))
        assert scene.are_others_synced(), f"others wait: {scene.subjects()}"
        assert [s for s in scene.subjects() if s != WORD] == ["One", "Two"]
    with runner.working(is_lagging=False) as worker:
        told = ("parked", "synced") if planting.raised else ("synced",)
        with worker.context.begin() as tx:
            state = tx.connection.scalar(
                text("SELECT state FROM item WHERE graph_id = :i"), {"i": scene.poison}
            )
        assert state in {*told, "filed", None}, state
        healed = Scenario(runner.sandbox, replace(worker.context, version="next"), is_guarded=True)
        healed.wait(timedelta(hours=1))
        for seconds in (3, 65, 65):
            healed.wait(timedelta(seconds=seconds))
        assert scene.subjects() == sorted(["One", "Two", WORD])
        assert scene.box.read(scene.poison).categories == BOTH
    return planting


@pytest.mark.parametrize("place", STEPS)
def test_other_mails_are_synced_when_the_exception_is_planted_in_a_step(
    runner: FaultRunner, rows: frozenset[int], place: str
) -> None:
    assert played(runner, rows, place).raised


@pytest.mark.search
def test_other_mails_are_synced_wherever_the_exception_is_planted(
    runner: FaultRunner,
    rows: frozenset[int],
    record_property: Callable[[str, object], None],
) -> None:
    places = sorted(played(runner, rows, None).seen)
    record_property("counted", f"{len(places)} functions")
    found = []
    for place in places[:: 1 if IS_FULL else SOME]:
        if is_of_the_net(place):
            continue
        try:
            played(runner, rows, place)
        except (AssertionError, PlantedError) as error:
            found.append(f"{place}: {error}")
    assert not found, "\n".join(found)
