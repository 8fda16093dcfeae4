"""One mail is one Activity and two mails are two, whatever their names, tags and Message-IDs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import text

from support.scenario import BO, BOTH, FOLDER, KIM, Scenario
from webcrm_sync.core.states import State
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"
KIMS_OTHER = ("kim.nordwind@nordwind.example", "kim@nordwind.onmicrosoft.com")
WORDS = "<p>Dear all, the order 4711 of 12 May is ready. It can be fetched in Odense.</p>"
NOTICE = "<p>CAUTION: this mail came from outside. Do not click links.</p>"

Boxes = tuple[SimMailbox, SimMailbox]


@pytest.fixture
def boxes(scenario: Scenario) -> Boxes:
    """Kim's mailbox with three addresses, and Eva's; webCRM knows Bo."""
    scenario.add_contact(BO)
    made = scenario.add_mailbox(aliases=KIMS_OTHER), scenario.add_mailbox(EVA, "Eva Nordwind")
    scenario.poll_webcrm()
    return made


def mail(scenario: Scenario, **facts: object) -> Mail:
    """A mail from Bo to both, sent now, with a Message-ID that other mails may share."""
    plain = Mail("Order", BO, (KIM, EVA), body=WORDS, message_id="<same@x.example>")
    sent = replace(plain, sent_at=scenario.sandbox.clock.now())
    return replace(sent, **facts)  # type: ignore[arg-type]  # the caller names real fields


def filed(
    scenario: Scenario, copies: Sequence[tuple[SimMailbox, Mail]], *, one_by_one: bool
) -> int:
    """Sync these copies; the number of Activities."""
    items = []
    for box, one in copies:
        items.append((box, scenario.drag(box, one)))
        if one_by_one:
            scenario.discover()
    scenario.discover()
    assert [box.read(item).categories for box, item in items] == [BOTH] * len(items)
    return len(scenario.activities)


@pytest.mark.parametrize(
    "other",
    [
        {"sender": KIMS_OTHER[0]},
        {"sender": KIMS_OTHER[1]},
        {"sender": "kim+crm@nordwind.example"},
        {"sender": "kim.n@nordwind.example"},
        {"sender": "k.nordwind@nordwind.onmicrosoft.com"},
        {"sender": KIMS_OTHER[0], "subject": "[EXTERNAL] Order", "body": NOTICE + WORDS},
        {"to": (BO.replace("@", "+sales@"),)},
    ],
    ids=str,
)
def test_copies_with_other_addresses_of_a_colleague_are_one_mail(
    scenario: Scenario, boxes: Boxes, other: dict[str, object]
) -> None:
    kim, eva = boxes
    sent = mail(scenario, sender=KIM, to=(BO,), cc=(EVA,))
    assert filed(scenario, [(kim, sent), (eva, replace(sent, **other))], one_by_one=True) == 1  # type: ignore[arg-type]  # real fields


@pytest.mark.parametrize("other", ["bo+sales@havnebyg.example", "bo@havnebyg.onmicrosoft.com"])
def test_copies_with_other_addresses_of_a_customer_are_one_mail(
    scenario: Scenario, boxes: Boxes, other: str
) -> None:
    kim, eva = boxes
    came = mail(scenario)
    assert filed(scenario, [(kim, came), (eva, replace(came, sender=other))], one_by_one=True) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RE: Order", "RE: [EXTERNAL] Order"),
        ("Order", "Order [SEC=OFFICIAL]"),
        ("Order", "EXTERN: Order"),
        ("Order", "*** SPAM *** Order"),
        ("[EXTERNAL] Order", "Order [SEC=OFFICIAL]"),
    ],
)
def test_tags_anywhere_in_the_subject_do_not_make_it_another_mail(
    scenario: Scenario, boxes: Boxes, one: str, other: str
) -> None:
    kim, eva = boxes
    copies = [(kim, mail(scenario, subject=one)), (eva, mail(scenario, subject=other))]
    assert filed(scenario, copies, one_by_one=False) == 1


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize(
    "other",
    [
        {"body": NOTICE + WORDS},
        {"body": WORDS + "<p>Nordwind A/S, Havnegade 5, 8000 Aarhus</p>"},
        {"body": WORDS.replace("<p>", "").replace("</p>", ""), "html": False},
    ],
    ids=str,
)
def test_text_added_by_a_gateway_does_not_make_it_another_mail(
    scenario: Scenario, boxes: Boxes, other: dict[str, object], one_by_one: bool
) -> None:
    kim, eva = boxes
    copies = [(kim, mail(scenario)), (eva, mail(scenario, **other)), (kim, mail(scenario, **other))]
    assert filed(scenario, copies, one_by_one=one_by_one) == 1


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize(
    "other",
    [
        {"body": WORDS.replace("4711", "4712")},
        {"body": WORDS.replace("Odense", "Aarhus")},
        {"body": "<p>The next page of the scan.</p>"},
        {"subject": "Order confirmed"},
    ],
    ids=str,
)
def test_another_mail_with_the_same_message_id_is_another_activity(
    scenario: Scenario, boxes: Boxes, other: dict[str, object], one_by_one: bool
) -> None:
    kim, eva = boxes
    one, two = mail(scenario), mail(scenario, **other)
    copies = [(kim, one), (kim, two), (eva, two), (eva, one)]
    assert filed(scenario, copies, one_by_one=one_by_one) == 2
    assert {a["ActivityDescription"] for a in scenario.activities} == {one.subject, two.subject}


SCAN = "<p>Your scan is attached.</p>"


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((File("a.pdf", b"1"),), (File("b.pdf", b"2"),)),
        ((File("scan.pdf", b"1"),), (File("scan.pdf", b"22"),)),
        ((File("scan.pdf", b"1"),), (File("scan.pdf", b"2"),)),
        ((File("a.pdf", b"1"),), (File("a.pdf", b"1"), File("b.pdf", b"2"))),
        ((File("a.pdf", b"1"),), ()),
        ((), (File("a.pdf", b"1"),)),
    ],
    ids=str,
)
def test_scans_with_equal_words_and_different_files_are_different_mails(
    scenario: Scenario,
    boxes: Boxes,
    one: tuple[File, ...],
    other: tuple[File, ...],
    one_by_one: bool,
) -> None:
    kim, _ = boxes
    scans = [mail(scenario, body=SCAN, attachments=files) for files in (one, other)]
    assert filed(scenario, [(kim, scan) for scan in scans], one_by_one=one_by_one) == 2
    assert len(scenario.documents) == len(one) + len(other)


def test_comparing_the_files_of_hundreds_of_scans_costs_few_calls(
    scenario: Scenario, boxes: Boxes
) -> None:
    kim, _ = boxes
    for number in range(10):
        files = (File(f"scan{number}.pdf", b"1"),)
        scenario.drag(kim, mail(scenario, body=SCAN, attachments=files))
    scenario.sandbox.journal.clear()
    scenario.discover()
    assert len(scenario.activities) == len(scenario.documents) == 10
    assert len(scenario.sandbox.journal.select("graph", path="$batch")) <= 4


@pytest.mark.parametrize("size", [1, 150_000])
def test_a_duplicated_copy_has_the_same_files_and_is_the_same_mail(
    scenario: Scenario, boxes: Boxes, size: int
) -> None:
    kim, _ = boxes
    item = scenario.drag(kim, mail(scenario, body=SCAN, attachments=(File("a.pdf", b"1" * size),)))
    scenario.discover()
    kim.copy(item, f"inbox/{FOLDER}")
    scenario.discover()
    assert len(scenario.activities) == len(scenario.documents) == 1


def test_missing_files_do_not_distinguish_mails(scenario: Scenario, boxes: Boxes) -> None:
    kim, _ = boxes
    item = scenario.drag(kim, mail(scenario, body=SCAN, attachments=(File("a.pdf", b"1"),)))
    scenario.discover()
    copied = kim.copy(item, f"inbox/{FOLDER}")

    def lose(_: str, path: str) -> bool:
        """Permanently delete the first copy when its file is requested."""
        if path.endswith("$value") and item in {m.id for m in kim.messages(f"inbox/{FOLDER}")}:
            kim.delete(item)
            kim.delete(item)
        return False

    scenario.sandbox.faults.slow("graph", by=timedelta(), when=lose)
    scenario.discover()
    assert len(scenario.activities) == 1
    assert scenario.item(kim, copied).state is State.SYNCED


def test_files_that_could_not_be_listed_are_listed_again(scenario: Scenario, boxes: Boxes) -> None:
    kim, _ = boxes
    item = scenario.drag(kim, mail(scenario, body=SCAN, attachments=(File("a.pdf", b"1"),)))
    scenario.discover()
    scenario.sandbox.faults.refuse("graph", when=lambda _, path: path.endswith("$value"), limit=1)
    copied = kim.copy(item, f"inbox/{FOLDER}")
    scenario.discover()
    scenario.run_all_retries()
    assert len(scenario.activities) == 1
    assert scenario.item(kim, copied).state is State.SYNCED


def test_the_senders_own_copy_may_show_other_sizes(scenario: Scenario, boxes: Boxes) -> None:
    kim, _ = boxes
    sent = mail(scenario, sender=KIM, to=(KIM, BO), attachments=(File("a.pdf", b"1"),))
    came = replace(sent, attachments=(File("a.pdf", b"1 and what Exchange adds"),))
    scenario.drag(kim, sent, place="sentitems")
    scenario.drag(kim, came)
    scenario.discover()
    assert len(scenario.activities) == 1


def scans(scenario: Scenario) -> list[Mail]:
    """Four mails with one Message-ID."""
    return [
        mail(scenario),
        mail(scenario, body=WORDS.replace("4711", "4712")),
        mail(scenario, body=SCAN, attachments=(File("a.pdf", b"1"),)),
        mail(scenario, body=SCAN, attachments=(File("b.pdf", b"2"),)),
    ]


def test_a_replay_of_everything_duplicates_nothing(scenario: Scenario, boxes: Boxes) -> None:
    kim, eva = boxes
    copies = [(box, one) for one in scans(scenario) for box in (kim, eva)]
    assert filed(scenario, copies, one_by_one=True) == 4
    before = scenario.activities
    scenario.sandbox.graph.expire_cursors()
    scenario.discover()
    for box in boxes:
        for item in box.messages(f"inbox/{FOLDER}"):
            box.move(item.id, "inbox")
            scenario.discover()
            box.move(item.id, f"inbox/{FOLDER}")
        scenario.discover()
    assert scenario.activities == before


def test_a_mailbox_that_is_added_again_finds_its_existing_activities(
    scenario: Scenario, boxes: Boxes
) -> None:
    kim, eva = boxes
    copies = [(box, one) for one in scans(scenario) for box in (kim, eva)]
    assert filed(scenario, copies, one_by_one=False) == 4
    before = scenario.activities
    for address in (KIM, EVA, KIM):
        admin.remove(scenario.context, address)
        scenario.watch(address)
        scenario.run_all_retries()
    assert scenario.activities == before


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_mailbox_that_is_added_again_finds_its_activities_in_any_order(
    scenario: Scenario, boxes: Boxes, order: tuple[int, ...]
) -> None:
    kim, _ = boxes
    items = []
    for scan in scans(scenario)[1:]:
        items.append(scenario.drag(kim, scan))
        scenario.discover()
    before = scenario.activities
    for item in items:
        kim.move(item, "inbox")
    admin.remove(scenario.context, KIM)
    scenario.watch(KIM)
    for number in order:
        kim.move(items[number], f"inbox/{FOLDER}")
        scenario.discover()
    scenario.run_all_retries()
    assert scenario.activities == before
    assert [kim.read(item).categories for item in items] == [BOTH] * 3


def test_a_mail_that_an_earlier_version_filed_twice_keeps_both_activities(
    scenario: Scenario, boxes: Boxes
) -> None:
    kim, eva = boxes
    sent = mail(scenario, sender=KIM, to=(BO,), cc=(EVA,), subject="RE: Order")
    twice = replace(sent, sender=KIMS_OTHER[0], subject="RE: [EXTERNAL] Order")
    one = scenario.drag(kim, sent, place="sentitems")
    scenario.discover()
    with scenario.context.begin() as tx:
        tx.connection.execute(text("UPDATE email SET word_digest = NULL, subject = 'Another'"))
    two = scenario.drag(eva, twice)
    scenario.discover()
    with scenario.context.begin() as tx:
        tx.connection.execute(text("UPDATE email SET word_digest = NULL"))
        tx.connection.execute(text("UPDATE email SET subject = 'RE: Order' WHERE id = 1"))
    before = scenario.activities
    assert len(before) == 2
    for box, item, place in ((kim, one, "sentitems"), (eva, two, "inbox")):
        copied = box.copy(item, f"{place}/{FOLDER}")
        scenario.discover()
        assert box.read(copied).categories == BOTH
        row, twin = scenario.item(box, item), scenario.item(box, copied)
        assert row.email_id == twin.email_id
    assert scenario.activities == before
