"""A cursor of an earlier version: one full read, without a write, finds what is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlalchemy import select, text, update

from support.reconciliation import ProvedMailbox
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, OpenScenario, Scenario
from support.stored import as_stored
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery.discover import PAGE_SIZE
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.graph.properties import STAMP
from webcrm_sync.graph.wire import SELECTION
from webcrm_sync.store.schema.tables import email, event, folder, item
from webcrm_sync_sandbox.graph.delta import Cursor
from webcrm_sync_sandbox.journal import Exchange
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

HEADERS = ("reply_to", "sent_by", "conversation_id", "in_reply_to", "referenced_ids", "sensitivity")
#: The properties that the earlier version selected.
OLD_SELECT = (
    "id,changeKey,parentFolderId,subject,from,sender,toRecipients,ccRecipients,bccRecipients,"
    "sentDateTime,receivedDateTime,internetMessageId,categories,hasAttachments,isDraft,body"
)
OLD_EXPAND = f"singleValueExtendedProperties($filter=id eq '{STAMP}')"


def age(context: Context) -> None:
    """Change the database to the state that the earlier version left."""
    with context.begin() as tx:
        empty = ", ".join(f"{name} = NULL" for name in HEADERS)
        tx.connection.execute(text(f"UPDATE email SET {empty}"))
        rows = tx.connection.execute(select(folder.c.id, folder.c.cursor).order_by(folder.c.id))
        for id_, cursor in rows:
            aged = update(folder).where(folder.c.id == id_)
            tx.connection.execute(aged.values(selection=0, cursor=cursor and _aged(cursor)))


def _aged(cursor: str) -> str:
    """The delta link that Graph returns for the selection of the earlier version."""
    address, _, query = cursor.partition("?")
    ((name, (token,)),) = parse_qs(urlsplit(cursor).query).items()
    assert query.startswith(name)
    old = replace(Cursor.read(token), select=OLD_SELECT, expand=OLD_EXPAND)
    return f"{address}?{name}={quote(old.token())}"


@dataclass(frozen=True)
class Before:
    """A company with mails in every state, as the earlier version left it."""

    scenario: Scenario
    box: SimMailbox
    items: dict[str, str]

    def writes(self) -> list[Exchange]:
        """The writes to mails in Outlook and to webCRM."""
        return [e for e in self.scenario.sandbox.journal.exchanges if not _is_read(e)]

    def rounds(self) -> int:
        """The number of full reads of a folder."""
        calls = self.scenario.sandbox.journal.select("graph", path="/messages/delta")
        return sum("select" in e.query for e in calls)

    def rows(self) -> list[tuple[Any, ...]]:
        """Every item, without the number of the read that found it."""
        columns = [c for c in item.c if c.name != "seen_round"]
        with self.scenario.context.begin() as tx:
            return [tuple(r) for r in tx.connection.execute(select(*columns).order_by(item.c.id))]

    def events(self) -> int:
        """The number of events."""
        with self.scenario.context.begin() as tx:
            return len(tx.connection.execute(select(event.c.id)).all())

    def selections(self) -> set[int]:
        """The selections of the folders' cursors."""
        with self.scenario.context.begin() as tx:
            return set(tx.connection.execute(select(folder.c.selection)).scalars())


def _is_read(call: Exchange) -> bool:
    """True for a request that writes to no mail: GETs, logins and subscriptions."""
    if call.method == "GET" or call.service == "entra" or call.path.endswith("/subscriptions"):
        return True
    return call.path.endswith("/$batch") and b'"PATCH"' not in call.request_body


@pytest.fixture
def before(open_scenario: OpenScenario) -> Before:
    return _before(open_scenario, past=1)


