"""Pictures that mails show: the message itself becomes a Document, once; what repeats does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event, text

from support.interleave import Death, die, worker
from support.pane_user import Desk
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, Play
from webcrm_sync.core.attachments import PICTURE_MISSING
from webcrm_sync.engine.reconciliation.recover import find, rebuild
from webcrm_sync.store import companies
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

SIGNED = "<p>Best regards<br>Bo</p>"


def png(name: str, size: int, *, cid: str = "", fill: bytes = b"p") -> File:
    """A picture that a body shows by its content id."""
    return File(name, fill * size, "image/png", is_inline=True, content_id=cid or f"{name}@1")


def showing(*pictures: File, words: str = "<p>Hello</p>") -> str:
    """A body with these pictures."""
    return words + "".join(f"<img src='cid:{p.content_id}'>" for p in pictures)


def mail(subject: str, *pictures: File, words: str = "<p>Hello</p>", **more: object) -> Mail:
    """A mail from Bo to Kim that shows these."""
    made = Mail(subject, BO, KIM, body=showing(*pictures, words=words), attachments=pictures)
    return replace(made, **more)  # type: ignore[arg-type]  # the caller names real fields


def filed(play: Play, organisation: str | None = None) -> dict[str, list[str]]:
    """Per Activity's subject the names of its Documents."""
    activities = play.under(organisation) if organisation else play.activities
    return {
        a["ActivityDescription"]: [
            d["DocumentFileName"]
            for d in play.documents
            if d["DocumentLinkedEntityId"] == a["ActivityId"]
        ]
        for a in activities
    }


SHOT = png("image001.png", 60_000)
LOGO = png("logo.png", 30_000)


def test_screenshot_under_a_line_of_text_becomes_a_document(play: Play, box: SimMailbox) -> None:
    item = play.drag(box, mail("Error", SHOT, png("icon.png", 1000)))
    play.look()
    assert box.read(item).categories == BOTH
    assert filed(play) == {"Error": ["image001.png"]}
    assert PICTURE_MISSING not in play.activities[0]["ActivityMemo"]


def test_mail_of_one_small_picture_is_filed_with_it(play: Play, box: SimMailbox) -> None:
    play.drag(box, mail("Stamp", png("image001.png", 3000), words="<p>&nbsp;</p>"))
    play.drag(box, mail("Words", png("image001.png", 3000)))
    play.look()
    assert filed(play) == {"Stamp": ["image001.png"], "Words": []}


def test_large_body_that_is_read_at_once_remembers_its_pictures(
    play: Play, box: SimMailbox
) -> None:
    play.drag(box, mail("Stamp", png("image001.png", 3000), words="<p>&nbsp;</p>" * 8000))
    play.look()
    assert filed(play) == {"Stamp": ["image001.png"]}


def test_logo_that_mails_of_a_sender_repeat_is_filed_once(play: Play, box: SimMailbox) -> None:
    for number in range(3):
        shot = png(f"image00{number}.png", 50_000 + number)
        logo = replace(LOGO, name=f"image01{number}.png", content_id=f"{number}@logo")
        play.drag(box, mail(f"Mail {number}", shot, logo, words=SIGNED))
        play.look()
    assert filed(play) == {
        "Mail 0": ["image000.png", "image010.png"],
        "Mail 1": ["image001.png"],
        "Mail 2": ["image002.png"],
    }


def test_logo_of_mails_that_are_moved_at_once_is_filed_once(play: Play, box: SimMailbox) -> None:
    for number in range(12):
        play.drag(box, mail(f"Mail {number}", LOGO, words=SIGNED))
    play.look()
    assert len(play.activities) == 12
    assert [d["DocumentFileName"] for d in play.documents] == ["logo.png"]


def test_logo_of_a_senders_colleague_is_the_same_one(play: Play, box: SimMailbox) -> None:
    play.contact("eva@havnebyg.example")
    play.refresh()
    play.drag(box, mail("From Bo", LOGO))
    play.drag(box, mail("From Eva", LOGO, sender="eva@havnebyg.example"))
    play.look()
    assert sorted(map(len, filed(play).values())) == [0, 1]


def test_picture_of_somebody_else_is_filed_though_it_has_that_size(
    play: Play, box: SimMailbox
) -> None:
    play.contact("pia@elsewhere.example")
    play.refresh()
    play.drag(box, mail("From Bo", SHOT))
    play.drag(box, mail("From Pia", SHOT, sender="pia@elsewhere.example"))
    play.look()
    assert filed(play) == {"From Bo": ["image001.png"], "From Pia": ["image001.png"]}


@pytest.mark.parametrize("is_reply_first", [False, True])
@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
def test_reply_that_quotes_a_screenshot_does_not_file_it_again(
    play: Play, box: SimMailbox, header: str, is_reply_first: bool
) -> None:
    said = "<first@x.example>"
    first = mail("Error", SHOT, message_id=said)
    headers = ((header, f"<other@x.example> {said}" if header == "References" else said),)
    quoted = replace(SHOT, name="image007.png", content_id="again@2")
    reply = mail("RE: Error", quoted, sender=KIM, to=BO, headers=headers)
    moves: list[Callable[[], str]] = [
        lambda: play.drag(box, first),
        lambda: play.drag(box, reply, place="sentitems"),
    ]
    for move in reversed(moves) if is_reply_first else moves:
        move()
        play.look()
    found = filed(play)
    assert found == (
        {"RE: Error": ["image007.png"], "Error": []}
        if is_reply_first
        else {"Error": ["image001.png"], "RE: Error": []}
    )


