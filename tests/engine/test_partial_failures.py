"""An error with one mail or mailbox delays no other and recovers without help."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from support.interleave import ClientWrapper, worker
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, Scenario
from webcrm_sync.core.errors import AccessLost, Gone, Refused, SyncError, TryLater, Unclear
from webcrm_sync.core.states import State
from webcrm_sync.engine.backoff import back_off_mailbox
from webcrm_sync.engine.filing.job import file
from webcrm_sync.engine.matching.job import match
from webcrm_sync.engine.matching.refresh_directory import refresh_directory
from webcrm_sync.store import companies, mailboxes
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"
A_FILE = (File("a.txt", b"a"),)
#: A call that fails for one mail fails for all mails of its batch.
_OF_MANY = {"list_attachments": "list_attachments_by_mail", "save_attachment": "read_files"}


@dataclass(slots=True)
class FailingGraph(ClientWrapper):
    """Graph of which one call fails for some mails, `times` times (-1 = always)."""

    name: str
    error: SyncError
    ids: tuple[str, ...] = ()
    times: int = -1

    def __getattr__(self, name: str) -> Any:
        """The call with `name` fails for these mails; the others are unchanged."""
        real = getattr(self.client, name)
        if name not in {self.name, _OF_MANY.get(self.name)}:
            return real

        def call(user_id: str, about: str | list[Any], *given: Any, **named: Any) -> Any:
            ids = [about] if isinstance(about, str) else [_mail_id(one) for one in about]
            if self.times and (not self.ids or set(ids) & set(self.ids)):
                self.times -= 1
                raise self.error
            return real(user_id, about, *given, **named)

        return call


def _mail_id(about: str | tuple[str, str]) -> str:
    """The mail's id in an id of a mail, or in those of a mail and its attachment."""
    return about if isinstance(about, str) else about[0]


def failing(
    scenario: Scenario, name: str, error: SyncError, *ids: str, times: int = -1
) -> Scenario:
    """The same scenario over a Graph that fails for some mails."""
    graph: Any = FailingGraph(scenario.context.graph, name, error, ids, times)
    return Scenario(
        scenario.sandbox, replace(scenario.context, graph=graph), scenario.organisations
    )


@pytest.mark.parametrize("name", ["list_attachments", "save_attachment"])
def test_file_that_outlook_refuses_parks_its_mail_alone(
    scenario: Scenario, box: SimMailbox, name: str
) -> None:
    bad = scenario.drag(box, Mail("Bad", BO, KIM, attachments=A_FILE))
    good = scenario.drag(box, Mail("Good", BO, KIM, attachments=A_FILE))
    troubled = failing(scenario, name, Refused("no such form of id"), bad)
    troubled.discover()
    troubled.run_all_retries()
    assert box.read(good).categories == BOTH
    assert scenario.item(box, bad).state is State.PARKED
    with scenario.context.begin() as tx:
        assert companies.read_company(tx).webcrm_trouble is None
    scenario.wait(timedelta(hours=2))
    assert box.read(bad).categories == BOTH
    assert len(scenario.documents) == 2


