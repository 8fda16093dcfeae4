"""A service refuses one mail: few calls find it, and all others continue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.interleave import worker
from support.scenario import BO, BOTH, FOLDER, KIM, PENDING, OpenScenario, Scenario
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.states import Reason, State
from webcrm_sync.store import companies, events, mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

CUSTOMERS = 48
POISON = "Mail 17"


@pytest.fixture
def box(scenario: Scenario) -> SimMailbox:
    """Kim's mailbox, with as many customers as a bulk has lines."""
    for number in range(CUSTOMERS):
        scenario.add_contact(f"bo@customer{number}.example", f"Customer {number}")
    made = scenario.add_mailbox()
    scenario.poll_webcrm()
    return made


def drag_all(scenario: Scenario, box: SimMailbox) -> dict[str, str]:
    """Move a mail of each customer to the folder; Graph ids by subject."""
    return {
        f"Mail {n}": scenario.drag(
            box, Mail(f"Mail {n}", f"bo@customer{n}.example", KIM, body="<p>Hello</p>")
        )
        for n in range(CUSTOMERS)
    }


def written(scenario: Scenario) -> int:
    """The number of bulk requests so far."""
    return scenario.sandbox.journal.count("webcrm", method="PATCH", path="/Activities")


def assert_parked_alone(
    scenario: Scenario, box: SimMailbox, items: dict[str, str], said: str
) -> None:
    """Check that the poisonous mail is parked, and every other mail is in webCRM once."""
    poison = items.pop(POISON)
    assert all(box.read(i).categories == BOTH for i in items.values())
    subjects = sorted(a["ActivityDescription"] for a in scenario.activities)
    assert subjects == sorted(items)
    parked = scenario.item(box, poison)
    assert (parked.state, parked.reason) == (State.PARKED, Reason.REFUSED_BY_WEBCRM)
    assert box.read(poison).categories == PENDING
    (copy,) = scenario.timeline(box.read(poison)).copies
    assert said in copy.sentence


