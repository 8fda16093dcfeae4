"""One mail that a service refuses: it is found in few calls, and all the others go on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.interleave import worker
from support.scenario import BO, BOTH, FOLDER, KIM, PENDING, OpenPlay, Play
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.states import Reason, State
from webcrm_sync.store import companies, events, mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

CUSTOMERS = 48
POISON = "Mail 17"


@pytest.fixture
def box(play: Play) -> SimMailbox:
    """Kim's mailbox, with as many customers as one bulk holds."""
    for number in range(CUSTOMERS):
        play.contact(f"bo@customer{number}.example", f"Customer {number}")
    made = play.mailbox()
    play.refresh()
    return made


def drag_all(play: Play, box: SimMailbox) -> dict[str, str]:
    """A mail of each customer; item ids by subject."""
    return {
        f"Mail {n}": play.drag(
            box, Mail(f"Mail {n}", f"bo@customer{n}.example", KIM, body="<p>Hello</p>")
        )
        for n in range(CUSTOMERS)
    }


def written(play: Play) -> int:
    """How many bulk requests there were."""
    return play.stage.journal.count("webcrm", method="PATCH", path="/Activities")


def assert_parked_alone(play: Play, box: SimMailbox, items: dict[str, str], said: str) -> None:
    """The poison is parked with its reason, every other mail stands in webCRM once."""
    poison = items.pop(POISON)
    assert all(box.read(i).categories == BOTH for i in items.values())
    subjects = sorted(a["ActivityDescription"] for a in play.activities)
    assert subjects == sorted(items)
    parked = play.item(box, poison)
    assert (parked.state, parked.reason) == (State.PARKED, Reason.REFUSED_BY_WEBCRM)
    assert box.read(poison).categories == PENDING
    (copy,) = play.story(box.read(poison)).copies
    assert said in copy.sentence


def test_mail_on_which_webcrm_crashes_is_found_by_quartering(play: Play, box: SimMailbox) -> None:
    play.stage.crm.poison[POISON] = 500
    items = drag_all(play, box)
    play.stage.journal.clear()
    play.look()
    for seconds in (65,) * 8 + (330,) * 6:
        play.wait(timedelta(seconds=seconds))
    assert_parked_alone(play, box, items, "no clear answer")
    assert written(play) == 2 + 4 + 4 + 3
    asked = [
        e for e in play.stage.journal.select("webcrm", path="/Queries") if "Custom15" in e.query
    ]
    looks = [e for e in asked if "ActivityCreatedAt" in e.query and "Memo" not in e.query]
    assert len(looks) <= 2 * (1 + 1 + 1 + 3 + 1)


def test_mail_for_which_webcrm_refuses_the_bulk_is_found_by_halving(
    play: Play, box: SimMailbox
) -> None:
    play.stage.crm.poison[POISON] = 400
    items = drag_all(play, box)
    play.stage.journal.clear()
    play.look()
    assert sum(box.read(i).categories == BOTH for i in items.values()) == CUSTOMERS - 1
    for _ in range(6):
        play.wait(timedelta(seconds=65))
    assert_parked_alone(play, box, items, "Object reference")
    assert written(play) <= 1 + 2 * 6 + 3


def test_line_that_webcrm_refuses_costs_no_call_of_its_own(play: Play, box: SimMailbox) -> None:
    play.stage.crm.refused.add(POISON)
    items = drag_all(play, box)
    play.stage.journal.clear()
    play.look()
    for _ in range(6):
        play.wait(timedelta(seconds=65))
    assert_parked_alone(play, box, items, "cannot be stored")
    assert written(play) == 4