def test_files_of_a_mail_that_graph_cannot_find_yet_are_not_lost(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Fresh", BO, KIM, attachments=A_FILE))
    failing(scenario, "list_attachments", Gone("ErrorItemNotFound"), times=1).discover()
    scenario.run_all_retries()
    assert len(scenario.documents) == 1
    assert box.read(item).categories == BOTH


def test_mail_deleted_before_its_files_were_read_is_skipped(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Deleted", BO, KIM, attachments=A_FILE))
    failing(scenario, "save_attachment", TryLater("not now"), times=1).discover()
    box.delete(item)
    box.delete(item)
    scenario.run_all_retries()
    scenario.wait(timedelta(hours=2))
    scenario.sandbox.journal.clear()
    scenario.wait(timedelta(hours=2))
    assert len(scenario.activities) == 1
    assert scenario.item(box, item).state is State.SYNCED
    assert not [e for e in scenario.sandbox.journal.exchanges if "attachments" in e.path]


def test_files_are_read_from_another_copy_when_one_mailbox_refuses_access(
    scenario: Scenario, box: SimMailbox
) -> None:
    eva = scenario.add_mailbox(EVA, "Eva")
    mail = Mail("Two", BO, (KIM, EVA), message_id="<two@havnebyg.example>", attachments=A_FILE)
    mail = replace(mail, sent_at=scenario.sandbox.clock.now())
    first, second = scenario.drag(box, mail), scenario.drag(eva, mail)
    troubled = failing(scenario, "list_attachments", AccessLost("closed"), first)
    troubled.discover()
    assert len(scenario.documents) == 1
    assert eva.read(second).categories == BOTH


@dataclass(slots=True)
class WebCrmFailingOnSubject(ClientWrapper):
    """webCRM that fails on every batch with a mail of this subject."""

    subject: str

    def write_activities(self, drafts: Any, **named: Any) -> Any:
        """The answers; Unclear for a batch with that mail."""
        if any(d.subject == self.subject for d in drafts):
            raise Unclear("webCRM answered 500")
        return self.client.write_activities(drafts, **named)


def test_mail_that_webcrm_fails_on_stops_no_other(scenario: Scenario, box: SimMailbox) -> None:
    bad = scenario.drag(box, Mail("Poison", BO, KIM))
    good = [scenario.drag(box, Mail(f"Good {n}", BO, KIM)) for n in range(3)]
    webcrm: Any = WebCrmFailingOnSubject(scenario.context.webcrm, "Poison")
    failing_crm = Scenario(
        scenario.sandbox, replace(scenario.context, webcrm=webcrm), scenario.organisations
    )
    failing_crm.discover()
    for _ in range(8):
        failing_crm.wait(timedelta(seconds=65))
    assert all(box.read(i).categories == BOTH for i in good)
    for _ in range(8):
        failing_crm.wait(timedelta(minutes=11))
    assert scenario.item(box, bad).state is State.PARKED
    later = scenario.drag(box, Mail("Later", BO, KIM))
    failing_crm.discover()
    assert box.read(later).categories == BOTH
    for _ in range(3):
        scenario.wait(timedelta(hours=1, minutes=1))
    assert box.read(bad).categories == BOTH
    assert len(scenario.activities) == 5


def test_mailbox_that_refuses_access_is_not_called_once_per_file(
    scenario: Scenario, box: SimMailbox
) -> None:
    for number in range(12):
        scenario.drag(box, Mail(f"Mail {number}", BO, KIM, attachments=A_FILE))
    scenario.sandbox.faults.unavailable(
        service="graph", when=lambda _, p: "attachments" in p, limit=30
    )
    scenario.discover()
    asked = [e for e in scenario.sandbox.journal.exchanges if "attachments" in e.path]
    assert len(asked) <= 3
    for _ in range(30):
        scenario.wait(timedelta(minutes=11))
    assert len(scenario.documents) == 12


def test_contact_may_appear_while_its_mail_is_marked_not_synced(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Who?", LIS, KIM))

    def appear() -> None:
        scenario.add_contact(LIS, "Skovby")
        scenario.sandbox.clock.advance(timedelta(seconds=61))
        refresh_directory(scenario.context)
        match(scenario.context)
        file(scenario.context)

    worker(scenario, "graph", "mark_mails", after=appear).discover()
    scenario.run_all_retries()
    assert len(scenario.activities_under("Skovby")) == 1
    assert box.read(item).categories == BOTH
    assert scenario.item(box, item).state is State.SYNCED


def test_the_longest_retry_after_of_a_busy_mailbox_counts(
    scenario: Scenario, box: SimMailbox
) -> None:
    del box
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
    asked = scenario.sandbox.clock.now() + timedelta(minutes=5)
    back_off_mailbox(scenario.context, watched, TryLater("busy", retry_at=asked))
    back_off_mailbox(scenario.context, watched, TryLater("busy too"))
    with scenario.context.begin() as tx:
        held = mailboxes.read_mailbox(tx, watched.id)
    assert held is not None
    assert held.paused_until is not None
    assert held.paused_until >= asked


def test_inbox_folder_of_one_mailbox_in_trouble_does_not_delay_another(
    scenario: Scenario, box: SimMailbox
) -> None:
    eva = scenario.add_mailbox(EVA, "Eva")
    stuck = scenario.drag(box, Mail("Stuck", BO, KIM, attachments=A_FILE))
    fine = scenario.drag(eva, Mail("Fine", BO, EVA, attachments=A_FILE))
    failing(scenario, "list_attachments", TryLater("busy"), stuck).discover()
    assert eva.read(fine).categories == BOTH
    scenario.run_all_retries()
    assert box.read(stuck).categories == BOTH
    assert box.messages(f"inbox/{FOLDER}")[0].id == stuck


def test_folder_that_graph_does_not_find_is_not_read_every_second(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Patience", BO, KIM))
    failing(scenario, "fetch_page", Gone("ErrorItemNotFound"), times=4).discover()
    assert box.read(item).categories == ()
    scenario.wait(timedelta(seconds=31))
    assert box.read(item).categories == BOTH