def test_mail_that_crashes_webcrm_is_found_by_quartering_the_batch(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.crm.poison[POISON] = 500
    items = drag_all(scenario, box)
    scenario.sandbox.journal.clear()
    scenario.discover()
    for seconds in (65,) * 8 + (330,) * 6:
        scenario.wait(timedelta(seconds=seconds))
    assert_parked_alone(scenario, box, items, "no clear answer")
    assert written(scenario) == 2 + 4 + 4 + 3
    asked = [
        e
        for e in scenario.sandbox.journal.select("webcrm", path="/Queries")
        if "Custom15" in e.query
    ]
    looks = [e for e in asked if "ActivityCreatedAt" in e.query and "Memo" not in e.query]
    assert len(looks) <= 2 * (1 + 1 + 1 + 3 + 1)


def test_mail_for_which_webcrm_refuses_the_bulk_is_found_by_halving_the_batch(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.crm.poison[POISON] = 400
    items = drag_all(scenario, box)
    scenario.sandbox.journal.clear()
    scenario.discover()
    assert sum(box.read(i).categories == BOTH for i in items.values()) == CUSTOMERS - 1
    for _ in range(6):
        scenario.wait(timedelta(seconds=65))
    assert_parked_alone(scenario, box, items, "Object reference")
    assert written(scenario) <= 1 + 2 * 6 + 3


def test_refused_line_of_a_bulk_request_costs_no_further_call(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.crm.refused.add(POISON)
    items = drag_all(scenario, box)
    scenario.sandbox.journal.clear()
    scenario.discover()
    for _ in range(6):
        scenario.wait(timedelta(seconds=65))
    assert_parked_alone(scenario, box, items, "cannot be stored")
    assert written(scenario) == 4


def test_copy_that_outlook_does_not_let_us_mark_delays_no_other(
    scenario: Scenario, box: SimMailbox
) -> None:
    items = drag_all(scenario, box)
    poison = items.pop(POISON)
    scenario.sandbox.graph.behaviour.refused.add(poison)
    scenario.discover()
    assert all(box.read(i).categories == BOTH for i in items.values())
    for _ in range(12):
        scenario.wait(timedelta(minutes=11))
    filed = scenario.item(box, poison)
    assert (filed.state, filed.reason) == (State.FILED, Reason.REFUSED_BY_OUTLOOK)
    assert scenario.timeline(box.read(poison)).lines[-1].kind == "parked"
    scenario.sandbox.graph.behaviour.refused.clear()
    scenario.wait(timedelta(minutes=13))  # ten minutes plus a quarter of jitter
    assert box.read(poison).categories == BOTH
    assert len(scenario.activities) == CUSTOMERS


@pytest.fixture
def small(scenario: Scenario) -> SimMailbox:
    """Kim's mailbox, with Bo known to webCRM."""
    scenario.add_contact(BO)
    made = scenario.add_mailbox()
    scenario.poll_webcrm()
    return made


def trouble_of(scenario: Scenario) -> str | None:
    """The reason for which the mailbox waits."""
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
    return watched.trouble


@pytest.mark.parametrize(
    "names",
    [
        {"id"},
        {"subject"},
        {"sender", "from"},
        {"toRecipients", "ccRecipients", "bccRecipients"},
        {"internetMessageId"},
        {"sentDateTime", "receivedDateTime"},
        {"body", "uniqueBody"},
        {"categories"},
        {"changeKey"},
        {"parentFolderId"},
        {"hasAttachments", "isDraft", "@odata.type"},
    ],
    ids=lambda names: min(names),
)
def test_mail_that_graph_returns_incompletely_delays_nothing(
    scenario: Scenario, small: SimMailbox, names: set[str]
) -> None:
    odd = small.deliver(Mail("Odd", BO, KIM))
    scenario.sandbox.graph.behaviour.lacking[odd] = frozenset(names)
    small.move(odd, f"inbox/{FOLDER}")
    fine = scenario.drag(small, Mail("Fine", BO, KIM))
    scenario.discover()
    scenario.run_all_retries()
    assert small.read(fine).categories == BOTH
    assert trouble_of(scenario) is None
    rounds = scenario.sandbox.journal.select("graph", path="/messages/delta")
    assert len([e for e in rounds if "$select" in e.query or "%24select" in e.query]) == 2


def test_mail_that_graph_does_not_let_us_read_is_recorded_and_delays_nothing(
    scenario: Scenario, small: SimMailbox
) -> None:
    odd = small.deliver(Mail("Unreadable", BO, KIM))
    scenario.sandbox.graph.behaviour.lacking[odd] = frozenset({"body"})
    scenario.sandbox.graph.behaviour.refused.add(odd)
    small.move(odd, f"inbox/{FOLDER}")
    fine = scenario.drag(small, Mail("Fine", BO, KIM))
    scenario.discover()
    scenario.run_all_retries()
    assert small.read(fine).categories == BOTH
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        told = [line.kind for line in events.of_mailbox(tx.connection, watched.id)]
    assert told.count("mail could not be read") == 1
    assert watched.trouble is None


@pytest.mark.parametrize("others", [1, 6])
def test_mail_that_left_and_is_refused_hides_no_mail_that_arrived(
    scenario: Scenario, small: SimMailbox, others: int
) -> None:
    left = [scenario.drag(small, Mail(f"Left {n}", BO, KIM)) for n in range(others)]
    refused = scenario.drag(small, Mail("Refused", BO, KIM))
    scenario.discover()
    scenario.sandbox.graph.behaviour.refused.add(refused)
    for item in (*left, refused):
        small.move(item, "inbox")
    fine = scenario.drag(small, Mail("Fine", BO, KIM))
    scenario.discover()
    assert small.read(fine).categories == BOTH
    assert trouble_of(scenario) is None
    assert all(scenario.item(small, i).folder_id is None for i in (*left, refused))


def test_person_that_webcrm_does_not_return_stops_no_mirror_and_no_mail(
    open_scenario: OpenScenario,
) -> None:
    scenario = open_scenario(DIRECTORY_SECONDS="3600")
    known = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    hidden = scenario.add_contact("new@havnebyg.example")
    scenario.sandbox.crm.send_mail(user, hidden, "To nobody", "Hello")
    scenario.sandbox.crm.send_mail(user, known, "To Bo", "Hello")

    def refuse() -> None:
        raise Refused("no such person")

    worker(scenario, "webcrm", "fetch_person", before=refuse).poll_webcrm()
    assert [m.subject for m in box.messages(f"sentitems/{FOLDER}")] == ["To Bo"]
    with scenario.context.begin() as tx:
        assert companies.read_company(tx).webcrm_trouble is None
