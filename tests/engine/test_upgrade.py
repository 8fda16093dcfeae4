"""Databases of earlier versions, with mails in every state, are upgraded to this version.

The README.md of each recording says how it was recorded, and names its mails. What this version
makes of them is in its expected.json.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text

from support.pane_user import PaneUser
from support.recorded import Recording
from support.recorded_company import Company, open_company
from support.revisions import bring_to, database_of
from support.scenario import BO, BOTH, FOLDER, PENDING
from webcrm_sync.cli import migrate as migrate_command
from webcrm_sync.cli import prove as prove_command
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.recover import Rebuilt, find_users, rebuild
from webcrm_sync.store.migrate import migrate
from webcrm_sync.store.revision import is_current
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail

EVA, KIM, OLA = "eva@nordwind.example", "kim@nordwind.example", "ola@nordwind.example"
SYNCED = (State.SYNCED.value, None)


def test_the_recording_holds_mails_in_every_state(recording: Recording) -> None:
    items, mirrors = recording.rows["item"], recording.rows["mirror"]
    assert {item["state"] for item in items} == set(State)
    reasons = {item.get("reason") for item in items} - {None}
    assert reasons == set(Reason) - {Reason(reason) for reason in recording.expected.unreached}
    assert {mirror["state"] for mirror in mirrors} == {"mirrored", "none", "planned", "intended"}
    assert any(email["is_raw"] and email.get("content") for email in recording.rows["email"])
    assert all("deltatoken" in folder["cursor"] for folder in recording.rows["folder"])


@pytest.fixture
def commands(
    recording: Recording, recorded_sandbox: Sandbox, recorded_database: Engine, tmp_path: Path
) -> Iterator[CliRunner]:
    """The environment points the commands to the recording; its services follow the real clock."""
    clock = recorded_sandbox.clock
    clock.advance(datetime.now(UTC) - clock.now())
    url = recorded_database.url.render_as_string(hide_password=False)
    own = {**recording.world["settings"], "PUBLIC_URL": "https://nobody.example"}
    named = {**own, "DATABASE_URL": url, "SECRET_KEY": "test"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in recorded_sandbox.environment(**named).items():
            patch.setenv(name, value)
        patch.chdir(tmp_path)  # no `.env` is there
        yield CliRunner()


def test_prove_says_equal_after_migrate_without_one_write(
    recording: Recording, recorded_sandbox: Sandbox, recorded_database: Engine, commands: CliRunner
) -> None:
    assert commands.invoke(migrate_command.migrate).output == "The database is ready.\n"
    with open_company(recording, recorded_sandbox, recorded_database) as company:
        states = company.states()
    result = commands.invoke(prove_command.prove)
    assert (result.stdout.splitlines()[-1], result.exit_code) == ("Equal.", 0)
    with open_company(recording, recorded_sandbox, recorded_database) as company:
        assert company.scenario.sandbox.journal.count("webcrm") > 0
        assert company.scenario.sandbox.journal.count("graph") > 0
        assert not company.is_anything_written()
        assert company.states() == states


def rows(engine: Engine) -> dict[str, list[str]]:
    """Every row of every table of ours and of the queue."""
    tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    with engine.connect() as connection:
        names = connection.execute(text(f"{tables} AND relkind = 'r'")).scalars().all()
        found = {
            n: connection.execute(text(f"SELECT t::text FROM {n} t ORDER BY 1")) for n in names
        }
        return {name: list(result.scalars()) for name, result in found.items()}


def test_migrate_is_idempotent(recorded_database: Engine) -> None:
    migrate(recorded_database)
    assert is_current(recorded_database)
    once = rows(recorded_database)
    migrate(recorded_database)
    assert rows(recorded_database) == once


def test_what_was_under_way_ends_and_all_else_stays(company: Company) -> None:
    expected = company.recording.expected
    before, states = company.scenario.activities, company.states()
    ledgers = company.ledgers()
    company.run_all_retries()
    assert company.states() == states | expected.ends
    after = company.scenario.activities
    changed = Counter(a["ActivityDescription"] for a in after if a not in before)
    assert changed == Counter([*expected.filed, *expected.changed])
    assert len(after) == len(before) + len(expected.filed)
    rewritten = {subject.removeprefix("[withdrawn] ") for subject in expected.changed}
    ended = {company.subject(name) for name in expected.ends}
    for name, ledger in company.ledgers().items():
        if name not in expected.ends and company.subject(name) not in rewritten:
            if company.subject(name) in ended:  # other copies of the mail add to its history
                ledgers[name]["events"] = ledger["events"]
            assert (name, ledger) == (name, ledgers[name])
    assert company.differences() == []


def test_nothing_else_is_written_anywhere(company: Company) -> None:
    scenario, expected = company.scenario, company.recording.expected
    company.run_all_retries()
    prove.request_all(scenario.context)
    scenario.wait(timedelta(hours=25))
    prove.request_all(scenario.context)
    company.run_all_retries()
    written = company.written_to_webcrm()
    assert all(written.pop(subject) >= 1 for subject in expected.refused)  # a try now and then
    activities = [*expected.filed, *expected.changed, *expected.moved]
    assert written == Counter([*activities, *expected.files])
    marked = [*expected.ends, *expected.later]
    assert company.written_to_mails() == Counter(company.subject(name) for name in marked)
    assert company.states() == company.recorded_states() | expected.ends | expected.later
    assert sorted(company.created_mails()) == sorted(expected.mirrors)
    mirrors = [m.subject for m in company.box(OLA).messages(f"sentitems/{FOLDER}")]
    assert sorted(mirrors) == ["Mirror not written", "Mirror planned", "Mirror written"]
    assert company.differences() == []


def test_each_folder_is_read_once_anew_unless_its_cursor_still_fits(company: Company) -> None:
    company.run_all_retries()
    folders = company.recording.rows["folder"]
    ids, cursors = zip(*((f["graph_id"], unquote(f["cursor"])) for f in folders), strict=True)
    is_continued = company.recording.expected.is_delta_continued
    assert sorted(company.rounds()) == ([] if is_continued else sorted(ids))
    assert company.asked_by_recorded_cursors() == (list(cursors) if is_continued else [])
    company.scenario.sandbox.journal.clear()
    company.run_all_retries()
    assert company.rounds() == []


def test_waiting_ends_when_its_contact_appears(company: Company) -> None:
    scenario = company.scenario
    company.run_all_retries()
    number = len(scenario.activities)
    scenario.add_contact("new@late.example", "Late")
    scenario.poll_webcrm()
    assert company.states()["waits for her"] == SYNCED
    assert company.read("waits for her").categories == BOTH
    assert company.read("waits on").categories == PENDING
    assert [a["ActivityDescription"] for a in scenario.activities[number:]] == ["New here"]


def test_a_contact_that_appears_before_the_first_round_ends_it_too(company: Company) -> None:
    ends = company.recording.expected.ends
    company.scenario.add_contact("new@late.example", "Late")
    company.run_all_retries()
    assert company.states() == company.recorded_states() | ends | {"waits for her": SYNCED}
    assert company.differences() == []


def test_mails_that_are_moved_later_are_filed(company: Company) -> None:
    scenario, kim, eva = company.scenario, company.box(KIM), company.box(EVA)
    first = scenario.drag(kim, Mail("Before its first round", BO, KIM, body="<p>One</p>"))
    company.run_all_retries()
    second = scenario.drag(eva, Mail("After it", BO, EVA, body="<p>Two</p>"))
    number = len(scenario.activities)
    for name in ("synced and left", "removed in webcrm", "synced"):
        box, item = company.copy(name)
        box.move(item, "archive")
        scenario.discover()
        box.move(item, f"inbox/{FOLDER}")
        scenario.discover()
    assert [kim.read(first).categories, eva.read(second).categories] == [BOTH, BOTH]
    new = [a["ActivityDescription"] for a in scenario.activities[number:]]
    assert sorted(new) == ["After it", "Removed in webCRM"]
    assert company.differences() == []


@pytest.mark.parametrize("is_early", [True, False])
def test_another_copy_of_an_old_mail_is_the_same_mail(company: Company, is_early: bool) -> None:
    scenario, expected = company.scenario, company.recording.expected
    if not is_early:
        company.run_all_retries()
    came = {}
    for name, address in expected.copies.items():
        place = "sentitems" if name == "sent" else "inbox"
        box = company.box(address)
        came[name] = box, scenario.drag(box, company.mail(name), place=place)
    company.run_all_retries()
    for name, (box, item) in came.items():
        old, new = scenario.item(*company.copy(name)), scenario.item(box, item)
        assert (name, new.email_id, new.state) == (name, old.email_id, old.state)
    subjects = Counter(a["ActivityDescription"] for a in scenario.activities)
    assert {s: n for s, n in subjects.items() if n > 1} == expected.doubled
    assert company.differences() == []


def test_another_mail_of_an_old_robot_is_another_mail(company: Company) -> None:
    scenario, kim = company.scenario, company.box(KIM)
    company.run_all_retries()
    number = len(scenario.activities)
    for count in ("three", "four"):
        scan = replace(company.mail("robot 1"), subject="Scan 3", body=f"<p>{count} pages</p>")
        scenario.drag(kim, scan)
        scenario.discover()
    assert [a["ActivityDescription"] for a in scenario.activities[number:]] == ["Scan 3", "Scan 3"]
    assert company.differences() == []


def test_what_was_doubled_before_stays_two_mails(company: Company) -> None:
    scenario = company.scenario
    company.run_all_retries()
    before = scenario.activities
    for name in ("twice sent", "twice received", "robot 1", "robot 2"):
        box, item = company.copy(name)
        copied = box.copy(item, f"inbox/{FOLDER}")
        scenario.discover()
        assert scenario.item(box, copied).email_id == scenario.item(box, item).email_id
        assert box.read(copied).categories == BOTH
    assert scenario.activities == before


def test_people_act_on_mails_of_the_version_before(company: Company) -> None:
    scenario, pane_user = company.scenario, PaneUser(company.scenario, company.box(KIM))
    _, ambiguous = company.copy("ambiguous")
    pane_user.choose(ambiguous, scenario.organisations["Skovby"])
    pane_user.undo(company.copy("two organisations")[1])
    pane_user.undo(company.copy("left out")[1])
    pane_user.sync_anyway(company.copy("synced before")[1])
    scenario.sandbox.crm.refused.clear()
    pane_user.retry(company.copy("refused")[1])
    company.run_all_retries()
    subjects = Counter(a["ActivityDescription"] for a in scenario.activities)
    assert subjects["[withdrawn] Together"] == 2
    assert subjects["[withdrawn] Large"] == 1
    for name in ("ambiguous", "synced before", "refused"):
        assert company.states()[name] == SYNCED
        assert subjects[company.subject(name)] == 1
    assert company.differences() == []


def test_every_old_mail_can_be_looked_at_and_has_its_story(company: Company) -> None:
    addresses = {EVA, KIM, OLA}
    pane_users = {
        box: PaneUser(company.scenario, company.box(box), "Somebody") for box in addresses
    }
    seen = {}
    for name, (address, item) in company.recording.mails.items():
        if name != "deleted":
            seen[name] = pane_users[address].status(item)
            assert pane_users[address].timeline(pane_users[address].ref(item))
    synced = {name for name, mail in seen.items() if mail.status is DisplayStatus.SYNCED}
    assert synced >= set(company.recording.expected.synced)
    assert len(seen["two organisations"].targets) == len(seen["ambiguous"].candidates) == 2
    assert seen["refused"].detail == "The memo holds what cannot be stored"
    watched = {box.address for box in read_status(company.scenario.context).mailboxes}
    assert watched == addresses


def test_it_can_be_taken_back_to_its_revision_and_brought_here_again(
    recording: Recording, recorded_sandbox: Sandbox, recorded_database: Engine
) -> None:
    migrate(recorded_database)
    with open_company(recording, recorded_sandbox, recorded_database) as company:
        company.run_all_retries()
        company.scenario.wait(timedelta(hours=25))
        states, activities = company.states(), company.scenario.activities
    bring_to(recorded_database, recording.revision, is_back=True)
    migrate(recorded_database)
    with open_company(recording, recorded_sandbox, recorded_database) as company:
        company.run_all_retries()
        assert (company.states(), company.scenario.activities) == (states, activities)
        assert company.differences() == []


def test_rebuild_finds_what_the_version_before_wrote(
    recording: Recording, recorded_sandbox: Sandbox, database_url: str
) -> None:
    with database_of(database_url, recording.revision) as empty:
        migrate(empty)
        with open_company(recording, recorded_sandbox, empty) as company:
            context = company.scenario.context
            *_, rebuilt = rebuild(context, find_users(context, [KIM, EVA, OLA]))
            assert isinstance(rebuilt, Rebuilt)
            expected = recording.expected
            assert company.written_to_webcrm() == Counter()
            assert company.keys().items() >= company.recorded_keys().items()
            found, recorded = company.filings(), company.recorded_filings()
            (unclear,) = found.keys() - recorded.keys()
            (removed,) = recorded.keys() - found.keys()
            standing = {
                a["ActivityId"]: a["ActivityDescription"] for a in company.scenario.activities
            }
            assert (standing[unclear], standing.get(removed)) == ("Unclear", None)
            del recorded[removed]
            assert found == recorded | {unclear: found[unclear]}
            company.run_all_retries()
            written = company.written_to_webcrm()
            assert all(written.pop(subject) >= 1 for subject in expected.refused)
            assert written == Counter(expected.rebuilt)
            assert company.differences() == []
