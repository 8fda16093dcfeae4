"""A database of revision 0005 with mails in every state is brought to this version.

`revision_0005/README.md` says how it was recorded, and names its mails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from support.openapi import deviations
from support.pane_user import PaneUser
from support.recorded import Recording
from support.recorded_company import Company, playing
from support.revisions import bring_to, database_of
from support.scenario import BO, BOTH, FOLDER, PENDING
from webcrm_sync.core.mail_text.body_text import read_body
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.recover import Rebuilt, find_users, rebuild
from webcrm_sync.store.migrate import migrate
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail

RECORDING = Recording(Path(__file__).parent / "revision_0005")
REVISION = "0005"
EVA, KIM, OLA = "eva@nordwind.example", "kim@nordwind.example", "ola@nordwind.example"
SYNCED = (State.SYNCED.value, None)
#: What was under way, and where it ends; all other mails stay as they are.
ENDS = {
    "unclear and absent": SYNCED,
    "unclear and filed": SYNCED,
    "files to come": SYNCED,
    "not marked yet": SYNCED,
    "found": SYNCED,
    "found of a stranger": (State.WAITING.value, Reason.NO_CONTACT.value),
    # Their contacts are written in ways that the version before did not read.
    "waits for per": SYNCED,
    "waits for rita": SYNCED,
    "waits for mia": SYNCED,
}
#: What is written to webCRM, each once: these Activities, and one that a person took back.
FILED = ("Never came", "Just found", "From Per", "From Rita", "From Mia")
TAKEN_BACK = "Taken back just now"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """The services as they were; afterwards the wire is held to its descriptions."""
    with Sandbox() as sandbox:
        RECORDING.set(sandbox)
        yield sandbox
        assert sandbox.journal.unknown == []
        assert not (found := deviations(sandbox.journal.exchanges)), "\n".join(found)


@pytest.fixture
def engine(database_url: str, sandbox: Sandbox) -> Iterator[Engine]:
    """The database as it was."""
    with database_of(database_url, REVISION) as engine:
        RECORDING.load(engine, RECORDING.settings(sandbox, database_url))
        yield engine


@pytest.fixture
def company(sandbox: Sandbox, engine: Engine) -> Iterator[Company]:
    """The company after `migrate`, before the product has done anything."""
    migrate(engine)
    with playing(RECORDING, sandbox, engine) as company:
        yield company


def test_the_recording_holds_mails_in_every_state() -> None:
    items, mirrors = RECORDING.rows["item"], RECORDING.rows["mirror"]
    assert {item["state"] for item in items} == set(State)
    reasons = {item.get("reason") for item in items} - {None}
    later = {Reason.MEETING_ANSWER, Reason.MEETING_CANCELLATION, Reason.MEETING_NOTICE}
    later.add(Reason.UNFORESEEN)
    a_person_cures = {
        Reason.WEBCRM_CLOSED,
        Reason.UNKNOWN_LABEL,
        Reason.UNREADABLE_ATTACHMENT,
        Reason.REFUSED_BY_OUTLOOK,
    }
    assert reasons == set(Reason) - later - a_person_cures
    assert {mirror["state"] for mirror in mirrors} == {"mirrored", "none", "planned", "intended"}
    assert any(email["is_raw"] and email.get("content") for email in RECORDING.rows["email"])
    assert all("deltatoken" in folder["cursor"] for folder in RECORDING.rows["folder"])


def test_its_texts_would_be_read_differently_now(company: Company) -> None:
    (activity,) = [a for a in company.scenario.activities if a["ActivityDescription"] == "Offer"]
    text = read_body(company.read("synced").body, is_html=True).text
    assert text not in activity["ActivityMemo"]


def test_what_was_under_way_ends_and_all_else_stays(company: Company) -> None:
    before, states = company.scenario.activities, company.states()
    ledgers = company.ledgers()
    company.scenario.run_all_retries()
    assert company.states() == states | ENDS
    after = company.scenario.activities
    changed = Counter(a["ActivityDescription"] for a in after if a not in before)
    assert changed == Counter([*FILED, f"[withdrawn] {TAKEN_BACK}"])
    assert len(after) == len(before) + len(FILED)
    for name, ledger in company.ledgers().items():
        if name not in {*ENDS, "taken back just now"}:
            assert (name, ledger) == (name, ledgers[name])
    assert company.differences() == []


def test_bodies_that_the_version_before_kept_are_read_as_today(company: Company) -> None:
    company.scenario.run_all_retries()
    memos = {a["ActivityDescription"]: a["ActivityMemo"] for a in company.scenario.activities}
    html = read_body(company.read("waits for per").body, is_html=True).text
    for subject in ("From Per", "Just found", "Never came"):
        assert memos[subject].endswith(html)
    assert memos["From Rita"].endswith("Hej Kim\n\n1 < 2 & ‹b›Rita‹/b›")


def test_nothing_else_is_written_anywhere(company: Company) -> None:
    scenario = company.scenario
    scenario.run_all_retries()
    prove.request_all(scenario.context)
    scenario.wait(timedelta(hours=25))
    prove.request_all(scenario.context)
    scenario.run_all_retries()
    written = company.written_to_webcrm()
    assert written.pop("Refused") >= 1  # webCRM is asked again now and then
    assert written == Counter([*FILED, f"[withdrawn] {TAKEN_BACK}", "offer.txt", "plan.txt"])
    assert company.written_to_mails() == Counter(company.subject(name) for name in ENDS)
    assert sorted(company.created_mails()) == ["Mirror not written", "Mirror planned"]
    mirrors = [m.subject for m in company.box(OLA).messages(f"sentitems/{FOLDER}")]
    assert sorted(mirrors) == ["Mirror not written", "Mirror planned", "Mirror written"]
    assert company.differences() == []


def test_each_folder_is_read_once_anew(company: Company) -> None:
    company.scenario.run_all_retries()
    assert sorted(company.rounds()) == sorted(f["graph_id"] for f in RECORDING.rows["folder"])
    assert company.asked_by_recorded_cursors() == []
    company.scenario.sandbox.journal.clear()
    company.scenario.run_all_retries()
    assert company.rounds() == []


def test_waiting_ends_when_its_contact_appears(company: Company) -> None:
    scenario = company.scenario
    scenario.run_all_retries()
    number = len(scenario.activities)
    scenario.add_contact("new@late.example", "Late")
    scenario.poll_webcrm()
    assert company.states()["waits for her"] == SYNCED
    assert company.read("waits for her").categories == BOTH
    assert company.read("waits on").categories == PENDING
    assert [a["ActivityDescription"] for a in scenario.activities[number:]] == ["New here"]


def test_a_contact_that_appears_before_the_first_round_ends_it_too(company: Company) -> None:
    company.scenario.add_contact("new@late.example", "Late")
    company.scenario.run_all_retries()
    assert company.states() == company.recorded_states() | ENDS | {"waits for her": SYNCED}
    assert company.differences() == []


def test_mails_that_are_moved_later_are_filed(company: Company) -> None:
    scenario, kim, eva = company.scenario, company.box(KIM), company.box(EVA)
    first = scenario.drag(kim, Mail("Before its first round", BO, KIM, body="<p>One</p>"))
    scenario.run_all_retries()
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


def test_a_mail_that_was_left_out_is_judged_anew_when_it_is_moved_in_again(
    company: Company,
) -> None:
    scenario, (box, form) = company.scenario, company.copy("web form")
    scenario.run_all_retries()
    assert company.states()["web form"] == (State.SKIPPED, Reason.ONLY_COLLEAGUES)
    box.move(form, "inbox")
    scenario.discover()
    box.move(form, f"inbox/{FOLDER}")
    scenario.discover()
    assert company.states()["web form"] == SYNCED  # its Reply-To was not asked for before
    assert company.differences() == []


#: A mail that the version before took up, and the mailbox into which another copy of it comes.
COPIES = {
    "synced": EVA,
    "to one of two": EVA,
    "sent": EVA,
    "two organisations": EVA,
    "chosen": OLA,
    "by domain": EVA,
    "left out": EVA,
    "moved in webcrm": EVA,
    "shared": OLA,
    "without an id": EVA,
    "robot 1": EVA,
    "robot 2": EVA,
    "twice sent": OLA,
    "twice received": OLA,
    "unclear and absent": KIM,
    "unclear and filed": KIM,
    "files to come": EVA,
    "not marked yet": EVA,
    "found": KIM,
    "ambiguous": EVA,
    "waits on": EVA,
}


@pytest.mark.parametrize("is_early", [True, False])
def test_another_copy_of_an_old_mail_is_the_same_mail(company: Company, is_early: bool) -> None:
    scenario = company.scenario
    if not is_early:
        scenario.run_all_retries()
    came = {}
    for name, address in COPIES.items():
        place = "sentitems" if name == "sent" else "inbox"
        box = company.box(address)
        came[name] = box, scenario.drag(box, company.mail(name), place=place)
    scenario.run_all_retries()
    for name, (box, item) in came.items():
        old, new = scenario.item(*company.copy(name)), scenario.item(box, item)
        assert (name, new.email_id, new.state) == (name, old.email_id, old.state)
    subjects = Counter(a["ActivityDescription"] for a in scenario.activities)
    twice = {"Together": 2, "RE: Plan": 2}  # under two Organisations, and doubled before
    assert {s: n for s, n in subjects.items() if n > 1} == twice
    assert company.differences() == []


def test_another_mail_of_an_old_robot_is_another_mail(company: Company) -> None:
    scenario, kim = company.scenario, company.box(KIM)
    scenario.run_all_retries()
    number = len(scenario.activities)
    for text in ("three", "four"):
        scan = replace(company.mail("robot 1"), subject="Scan 3", body=f"<p>{text} pages</p>")
        scenario.drag(kim, scan)
        scenario.discover()
    assert [a["ActivityDescription"] for a in scenario.activities[number:]] == ["Scan 3", "Scan 3"]
    assert company.differences() == []


def test_what_was_doubled_before_stays_two_mails(company: Company) -> None:
    scenario = company.scenario
    scenario.run_all_retries()
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
    scenario.run_all_retries()
    subjects = Counter(a["ActivityDescription"] for a in scenario.activities)
    assert subjects["[withdrawn] Together"] == 2
    assert subjects["[withdrawn] Large"] == 1
    for name in ("ambiguous", "synced before", "refused"):
        assert company.states()[name] == SYNCED
        assert subjects[company.subject(name)] == 1
    assert company.differences() == []


def test_every_old_mail_can_be_looked_at_and_has_its_story(company: Company) -> None:
    desks = {box: PaneUser(company.scenario, company.box(box), "Somebody") for box in (EVA, KIM)}
    seen = {}
    for name, (address, item) in RECORDING.mails.items():
        if name != "deleted":
            seen[name] = desks[address].status(item)
            assert desks[address].timeline(desks[address].ref(item))
    assert {name for name, mail in seen.items() if mail.status is DisplayStatus.SYNCED} >= {
        *("synced", "sent", "shared", "shared too", "two organisations", "chosen", "by domain"),
        *("robot 1", "robot 2", "twice sent", "twice received", "moved in webcrm"),
    }
    assert len(seen["two organisations"].targets) == len(seen["ambiguous"].candidates) == 2
    assert seen["refused"].detail == "The memo holds what cannot be stored"
    assert {box.address for box in read_status(company.scenario.context).mailboxes} == {
        EVA,
        KIM,
        OLA,
    }


def test_it_can_be_taken_back_to_its_revision_and_brought_here_again(
    sandbox: Sandbox, engine: Engine
) -> None:
    migrate(engine)
    with playing(RECORDING, sandbox, engine) as company:
        company.scenario.run_all_retries()
        states, activities = company.states(), company.scenario.activities
    bring_to(engine, REVISION, is_back=True)
    migrate(engine)
    with playing(RECORDING, sandbox, engine) as company:
        company.scenario.run_all_retries()
        assert (company.states(), company.scenario.activities) == (states, activities)
        assert company.differences() == []


def test_rebuild_finds_what_the_version_before_wrote(sandbox: Sandbox, database_url: str) -> None:
    with database_of(database_url, REVISION) as empty:
        migrate(empty)
        with playing(RECORDING, sandbox, empty) as company:
            context = company.scenario.context
            *_, rebuilt = rebuild(context, find_users(context, [KIM, EVA, OLA]))
            assert isinstance(rebuilt, Rebuilt)
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
            company.scenario.run_all_retries()
            written = company.written_to_webcrm()
            assert written.pop("Refused") >= 1
            assert written == Counter([*FILED, "From our web form", "offer.txt", "plan.txt"])
            assert company.differences() == []
