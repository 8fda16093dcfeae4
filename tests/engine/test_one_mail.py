"""One mail is one Activity, two mails are two: whatever name, tag, notice or Message-ID says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import text

from support.scenario import BO, BOTH, FOLDER, KIM, Play
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
def boxes(play: Play) -> Boxes:
    """Kim's mailbox, which has three addresses, and Eva's; Bo is known to webCRM."""
    play.contact(BO)
    made = play.mailbox(aliases=KIMS_OTHER), play.mailbox(EVA, "Eva Nordwind")
    play.refresh()
    return made


def mail(play: Play, **facts: object) -> Mail:
    """A mail from Bo to both of us, sent now, with a Message-ID that others may have too."""
    plain = Mail("Order", BO, (KIM, EVA), body=WORDS, message_id="<same@x.example>")
    sent = replace(plain, sent_at=play.stage.clock.now())
    return replace(sent, **facts)  # type: ignore[arg-type]  # the caller names real fields


def filed(play: Play, copies: Sequence[tuple[SimMailbox, Mail]], *, one_by_one: bool) -> int:
    """How many Activities come of these copies, all of which are synced."""
    items = []
    for box, one in copies:
        items.append((box, play.drag(box, one)))
        if one_by_one:
            play.look()
    play.look()
    assert [box.read(item).categories for box, item in items] == [BOTH] * len(items)
    return len(play.activities)


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
def test_a_colleague_has_many_addresses(play: Play, boxes: Boxes, other: dict[str, object]) -> None:
    kim, eva = boxes
    sent = mail(play, sender=KIM, to=(BO,), cc=(EVA,))
    assert filed(play, [(kim, sent), (eva, replace(sent, **other))], one_by_one=True) == 1  # type: ignore[arg-type]  # real fields


@pytest.mark.parametrize("other", ["bo+sales@havnebyg.example", "bo@havnebyg.onmicrosoft.com"])
def test_so_has_a_customer(play: Play, boxes: Boxes, other: str) -> None:
    kim, eva = boxes
    came = mail(play)
    assert filed(play, [(kim, came), (eva, replace(came, sender=other))], one_by_one=True) == 1


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
def test_tags_anywhere_in_the_subject_make_no_other_mail(
    play: Play, boxes: Boxes, one: str, other: str
) -> None:
    kim, eva = boxes
    copies = [(kim, mail(play, subject=one)), (eva, mail(play, subject=other))]
    assert filed(play, copies, one_by_one=False) == 1


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
def test_what_a_gateway_adds_makes_no_other_mail(
    play: Play, boxes: Boxes, other: dict[str, object], one_by_one: bool
) -> None:
    kim, eva = boxes
    copies = [(kim, mail(play)), (eva, mail(play, **other)), (kim, mail(play, **other))]
    assert filed(play, copies, one_by_one=one_by_one) == 1


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
    play: Play, boxes: Boxes, other: dict[str, object], one_by_one: bool
) -> None:
    kim, eva = boxes
    one, two = mail(play), mail(play, **other)
    copies = [(kim, one), (kim, two), (eva, two), (eva, one)]
    assert filed(play, copies, one_by_one=one_by_one) == 2
    assert {a["ActivityDescription"] for a in play.activities} == {one.subject, two.subject}


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
def test_a_scanner_sends_other_files_with_the_same_words(
    play: Play, boxes: Boxes, one: tuple[File, ...], other: tuple[File, ...], one_by_one: bool
) -> None:
    kim, _ = boxes
    scans = [mail(play, body=SCAN, attachments=files) for files in (one, other)]
    assert filed(play, [(kim, scan) for scan in scans], one_by_one=one_by_one) == 2
    assert len(play.documents) == len(one) + len(other)


def test_the_files_of_hundreds_of_scans_cost_few_calls(play: Play, boxes: Boxes) -> None:
    kim, _ = boxes
    for number in range(10):
        files = (File(f"scan{number}.pdf", b"1"),)
        play.drag(kim, mail(play, body=SCAN, attachments=files))
    play.stage.journal.clear()
    play.look()
    assert len(play.activities) == len(play.documents) == 10
    assert len(play.stage.journal.select("graph", path="$batch")) <= 4


@pytest.mark.parametrize("size", [1, 150_000])
def test_a_copy_that_a_person_made_has_the_same_files(play: Play, boxes: Boxes, size: int) -> None:
    kim, _ = boxes
    item = play.drag(kim, mail(play, body=SCAN, attachments=(File("a.pdf", b"1" * size),)))
    play.look()
    kim.copy(item, f"inbox/{FOLDER}")
    play.look()
    assert len(play.activities) == len(play.documents) == 1


def test_files_that_are_gone_tell_nothing_apart(play: Play, boxes: Boxes) -> None:
    kim, _ = boxes
    item = play.drag(kim, mail(play, body=SCAN, attachments=(File("a.pdf", b"1"),)))
    play.look()
    copied = kim.copy(item, f"inbox/{FOLDER}")

    def lose(_: str, path: str) -> bool:
        """Delete the first copy for good when its file is asked for."""
        if path.endswith("$value") and item in {m.id for m in kim.messages(f"inbox/{FOLDER}")}:
            kim.delete(item)
            kim.delete(item)
        return False

    play.stage.faults.slow("graph", by=timedelta(), when=lose)
    play.look()
    assert len(play.activities) == 1
    assert play.item(kim, copied).state is State.SYNCED


def test_files_that_are_asked_for_in_vain_are_asked_for_again(play: Play, boxes: Boxes) -> None:
    kim, _ = boxes
    item = play.drag(kim, mail(play, body=SCAN, attachments=(File("a.pdf", b"1"),)))
    play.look()
    play.stage.faults.refuse("graph", when=lambda _, path: path.endswith("$value"), limit=1)
    copied = kim.copy(item, f"inbox/{FOLDER}")
    play.look()
    play.settle()
    assert len(play.activities) == 1
    assert play.item(kim, copied).state is State.SYNCED


def test_the_senders_own_copy_may_show_other_sizes(play: Play, boxes: Boxes) -> None:
    kim, _ = boxes
    sent = mail(play, sender=KIM, to=(KIM, BO), attachments=(File("a.pdf", b"1"),))
    came = replace(sent, attachments=(File("a.pdf", b"1 and what Exchange adds"),))
    play.drag(kim, sent, place="sentitems")
    play.drag(kim, came)
    play.look()
    assert len(play.activities) == 1


def scans(play: Play) -> list[Mail]:
    """Four mails with one Message-ID."""
    return [
        mail(play),
        mail(play, body=WORDS.replace("4711", "4712")),
        mail(play, body=SCAN, attachments=(File("a.pdf", b"1"),)),
        mail(play, body=SCAN, attachments=(File("b.pdf", b"2"),)),
    ]


def test_a_replay_of_everything_doubles_nothing(play: Play, boxes: Boxes) -> None:
    kim, eva = boxes
    copies = [(box, one) for one in scans(play) for box in (kim, eva)]
    assert filed(play, copies, one_by_one=True) == 4
    before = play.activities
    play.stage.graph.expire_cursors()
    play.look()
    for box in boxes:
        for item in box.messages(f"inbox/{FOLDER}"):
            box.move(item.id, "inbox")
            play.look()
            box.move(item.id, f"inbox/{FOLDER}")
        play.look()
    assert play.activities == before


def test_a_mailbox_that_is_added_again_finds_its_mails_where_they_are(
    play: Play, boxes: Boxes
) -> None:
    kim, eva = boxes
    copies = [(box, one) for one in scans(play) for box in (kim, eva)]
    assert filed(play, copies, one_by_one=False) == 4
    before = play.activities
    for address in (KIM, EVA, KIM):
        admin.remove(play.context, address)
        play.watch(address)
        play.settle()
    assert play.activities == before


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_mailbox_that_is_added_again_finds_its_mails_in_any_order(
    play: Play, boxes: Boxes, order: tuple[int, ...]
) -> None:
    kim, _ = boxes
    items = []
    for scan in scans(play)[1:]:
        items.append(play.drag(kim, scan))
        play.look()
    before = play.activities
    for item in items:
        kim.move(item, "inbox")
    admin.remove(play.context, KIM)
    play.watch(KIM)
    for number in order:
        kim.move(items[number], f"inbox/{FOLDER}")
        play.look()
    play.settle()
    assert play.activities == before
    assert [kim.read(item).categories for item in items] == [BOTH] * 3


def test_what_an_earlier_version_filed_twice_stays_two(play: Play, boxes: Boxes) -> None:
    kim, eva = boxes
    sent = mail(play, sender=KIM, to=(BO,), cc=(EVA,), subject="RE: Order")
    twice = replace(sent, sender=KIMS_OTHER[0], subject="RE: [EXTERNAL] Order")
    one = play.drag(kim, sent, place="sentitems")
    play.look()
    with play.context.begin() as tx:
        tx.connection.execute(text("UPDATE email SET word_digest = NULL, subject = 'Another'"))
    two = play.drag(eva, twice)
    play.look()
    with play.context.begin() as tx:
        tx.connection.execute(text("UPDATE email SET word_digest = NULL"))
        tx.connection.execute(text("UPDATE email SET subject = 'RE: Order' WHERE id = 1"))
    before = play.activities
    assert len(before) == 2
    for box, item, place in ((kim, one, "sentitems"), (eva, two, "inbox")):
        copied = box.copy(item, f"{place}/{FOLDER}")
        play.look()
        assert box.read(copied).categories == BOTH
        row, twin = play.item(box, item), play.item(box, copied)
        assert row.email_id == twin.email_id
    assert play.activities == before