def test_mail_to_two_customers_is_filed_with_its_picture_under_both(
    play: Play, box: SimMailbox
) -> None:
    play.contact(LIS, "Skovby")
    play.refresh()
    play.drag(box, mail("Drawing", SHOT, sender=KIM, to=BO, cc=(LIS,)), place="sentitems")
    play.look()
    assert filed(play, "Havnebyg") == filed(play, "Skovby") == {"Drawing": ["image001.png"]}


def test_picture_that_another_customer_got_before_is_filed_for_this_one_too(
    play: Play, box: SimMailbox
) -> None:
    play.contact(LIS, "Skovby")
    play.refresh()
    for to in (BO, LIS):
        play.drag(box, mail(f"Prices for {to}", SHOT, sender=KIM, to=to), place="sentitems")
    play.look()
    assert list(filed(play).values()) == [["image001.png"], ["image001.png"]]


@pytest.mark.parametrize("call", ["write_activities", "write_document"])
@pytest.mark.parametrize("is_before", [True, False])
def test_death_between_decision_and_record_changes_nothing(
    play: Play, box: SimMailbox, call: str, is_before: bool
) -> None:
    play.drag(box, mail("First", SHOT))
    moment = {"before": die} if is_before else {"after": die}
    with pytest.raises(Death):
        worker(play, "webcrm", call, **moment).look()
    play.drag(box, mail("Second", SHOT))
    play.settle()
    assert len(play.activities) == 2
    assert filed(play) == {"First": ["image001.png"], "Second": []}


def test_what_is_decided_stays_when_the_words_are_written_anew(play: Play, box: SimMailbox) -> None:
    play.drag(box, mail("First", SHOT))
    play.look()
    kim = Desk(play, box)
    second = play.drag(box, mail("Second", SHOT, words="<p>Look again</p>"))
    play.look()
    kim.undo(second)
    play.settle()
    kim.sync(second)
    play.settle()
    assert filed(play) == {"First": ["image001.png"], "Second": []}
    assert play.activities[1]["ActivityMemo"].endswith("Look again")


def test_picture_of_a_mail_that_was_taken_back_is_filed_with_the_next_one(
    play: Play, box: SimMailbox
) -> None:
    first = play.drag(box, mail("First", SHOT))
    play.look()
    Desk(play, box).undo(first)
    play.settle()
    play.drag(box, mail("Second", SHOT))
    play.settle()
    assert [d["DocumentFileName"] for d in play.documents] == ["image001.png"]
    assert filed(play)["Second"] == ["image001.png"]


def test_picture_that_outlook_does_not_give_is_filed_with_the_next_mail(
    play: Play, box: SimMailbox
) -> None:
    play.drag(box, mail("First", SHOT))
    box.unreadable.add("image001.png")
    play.look()
    assert play.documents == []
    play.drag(box, mail("Second", replace(SHOT, name="image002.png")))
    play.look()
    assert filed(play)["Second"] == ["image002.png"]


def test_mail_that_an_earlier_version_read_is_filed_with_its_screenshot(
    play: Play, box: SimMailbox
) -> None:
    play.stage.faults.refuse(
        service="webcrm", when=lambda m, p: (m, p) == ("PATCH", "/Activities"), limit=1
    )
    play.drag(box, mail("Error", SHOT))
    with play.context.begin() as tx:
        tx.connection.execute(text("UPDATE email SET pictures = NULL"))
    play.settle()
    assert filed(play) == {"Error": ["image001.png"]}


@pytest.mark.parametrize(
    "body",
    [
        "<img src='https://x.example/offer.png'>",
        "<a href='https://x.example'><img src='https://x.example/a.png' alt='Offer'></a>",
        f"<p>Look:</p><img src='data:image/png;base64,{'A' * 40_000}'>",
        f"<img src='data:image/png;base64,{'A' * 4_000_000}'>",
    ],
)
def test_picture_that_cannot_be_kept_is_said_to_be_missing(
    play: Play, box: SimMailbox, body: str
) -> None:
    item = play.drag(box, Mail("Offer", BO, KIM, body=body))
    play.look()
    assert box.read(item).categories == BOTH
    assert PICTURE_MISSING in play.activities[0]["ActivityMemo"].splitlines()
    assert play.documents == []


def test_mails_without_pictures_ask_the_database_for_none(play: Play, box: SimMailbox) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        play.drag(box, mail("Words"))
        play.drag(box, mail("Small", png("icon.png", 1000)))
        play.look()
        assert not [s for s in asked if "document.size IN" in s or "document.size = ANY" in s]
        play.drag(box, mail("Large", SHOT))
        play.look()
        assert len([s for s in asked if "document.size = ANY" in s]) == 1
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_rebuilt_database_files_no_picture_twice(play: Play, box: SimMailbox) -> None:
    items = [play.drag(box, mail(f"Mail {n}", SHOT, LOGO)) for n in range(2)]
    play.look()
    before = filed(play)
    with play.context.begin() as tx:
        tx.connection.execute(text("TRUNCATE company CASCADE"))
        company_id = companies.ensure_company(tx, play.context.tenant_id)
    again = Play(play.stage, replace(play.context, company_id=company_id), play.organisations)
    list(rebuild(again.context, find(again.context, [KIM])))
    again.settle()
    assert filed(again) == before
    assert all(box.read(item).categories == BOTH for item in items)
    assert len(box.messages(f"inbox/{FOLDER}")) == 2
