"""Pictures that mails show: the content becomes a Document, once; repeated pictures do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event, text

from support.interleave import Death, die, worker
from support.pane_user import PaneUser
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, Scenario
from webcrm_sync.core.attachments import PICTURE_MISSING
from webcrm_sync.engine.reconciliation.recover import find_users, rebuild
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
    """A mail from Bo to Kim that shows these pictures."""
    made = Mail(subject, BO, KIM, body=showing(*pictures, words=words), attachments=pictures)
    return replace(made, **more)  # type: ignore[arg-type]  # the caller names real fields


def filed(scenario: Scenario, organisation: str | None = None) -> dict[str, list[str]]:
    """The names of the Documents by the subject of their Activity."""
    activities = scenario.activities_under(organisation) if organisation else scenario.activities
    return {
        a["ActivityDescription"]: [
            d["DocumentFileName"]
            for d in scenario.documents
            if d["DocumentLinkedEntityId"] == a["ActivityId"]
        ]
        for a in activities
    }


SHOT = png("image001.png", 60_000)
LOGO = png("logo.png", 30_000)


def test_screenshot_under_a_line_of_text_becomes_a_document(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, mail("Error", SHOT, png("icon.png", 1000)))
    scenario.discover()
    assert box.read(item).categories == BOTH
    assert filed(scenario) == {"Error": ["image001.png"]}
    assert PICTURE_MISSING not in scenario.activities[0]["ActivityMemo"]


def test_mail_with_only_a_small_picture_is_filed_with_it(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.drag(box, mail("Stamp", png("image001.png", 3000), words="<p>&nbsp;</p>"))
    scenario.drag(box, mail("Words", png("image001.png", 3000)))
    scenario.discover()
    assert filed(scenario) == {"Stamp": ["image001.png"], "Words": []}


def test_large_body_that_is_read_immediately_keeps_its_pictures(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.drag(box, mail("Stamp", png("image001.png", 3000), words="<p>&nbsp;</p>" * 8000))
    scenario.discover()
    assert filed(scenario) == {"Stamp": ["image001.png"]}


def test_logo_that_a_sender_repeats_is_filed_once(scenario: Scenario, box: SimMailbox) -> None:
    for number in range(3):
        shot = png(f"image00{number}.png", 50_000 + number)
        logo = replace(LOGO, name=f"image01{number}.png", content_id=f"{number}@logo")
        scenario.drag(box, mail(f"Mail {number}", shot, logo, words=SIGNED))
        scenario.discover()
    assert filed(scenario) == {
        "Mail 0": ["image000.png", "image010.png"],
        "Mail 1": ["image001.png"],
        "Mail 2": ["image002.png"],
    }


def test_logo_of_mails_that_are_moved_together_is_filed_once(
    scenario: Scenario, box: SimMailbox
) -> None:
    for number in range(12):
        scenario.drag(box, mail(f"Mail {number}", LOGO, words=SIGNED))
    scenario.discover()
    assert len(scenario.activities) == 12
    assert [d["DocumentFileName"] for d in scenario.documents] == ["logo.png"]


def test_logo_of_a_senders_colleague_is_recognised(scenario: Scenario, box: SimMailbox) -> None:
    scenario.add_contact("eva@havnebyg.example")
    scenario.poll_webcrm()
    scenario.drag(box, mail("From Bo", LOGO))
    scenario.drag(box, mail("From Eva", LOGO, sender="eva@havnebyg.example"))
    scenario.discover()
    assert sorted(map(len, filed(scenario).values())) == [0, 1]


def test_picture_of_another_sender_with_the_same_size_is_filed(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.add_contact("pia@elsewhere.example")
    scenario.poll_webcrm()
    scenario.drag(box, mail("From Bo", SHOT))
    scenario.drag(box, mail("From Pia", SHOT, sender="pia@elsewhere.example"))
    scenario.discover()
    assert filed(scenario) == {"From Bo": ["image001.png"], "From Pia": ["image001.png"]}


@pytest.mark.parametrize("is_reply_first", [False, True])
@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
def test_reply_that_quotes_a_screenshot_does_not_file_it_again(
    scenario: Scenario, box: SimMailbox, header: str, is_reply_first: bool
) -> None:
    said = "<first@x.example>"
    first = mail("Error", SHOT, message_id=said)
    headers = ((header, f"<other@x.example> {said}" if header == "References" else said),)
    quoted = replace(SHOT, name="image007.png", content_id="again@2")
    reply = mail("RE: Error", quoted, sender=KIM, to=BO, headers=headers)
    moves: list[Callable[[], str]] = [
        lambda: scenario.drag(box, first),
        lambda: scenario.drag(box, reply, place="sentitems"),
    ]
    for move in reversed(moves) if is_reply_first else moves:
        move()
        scenario.discover()
    found = filed(scenario)
    assert found == (
        {"RE: Error": ["image007.png"], "Error": []}
        if is_reply_first
        else {"Error": ["image001.png"], "RE: Error": []}
    )


def test_mail_to_two_customers_is_filed_with_its_picture_under_both(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    scenario.drag(box, mail("Drawing", SHOT, sender=KIM, to=BO, cc=(LIS,)), place="sentitems")
    scenario.discover()
    assert filed(scenario, "Havnebyg") == filed(scenario, "Skovby") == {"Drawing": ["image001.png"]}


def test_picture_that_another_customer_got_before_is_filed_for_this_one_too(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    for to in (BO, LIS):
        scenario.drag(box, mail(f"Prices for {to}", SHOT, sender=KIM, to=to), place="sentitems")
    scenario.discover()
    assert list(filed(scenario).values()) == [["image001.png"], ["image001.png"]]


@pytest.mark.parametrize("call", ["write_activities", "write_document"])
@pytest.mark.parametrize("is_before", [True, False])
def test_death_between_decision_and_record_changes_nothing(
    scenario: Scenario, box: SimMailbox, call: str, is_before: bool
) -> None:
    scenario.drag(box, mail("First", SHOT))
    moment = {"before": die} if is_before else {"after": die}
    with pytest.raises(Death):
        worker(scenario, "webcrm", call, **moment).discover()
    scenario.drag(box, mail("Second", SHOT))
    scenario.run_all_retries()
    assert len(scenario.activities) == 2
    assert filed(scenario) == {"First": ["image001.png"], "Second": []}


def test_decision_stays_when_the_text_is_updated(scenario: Scenario, box: SimMailbox) -> None:
    scenario.drag(box, mail("First", SHOT))
    scenario.discover()
    kim = PaneUser(scenario, box)
    second = scenario.drag(box, mail("Second", SHOT, words="<p>Look again</p>"))
    scenario.discover()
    kim.undo(second)
    scenario.run_all_retries()
    kim.sync(second)
    scenario.run_all_retries()
    assert filed(scenario) == {"First": ["image001.png"], "Second": []}
    assert scenario.activities[1]["ActivityMemo"].endswith("Look again")


def test_picture_of_an_undone_mail_is_filed_with_the_next_one(
    scenario: Scenario, box: SimMailbox
) -> None:
    first = scenario.drag(box, mail("First", SHOT))
    scenario.discover()
    PaneUser(scenario, box).undo(first)
    scenario.run_all_retries()
    scenario.drag(box, mail("Second", SHOT))
    scenario.run_all_retries()
    assert [d["DocumentFileName"] for d in scenario.documents] == ["image001.png"]
    assert filed(scenario)["Second"] == ["image001.png"]


def test_picture_that_outlook_does_not_deliver_is_filed_with_the_next_mail(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.drag(box, mail("First", SHOT))
    box.unreadable.add("image001.png")
    scenario.discover()
    assert scenario.documents == []
    scenario.drag(box, mail("Second", replace(SHOT, name="image002.png")))
    scenario.discover()
    assert filed(scenario)["Second"] == ["image002.png"]


def test_mail_that_an_earlier_version_read_is_filed_with_its_screenshot(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.faults.refuse(
        service="webcrm", when=lambda m, p: (m, p) == ("PATCH", "/Activities"), limit=1
    )
    scenario.drag(box, mail("Error", SHOT))
    with scenario.context.begin() as tx:
        tx.connection.execute(text("UPDATE email SET pictures = NULL"))
    scenario.run_all_retries()
    assert filed(scenario) == {"Error": ["image001.png"]}


@pytest.mark.parametrize(
    "body",
    [
        "<img src='https://x.example/offer.png'>",
        "<a href='https://x.example'><img src='https://x.example/a.png' alt='Offer'></a>",
        f"<p>Look:</p><img src='data:image/png;base64,{'A' * 40_000}'>",
        f"<img src='data:image/png;base64,{'A' * 4_000_000}'>",
    ],
)
def test_activity_names_a_picture_that_could_not_be_filed(
    scenario: Scenario, box: SimMailbox, body: str
) -> None:
    item = scenario.drag(box, Mail("Offer", BO, KIM, body=body))
    scenario.discover()
    assert box.read(item).categories == BOTH
    assert PICTURE_MISSING in scenario.activities[0]["ActivityMemo"].splitlines()
    assert scenario.documents == []


def test_mails_without_pictures_cause_no_query_for_pictures(
    scenario: Scenario, box: SimMailbox
) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        scenario.drag(box, mail("Words"))
        scenario.drag(box, mail("Small", png("icon.png", 1000)))
        scenario.discover()
        assert not [s for s in asked if "document.size IN" in s or "document.size = ANY" in s]
        scenario.drag(box, mail("Large", SHOT))
        scenario.discover()
        assert len([s for s in asked if "document.size = ANY" in s]) == 1
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_rebuilt_database_files_no_picture_twice(scenario: Scenario, box: SimMailbox) -> None:
    items = [scenario.drag(box, mail(f"Mail {n}", SHOT, LOGO)) for n in range(2)]
    scenario.discover()
    before = filed(scenario)
    with scenario.context.begin() as tx:
        tx.connection.execute(text("TRUNCATE company RESTART IDENTITY CASCADE"))
        company_id = companies.ensure_company(tx, scenario.context.tenant_id)
    again = Scenario(
        scenario.sandbox, replace(scenario.context, company_id=company_id), scenario.organisations
    )
    list(rebuild(again.context, find_users(again.context, [KIM]), take_over=True))
    again.run_all_retries()
    assert filed(again) == before
    assert all(box.read(item).categories == BOTH for item in items)
    assert len(box.messages(f"inbox/{FOLDER}")) == 2