def _before(open_scenario: OpenScenario, *, past: int) -> Before:
    """That company; `past` mails were in the folder before the product was installed."""
    scenario = open_scenario(NEVER_SYNC="doctor.example")
    for organisation in ("Skovby", "Søby"):
        scenario.add_contact(LIS, organisation)
    person, user = scenario.add_contact(BO), scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    sync = box.make_folder("inbox", FOLDER)
    old = [box.put(Mail(f"Past {n}", BO, KIM, categories=BOTH), sync) for n in range(past)]
    scenario.watch()
    scenario.poll_webcrm()
    items = {
        "past": old[0],
        "synced": scenario.drag(box, Mail("Synced", BO, KIM, conversation_id="AAQkAD-synced")),
        "outbound": scenario.drag(box, Mail("Sent", KIM, BO), place="sentitems"),
        "waiting": scenario.drag(box, Mail("Waiting", "new@nowhere.example", KIM)),
        "parked": scenario.drag(box, Mail("Parked", LIS, KIM)),
        "never": scenario.drag(box, Mail("Never", "anna@doctor.example", KIM)),
        "colleagues": scenario.drag(box, Mail("Lunch", "eva@nordwind.example", KIM)),
        "meeting": scenario.drag(box, Mail("Meet?", BO, KIM, kind="meeting")),
        "draft": box.put(Mail("Soon", KIM, BO, is_draft=True), f"sentitems/{FOLDER}"),
        "left": scenario.drag(box, Mail("Left", BO, KIM)),
    }
    scenario.sandbox.crm.send_mail(user, person, "From webCRM", "Hello")
    scenario.run_all_retries()
    box.move(items["left"], "inbox")
    scenario.run_all_retries()
    states = {name: scenario.item(box, one).state for name, one in items.items()}
    assert set(states.values()) == {State.SYNCED, State.WAITING, State.PARKED, State.SKIPPED}
    assert len(box.messages(f"sentitems/{FOLDER}")) == 3
    age(scenario.context)
    scenario.sandbox.journal.clear()
    return Before(scenario, box, items)


def test_a_full_read_writes_nothing_and_happens_once(before: Before) -> None:
    rows, events, activities = before.rows(), before.events(), before.scenario.activities
    before.scenario.run_all_retries()
    assert before.rounds() == 2
    assert before.selections() == {SELECTION}
    assert (before.rows(), before.events(), before.scenario.activities) == (
        rows,
        events,
        activities,
    )
    assert [(e.method, e.path) for e in before.writes()] == []


def test_a_full_read_fills_the_headers_of_known_mails(before: Before) -> None:
    before.scenario.discover()
    with before.scenario.context.begin() as tx:
        columns = [email.c.subject, *(as_stored(email.c[name]) for name in HEADERS)]
        found = {row[0]: tuple(row[1:]) for row in tx.connection.execute(select(*columns))}
    assert found["Synced"] == ([], None, "AAQkAD-synced", None, [], 0)
    assert found.pop("Left")[0] is None  # it has left the sync folders
    assert all(reply_to == [] for reply_to, *_ in found.values())


def test_a_mail_that_arrives_meanwhile_is_filed_once_with_its_headers(before: Before) -> None:
    rows, activities = before.rows(), len(before.scenario.activities)
    mail = Mail("News", BO, KIM, reply_to=("desk@havnebyg.example",))
    new = before.scenario.drag(before.box, mail)
    before.scenario.run_all_retries()
    row = before.scenario.item(before.box, new)
    assert (row.state, row.is_past) == (State.SYNCED, False)
    assert before.box.read(new).categories == BOTH
    assert len(before.scenario.activities) == activities + 1
    assert before.rows()[:-1] == rows
    with before.scenario.context.begin() as tx:
        query = select(as_stored(email.c.reply_to)).where(email.c.id == row.email_id)
        assert tx.connection.scalar(query) == [["desk@havnebyg.example"] * 2]


def test_mails_that_an_old_cursor_hid_are_found(before: Before) -> None:
    with before.scenario.context.begin() as tx:  # as if Graph had never reported it
        gone = before.scenario.item(before.box, before.items["outbound"])
        tx.connection.execute(item.delete().where(item.c.id == gone.id))
    activities = len(before.scenario.activities)
    before.scenario.run_all_retries()
    assert before.scenario.item(before.box, before.items["outbound"]).state is State.SYNCED
    assert len(before.scenario.activities) == activities


def test_a_mail_that_left_meanwhile_is_recorded(before: Before) -> None:
    before.box.move(before.items["waiting"], "inbox")
    before.box.delete(before.items["synced"])
    before.scenario.run_all_retries()
    left = before.scenario.item(before.box, before.items["waiting"])
    assert (left.state, left.reason) == (State.SKIPPED, Reason.MOVED_OUT)
    gone = before.scenario.item(before.box, before.items["synced"])
    assert (gone.state, gone.folder_id) == (State.SYNCED, None)


