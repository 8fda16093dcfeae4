"""What this version shows and does of a company of revision 0012, down to the jobs in its queue."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import procrastinate
import pytest
from sqlalchemy import Engine, Enum

from support.pane_user import PaneUser
from support.recorded import Recording
from support.recorded_company import Company
from webcrm_sync import worker
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import ClockJob, Job, Queue
from webcrm_sync.core.matching import MatchedBy
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.fault_isolation import incidents
from webcrm_sync.engine.pane.contacts import PersonDraft, create_contact
from webcrm_sync.engine.pane.mail_status_rules import Action
from webcrm_sync.store.schema.columns import metadata
from webcrm_sync.store.schema.requests import UpdateKind
from webcrm_sync.web.api.schemas import MailStateShape

pytestmark = pytest.mark.parametrize("recording", ["0012"], indirect=True)
#: The version that wrote the recording.
RECORDED_VERSION = "0.1.0"
#: What a company with its settings never stores, and what only later versions do.
UNREACHED = {MatchedBy.NONE.value, Reason.PRIVATE.value, UpdateKind.OPPORTUNITY.value}
#: Tables with stored words that later versions added.
LATER_TABLES = {"alert", "alert_message"}
#: Actions that later versions of the pane offer besides the others.
LATER_ACTIONS = {Action.EDIT_PLACES.value, Action.ADD_CUSTOMER.value}
_PATIENCE_S = 60


def test_the_recording_holds_every_stored_word(recording: Recording) -> None:
    for table in metadata.tables.values():
        if table.name in LATER_TABLES:
            continue
        for column in table.columns:
            if isinstance(column.type, Enum):
                found = {row.get(column.name) for row in recording.rows[table.name]} - {None}
                known = set(column.type.enums) - UNREACHED
                assert (table.name, column.name, found) == (table.name, column.name, known)
    rows = recording.rows
    assert {row["kind"] for row in rows["event"]} <= set(EventKind)
    assert {row["thing"].split()[0] for row in rows["incident"]} == {
        *("mail", "copy", "mark", "wish", "mirror")
    }
    assert any(row["organisations"] for row in rows["press"])
    assert any(row["is_past"] for row in rows["item"])
    names = ("pictures", "reply_to", "sent_by", "referenced_ids", "cids")
    assert all(any(row.get(name) for row in rows["email"]) for name in names)


def as_then(shown: Any, recorded: Any) -> Any:
    """What the pane shows, without the keys and actions that later versions added."""
    match shown, recorded:
        case dict(), dict():
            return {key: as_then(shown[key], recorded[key]) for key in recorded}
        case list(), list() if all(isinstance(one, str) for one in shown):
            return [one for one in shown if one not in LATER_ACTIONS]
        case list(), list() if len(shown) == len(recorded):
            return [as_then(*pair) for pair in zip(shown, recorded, strict=True)]
        case _:
            return shown


def test_the_pane_shows_each_mail_as_before(company: Company) -> None:
    shown = {}
    for name in company.recording.pane:
        box, item = company.copy(name)
        status = PaneUser(company.scenario, box, box.name).status(item)
        shape = MailStateShape.model_validate(status, from_attributes=True)
        recorded = company.recording.pane[name]
        shown[name] = as_then(shape.model_dump(mode="json", by_alias=True), recorded)
    # The pane now shows at once what was chosen with the button.
    (chosen,) = shown["pressed"].pop("targets")
    assert chosen["organisation"] == "Skovby"
    assert company.recording.pane["pressed"].pop("targets") == []
    assert shown == company.recording.pane
    assert not company.is_anything_written()


def test_what_errors_held_back_waits_for_another_version(company: Company) -> None:
    scenario = company.scenario
    scenario.context = replace(scenario.context, version=RECORDED_VERSION)
    company.run_all_retries()
    held = {"not foreseen", "not read", "mark not foreseen"}
    states, recorded = company.states(), company.recorded_states()
    assert {name: states[name] for name in held} == {name: recorded[name] for name in held}


def test_jobs_that_failed_or_died_work_again(company: Company) -> None:
    company.scenario.is_guarded = True
    company.run_all_retries()
    assert company.select("SELECT task, thing FROM begun") == []
    assert company.select("SELECT task FROM job_trouble") == []


def test_every_recorded_job_is_known_under_its_name(recording: Recording) -> None:
    queue = recording.rows["procrastinate_jobs"]
    assert {row["queue_name"] for row in queue} <= set(Queue)
    assert {row["task_name"] for row in queue} <= {*Job, *ClockJob}
    assert {"file", "discover", "tick"} <= {j["task_name"] for j in queue if j["status"] == "doing"}
    assert {"file", "discover", "tick"} <= {j["task_name"] for j in queue if j["status"] == "todo"}


def test_workers_take_up_the_recorded_queue(company: Company, recorded_database: Engine) -> None:
    before, recorded = company.scenario.activities, company.recorded_states()
    expected = company.recording.expected
    url = recorded_database.url.render_as_string(hide_password=False)
    context = company.scenario.context
    incidents.release_after_upgrade(context)
    app = worker.build_app(context, url)
    ids = [row["id"] for row in company.recording.rows["procrastinate_jobs"]]

    def is_done() -> bool:
        company.scenario.sandbox.clock.advance(timedelta(seconds=20))
        old = "SELECT id FROM procrastinate_jobs WHERE id <= :last AND status IN ('todo', 'doing')"
        is_queued = bool(company.select(old, last=max(ids)))
        return not is_queued and company.states() == recorded | expected.ends

    asyncio.run(_work_until(app, is_done))
    assert company.states() == recorded | expected.ends
    new = Counter(a["ActivityDescription"] for a in company.scenario.activities if a not in before)
    assert new == Counter([*expected.filed, *expected.changed])
    assert company.differences() == []


async def _work_until(app: procrastinate.App, is_done: Callable[[], bool]) -> None:
    """Run the workers of this version. After the patience a test's assertions say what lacks."""
    async with app.open_async():
        workers = worker.start_workers(app)
        loop = asyncio.get_running_loop()
        end = loop.time() + _PATIENCE_S
        while not await asyncio.to_thread(is_done) and loop.time() < end:
            await asyncio.sleep(0.2)
        for one in workers:
            one.cancel()
        await asyncio.gather(*workers)


def test_waiting_mails_are_filed_with_their_pictures_and_headers(company: Company) -> None:
    company.run_all_retries()
    before = company.scenario.activities
    company.scenario.add_contact("art@later.example", "Later")
    company.scenario.poll_webcrm()
    new = [a for a in company.scenario.activities if a not in before]
    memos = {a["ActivityDescription"]: a["ActivityMemo"] for a in new}
    assert sorted(memos) == ["New headers", "New picture"]
    assert "Left out: image002.png" in memos["New picture"]  # the company's limit is very low


def test_contact_that_was_being_created_is_not_created_twice(company: Company) -> None:
    scenario = company.scenario
    company.run_all_retries()
    draft = PersonDraft("Ny Havn", "ny@havnebyg.example", scenario.organisations["Havnebyg"])
    (person,) = [p for p in scenario.sandbox.crm.persons if p["PersonEmail"] == draft.address]
    assert create_contact(scenario.context, draft) == person["PersonId"]
    assert not scenario.sandbox.journal.select("webcrm", method="POST", path="/Persons")
