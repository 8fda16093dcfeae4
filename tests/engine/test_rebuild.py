"""`rebuild` recovers a lost database from stamps and keys without a duplicate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from support.installations import lose_tables
from support.opportunities import put_under
from support.pane_user import PaneUser
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, OpenScenario, Scenario
from webcrm_sync.core.errors import TryLater
from webcrm_sync.core.mailbox_lease import TAKE_OVER_WAIT
from webcrm_sync.core.places import AddPlace, RemovePlace
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.recover import Rebuilt, find_users, rebuild
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"
UNA = "una@free.example"
FILES = (File("offer.txt", b"a"), File("plan.txt", b"b"))


@dataclass(slots=True)
class Company:
    """Two mailboxes with mails in every state."""

    scenario: Scenario
    kim: SimMailbox
    eva: SimMailbox
    opportunity: int
    mails: dict[str, str] = field(default_factory=dict)

    def ledger(self) -> dict[str, object]:
        """Everything that must be equal after the recovery."""
        folders = [(box, f"{place}/{FOLDER}") for box in (self.kim, self.eva) for place in PLACES]
        with self.scenario.context.begin() as tx:
            items = tx.connection.execute(text(_ITEMS)).all()
            filings = tx.connection.execute(text(_FILINGS)).all()
        return {
            "activities": self.scenario.activities,
            "documents": self.scenario.documents,
            "outlook": [
                (m.id, m.categories, m.change_key) for b, f in folders for m in b.messages(f)
            ],
            "items": [tuple(row) for row in items],
            "filings": [tuple(row) for row in filings],
        }

    def lose(self) -> None:
        """Replace the database by an empty one."""
        self.scenario = lose_tables(self.scenario)

    def rebuild(self, *addresses: str) -> Rebuilt:
        """Run the command and the jobs that follow."""
        users = find_users(self.scenario.context, addresses)
        *_, last = rebuild(self.scenario.context, users, take_over=True)
        assert isinstance(last, Rebuilt)
        self.scenario.run_until_idle()
        self.scenario.sandbox.clock.advance(TAKE_OVER_WAIT)
        self.scenario.run_until_idle()
        return last

    def writes(self) -> Sequence[str]:
        """The writes to webCRM and to mails in Exchange."""
        journal = self.scenario.sandbox.journal
        crm = [e for e in journal.select("webcrm") if e.method != "GET" and "Login" not in e.path]
        batches = [json.loads(e.request_body) for e in journal.select("graph", path="$batch")]
        marks = [line["method"] for batch in batches for line in batch["requests"]]
        made = journal.select("graph", method="POST", path="/messages")
        return [*(e.path for e in [*crm, *made]), *(m for m in marks if m != "GET")]


PLACES = ("inbox", "sentitems")
_ITEMS = """SELECT i.graph_id, i.state, i.reason, i.stamp, e.key FROM item i
 JOIN email e ON e.id = i.email_id WHERE i.folder_id IS NOT NULL ORDER BY i.graph_id"""
_FILINGS = """SELECT f.key, f.organisation_id, f.activity_id, f.is_complete, f.is_withdrawn,
 f.is_replaced, f.opportunity_id, count(d.document_id)
 FROM filing f LEFT JOIN document d ON d.filing_id = f.id
 WHERE EXISTS (SELECT 1 FROM item i WHERE i.email_id = f.email_id
  AND i.folder_id IS NOT NULL) GROUP BY f.id ORDER BY f.key"""


@pytest.fixture
def company(open_scenario: OpenScenario) -> Company:
    """A company with mails in every state."""
    scenario = open_scenario(PUBLIC_URL="http://nobody.example")
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    for address, organisation in ((LIS, "Skovby"), (UNA, "First"), (UNA, "Second")):
        scenario.add_contact(address, organisation)
    scenario.run_until_idle()
    kim = scenario.sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    folder = kim.make_folder("inbox", FOLDER)
    past = Mail("Of another product", BO, KIM, categories=("Customer", *BOTH))
    crane = scenario.sandbox.crm.add_opportunity(scenario.organisations["Havnebyg"], "Crane")
    made = Company(scenario, kim, scenario.add_mailbox(EVA, "Eva Nordwind"), crane)
    made.mails["past"] = kim.put(past, folder)
    scenario.watch(KIM)
    scenario.poll_webcrm()
    _happen(made)
    scenario.sandbox.crm.send_mail(user, person, "From webCRM", "Hello")
    scenario.poll_webcrm()
    scenario.wait(timedelta(hours=1))
    return made


def _happen(company: Company) -> None:
    scenario, kim, eva, mails = company.scenario, company.kim, company.eva, company.mails
    shared = Mail("To both of us", BO, (KIM, EVA), message_id="<shared@x.example>")
    twin = Mail("A twin", BO, KIM, message_id="<twin@x.example>")
    robot = sent_by_a_robot(scenario, 1)
    scenario.drag(kim, robot)
    mails["in"] = scenario.drag(kim, Mail("In", BO, KIM, attachments=FILES))
    mails["out"] = scenario.drag(kim, Mail("Out", KIM, BO), place="sentitems")
    mails["two copies"] = scenario.drag(kim, shared)
    mails["twin"] = scenario.drag(kim, twin)
    mails["two targets"] = scenario.drag(kim, Mail("Two", BO, KIM, cc=(LIS,)))
    mails["chosen"] = scenario.drag(kim, Mail("Who?", UNA, KIM))
    mails["edited"] = scenario.drag(kim, Mail("Edited", BO, KIM, cc=(LIS,)))
    mails["waiting"] = scenario.drag(kim, Mail("Stranger", "who@nowhere.example", KIM))
    mails["colleagues"] = scenario.drag(kim, Mail("Lunch", EVA, KIM))
    mails["left"] = scenario.drag(kim, Mail("Left later", BO, KIM))
    mails["moved"] = scenario.drag(kim, Mail("Moved in webCRM", BO, KIM))
    scenario.discover()
    scenario.drag(eva, shared)
    scenario.drag(eva, replace(twin, subject="Another one", sender=LIS, to=EVA))
    other = replace(robot, body=robot.body.replace("order 1", "order 2"))
    mails["robot"] = scenario.drag(kim, other)
    scenario.discover()
    scenario.drag(
        eva, replace(other, subject="[EXTERNAL] Order", body=f"From outside: {other.body}")
    )
    person = PaneUser(scenario, kim)
    person.choose(mails["chosen"], scenario.organisations["Second"])
    person.edit(mails["edited"], AddPlace(scenario.organisations["First"]))
    person.edit(mails["edited"], RemovePlace(scenario.organisations["Skovby"]))
    put_under(scenario, kim, mails["in"], "Havnebyg", company.opportunity)
    kim.move(mails["left"], "inbox")
    moved = next(a for a in scenario.activities if a["ActivityDescription"] == "Moved in webCRM")
    place = {"ActivityOrganisationId": scenario.organisations["Skovby"]}
    scenario.sandbox.crm.edit_activity(moved["ActivityId"], **place)
    prove.request_all(scenario.context)
    scenario.discover()


def robot_keys(company: Company) -> Sequence[Any]:
    with company.scenario.context.begin() as tx:
        query = text("SELECT key FROM email WHERE message_id = '<robot@x.example>'")
        return tx.connection.execute(query).all()


def sent_by_a_robot(scenario: Scenario, number: int) -> Mail:
    """An automatic mail; similar ones have the same Message-ID and minute."""
    sent_at = scenario.sandbox.clock.now() - timedelta(days=1)
    body = f"The order {number} is ready in Odense."
    return Mail("Order", BO, (KIM, EVA), body=body, message_id="<robot@x.example>", sent_at=sent_at)


def test_everything_is_recovered_and_nothing_is_written_to_webcrm(company: Company) -> None:
    before = company.ledger()
    company.lose()
    company.scenario.sandbox.journal.clear()
    rebuilt = company.rebuild(KIM, EVA)
    assert company.writes() == []
    assert company.ledger() == before
    assert str(company.opportunity) in str(before["filings"])
    assert (rebuilt.mirrors, rebuilt.others, rebuilt.doubles) == (1, 1, ())
    story = company.scenario.timeline(company.kim.read(company.mails["chosen"]))
    assert any(line.sentence.startswith("Restored: ") for line in story.lines)


def test_unfinished_mails_are_filed_once_after_a_loss(company: Company) -> None:
    scenario = company.scenario
    scenario.sandbox.faults.refuse("graph", when=lambda _, p: p.endswith("$batch"))
    unmarked = scenario.drag(company.kim, Mail("Filed, not marked", BO, KIM, attachments=FILES))
    scenario.discover()
    scenario.sandbox.faults.clear()
    fresh = scenario.drag(company.kim, Mail("Just moved in", BO, KIM))
    company.lose()
    company.rebuild(KIM, EVA)
    company.scenario.discover()
    subjects = [a["ActivityDescription"] for a in company.scenario.activities]
    assert (subjects.count("Filed, not marked"), subjects.count("Just moved in")) == (1, 1)
    assert company.kim.read(unmarked).categories == company.kim.read(fresh).categories == BOTH


@pytest.mark.parametrize("number", [2, 3])
def test_a_mail_that_is_read_first_takes_no_key_from_stamped_mails(
    company: Company, number: int
) -> None:
    """Eva's mailbox, which is read first, has a mail with the Message-ID of several others."""
    scenario = company.scenario
    before = scenario.activities
    sent_at = company.kim.read(company.mails["robot"]).sent_at
    like = replace(sent_by_a_robot(scenario, number), sent_at=sent_at)
    company.lose()
    fresh = company.scenario.drag(company.eva, like)
    company.rebuild(KIM, EVA)
    company.scenario.run_all_retries()
    new = company.scenario.activities[len(before) :]
    assert [a["ActivityDescription"] for a in new] == ["Order"] * (number - 2)
    assert company.scenario.activities[: len(before)] == before
    assert company.eva.read(fresh).categories == BOTH
    keys = {row.key for row in robot_keys(company)}
    assert len(keys) == number