def test_a_contact_that_appears_meanwhile_files_waiting_mails(before: Before) -> None:
    before.scenario.add_contact("new@nowhere.example", "Nowhere")
    before.scenario.run_all_retries()
    assert before.box.read(before.items["waiting"]).categories == BOTH


@pytest.mark.parametrize("failing", range(3))
def test_an_error_during_a_full_read_does_not_restart_it(
    open_scenario: OpenScenario, failing: int
) -> None:
    before = _before(open_scenario, past=PAGE_SIZE)  # two pages, with the later mails
    rows = before.rows()
    asked = iter(range(100))

    def fails(_method: str, path: str) -> bool:
        return path.endswith("/messages/delta") and next(asked) == failing

    before.scenario.sandbox.faults.unavailable(service="graph", when=fails, limit=1)
    before.scenario.run_all_retries()
    assert before.selections() == {SELECTION}
    assert before.rounds() <= 3  # a failed page may have been a first one
    assert before.rows() == rows
    assert [(e.method, e.path) for e in before.writes()] == []


def test_a_cursor_in_the_middle_of_a_read_is_reset_too(
    open_scenario: OpenScenario,
) -> None:
    scenario = open_scenario()
    scenario.add_contact(BO)
    box = scenario.sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    sync = box.make_folder("inbox", FOLDER)
    mails = [Mail(f"Mail {n}", BO, KIM, categories=BOTH) for n in range(2 * PAGE_SIZE)]
    items = [box.put(mail, sync) for mail in mails]
    seen = admin.inspect(scenario.context, KIM)
    asked = iter(range(10_000))

    def fails(_method: str, path: str) -> bool:
        return path.endswith("/messages/delta") and next(asked) > 0

    scenario.sandbox.faults.unavailable(service="graph", when=fails)
    admin.add(scenario.context, seen)
    scenario.run_until_idle()
    scenario.sandbox.faults.clear()
    with scenario.context.begin() as tx:
        cursors = tx.connection.execute(select(folder.c.cursor)).scalars().all()
        assert any("skiptoken" in (cursor or "") for cursor in cursors)
    age(scenario.context)
    new = box.put(Mail("New", BO, KIM), sync)
    scenario.run_all_retries()
    assert {scenario.item(box, one).reason for one in items} == {Reason.SYNCED_BEFORE}
    assert scenario.item(box, new).state is State.SYNCED
    assert [a["ActivityDescription"] for a in scenario.activities] == ["New"]


def test_an_old_cursor_that_has_expired_is_no_error(before: Before) -> None:
    rows, events = before.rows(), before.events()
    before.scenario.sandbox.graph.expire_cursors()
    before.scenario.run_all_retries()
    assert (before.rows(), before.events()) == (rows, events)
    assert [(e.method, e.path) for e in before.writes()] == []


def test_a_cursor_of_a_later_version_is_kept(before: Before) -> None:
    with before.scenario.context.begin() as tx:
        tx.connection.execute(update(folder).values(selection=SELECTION + 1))
    before.scenario.run_all_retries()
    assert before.rounds() == 0
    assert before.selections() == {SELECTION + 1}


def test_a_new_mailbox_needs_no_second_full_read(scenario: Scenario, box: SimMailbox) -> None:
    scenario.drag(box, Mail("First", BO, KIM))
    scenario.discover()
    calls = scenario.sandbox.journal.select("graph", path="/messages/delta")
    began = [e for e in calls if "select" in e.query]
    assert len({e.path for e in began}) == len(began)


def test_a_proof_right_after_the_upgrade_finds_all_equal(proved: ProvedMailbox) -> None:
    age(proved.scenario.context)
    assert proved.differences() == []


def test_a_second_copy_of_a_mail_known_before_adds_no_activity(before: Before) -> None:
    scenario, activities = before.scenario, before.scenario.activities
    eva = scenario.add_mailbox("eva@nordwind.example", "Eva")
    known = before.box.read(before.items["synced"])
    mail = Mail("Synced", BO, KIM, message_id=known.message_id, sent_at=known.sent_at)
    copy = scenario.drag(eva, mail)
    scenario.run_all_retries()
    assert eva.read(copy).categories == BOTH
    assert scenario.activities == activities