def test_copy_that_outlook_does_not_let_us_mark_delays_no_other(
    play: Play, box: SimMailbox
) -> None:
    items = drag_all(play, box)
    poison = items.pop(POISON)
    play.stage.graph.dials.refused.add(poison)
    play.look()
    assert all(box.read(i).categories == BOTH for i in items.values())
    for _ in range(12):
        play.wait(timedelta(minutes=11))
    filed = play.item(box, poison)
    assert (filed.state, filed.reason) == (State.FILED, Reason.REFUSED_BY_OUTLOOK)
    assert play.story(box.read(poison)).lines[-1].kind == "parked"
    play.stage.graph.dials.refused.clear()
    play.wait(timedelta(minutes=13))  # ten, and a quarter of jitter
    assert box.read(poison).categories == BOTH
    assert len(play.activities) == CUSTOMERS


@pytest.fixture
def small(play: Play) -> SimMailbox:
    """Kim's mailbox, with Bo known to webCRM."""
    play.contact(BO)
    made = play.mailbox()
    play.refresh()
    return made


def trouble_of(play: Play) -> str | None:
    """What stands in the mailbox's way."""
    with play.context.begin() as tx:
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
def test_mail_of_which_graph_leaves_something_out_holds_nothing_up(
    play: Play, small: SimMailbox, names: set[str]
) -> None:
    odd = small.deliver(Mail("Odd", BO, KIM))
    play.stage.graph.dials.lacking[odd] = frozenset(names)
    small.move(odd, f"inbox/{FOLDER}")
    fine = play.drag(small, Mail("Fine", BO, KIM))
    play.look()
    play.settle()
    assert small.read(fine).categories == BOTH
    assert trouble_of(play) is None
    rounds = play.stage.journal.select("graph", path="/messages/delta")
    assert len([e for e in rounds if "$select" in e.query or "%24select" in e.query]) == 2


def test_mail_that_graph_does_not_let_us_read_is_told_of_and_holds_nothing_up(
    play: Play, small: SimMailbox
) -> None:
    odd = small.deliver(Mail("Unreadable", BO, KIM))
    play.stage.graph.dials.lacking[odd] = frozenset({"body"})
    play.stage.graph.dials.refused.add(odd)
    small.move(odd, f"inbox/{FOLDER}")
    fine = play.drag(small, Mail("Fine", BO, KIM))
    play.look()
    play.settle()
    assert small.read(fine).categories == BOTH
    with play.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        told = [line.kind for line in events.of_mailbox(tx.connection, watched.id)]
    assert told.count("mail could not be read") == 1
    assert watched.trouble is None


@pytest.mark.parametrize("others", [1, 6])
def test_mail_that_left_and_is_refused_hides_none_that_came(
    play: Play, small: SimMailbox, others: int
) -> None:
    left = [play.drag(small, Mail(f"Left {n}", BO, KIM)) for n in range(others)]
    refused = play.drag(small, Mail("Refused", BO, KIM))
    play.look()
    play.stage.graph.dials.refused.add(refused)
    for item in (*left, refused):
        small.move(item, "inbox")
    fine = play.drag(small, Mail("Fine", BO, KIM))
    play.look()
    assert small.read(fine).categories == BOTH
    assert trouble_of(play) is None
    assert all(play.item(small, i).folder_id is None for i in (*left, refused))


def test_person_whom_webcrm_does_not_show_stops_no_mirror_and_no_mail(
    open_play: OpenPlay,
) -> None:
    play = open_play(DIRECTORY_SECONDS="3600")
    known = play.contact(BO)
    user = play.stage.crm.add_user(KIM, "Kim Nordwind")
    box = play.mailbox()
    play.refresh()
    hidden = play.contact("new@havnebyg.example")
    play.stage.crm.send_mail(user, hidden, "To nobody", "Hello")
    play.stage.crm.send_mail(user, known, "To Bo", "Hello")

    def refuse() -> None:
        raise Refused("no such person")

    worker(play, "webcrm", "person", before=refuse).refresh()
    assert [m.subject for m in box.messages(f"sentitems/{FOLDER}")] == ["To Bo"]
    with play.context.begin() as tx:
        assert companies.read_company(tx).webcrm_trouble is None