def test_later_mails_and_a_replay_of_everything_duplicate_nothing(company: Company) -> None:
    company.lose()
    company.rebuild(KIM, EVA)
    before = company.ledger()
    scenario = company.scenario
    scenario.sandbox.graph.expire_cursors()
    scenario.discover()
    for mail in ("in", "chosen", "moved", "twin"):
        company.kim.move(company.mails[mail], "inbox")
        scenario.discover()
        company.kim.move(company.mails[mail], f"inbox/{FOLDER}")
    company.kim.move(company.mails["left"], f"inbox/{FOLDER}")
    scenario.discover()
    assert company.scenario.activities == before["activities"]
    new = scenario.drag(company.kim, Mail("New", BO, KIM))
    scenario.add_contact("who@nowhere.example", "Late")
    scenario.poll_webcrm()
    assert company.kim.read(new).categories == BOTH
    assert company.kim.read(company.mails["waiting"]).categories == BOTH
    assert len(company.scenario.activities) == len(scenario.activities)
    found = [d for box in prove.prove_mailboxes(scenario.context) for d in box.differences]
    *_, crm = prove.prove_webcrm(scenario.context)
    assert [*found, *crm.differences] == []


def test_an_interrupted_recovery_files_nothing_and_continues_when_run_again(
    company: Company,
) -> None:
    before = company.ledger()
    company.lose()
    faults = company.scenario.sandbox.faults
    faults.unavailable("webcrm", when=lambda _, p: p == "/Queries", limit=1)
    with pytest.raises(TryLater):
        company.rebuild(KIM, EVA)
    faults.unavailable("graph", when=lambda _, p: "delta" in p, limit=1)
    company.scenario.wait(timedelta(minutes=1))
    with pytest.raises(TryLater):
        company.rebuild(KIM, EVA)
    faults.clear()
    company.scenario.wait(timedelta(minutes=1))
    assert company.scenario.activities == before["activities"]
    company.rebuild(KIM, EVA)
    assert company.ledger() == before
    company.rebuild()
    assert company.ledger() == before


def test_mails_sent_from_webcrm_meanwhile_are_mirrored_once(company: Company) -> None:
    scenario, crm = company.scenario, company.scenario.sandbox.crm
    (user,) = [u["UserId"] for u in crm.tables["User"]]
    person = crm.persons[0]["PersonId"]
    crm.send_mail(user, person, "Filed away by its owner", "Hello")
    scenario.poll_webcrm()
    (_, away) = company.kim.messages(f"sentitems/{FOLDER}")[-2:]
    company.kim.move(away.id, "archive")
    scenario.wait(timedelta(hours=1))
    crm.send_mail(user, person, "Sent without a database", "Hello")
    company.lose()
    company.rebuild(KIM, EVA)
    company.scenario.run_all_retries()
    subjects = [m.subject for m in company.kim.messages(f"sentitems/{FOLDER}")]
    assert subjects.count("Sent without a database") == 1
    assert "Filed away by its owner" not in subjects
