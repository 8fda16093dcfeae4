"""Text from strangers acts neither in webCRM nor in Outlook, and stays readable in both."""

from __future__ import annotations

import re

import pytest

from support.pane_user import add_pane_user
from support.scenario import BO, BOTH, FOLDER, KIM, OpenScenario, Scenario
from webcrm_sync.core.states import State
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.outlook.store import Item

#: Beginnings of tags, comments and the like (WHATWG HTML: tag open state).
BEGINS = re.compile(r"<[A-Za-z/!?]")


def shown(scenario: Scenario) -> tuple[str, str]:
    """Subject and memo of the one Activity in webCRM; neither acts in a page."""
    (activity,) = scenario.activities
    subject, memo = activity["ActivityDescription"], activity["ActivityMemo"]
    assert not BEGINS.search(subject + memo)
    return subject, memo


@pytest.mark.parametrize("is_html", [False, True])
def test_a_script_in_a_mail_is_harmless_in_webcrm(
    scenario: Scenario, box: SimMailbox, is_html: bool
) -> None:
    words = "&lt;script&gt;x()&lt;/script&gt;" if is_html else "<script>x()</script>"
    sender = f'"<img src=x onerror=x()>" <{BO}>'
    item = scenario.drag(
        box, Mail("Re: </textarea>\t<b>Offer", sender, KIM, body=words, html=is_html)
    )
    scenario.discover()
    subject, memo = shown(scenario)
    assert subject == "Re: ‹/textarea› ‹b›Offer"
    assert memo == f"From: ‹img src=x onerror=x()› ‹{BO}›\nTo: {KIM}\n\n‹script›x()‹/script›"
    assert scenario.item(box, item).state is State.SYNCED


def test_addresses_comparisons_and_quotes_stay_readable_and_searchable(
    scenario: Scenario, box: SimMailbox
) -> None:
    body = "Ask Eva <eva@kunde.example>, if a < b.\nI <3 it -> <https://x.example/?a=1&b=2>\n> Kim"
    scenario.drag(box, Mail("Two", f"Bo Byg <{BO}>", KIM, body=body, html=False))
    scenario.discover()
    _, memo = shown(scenario)
    assert memo.endswith(
        "\n\nAsk Eva ‹eva@kunde.example›, if a < b.\nI <3 it -> ‹https://x.example/?a=1&b=2›\n> Kim"
    )
    assert all(address in memo for address in (BO, KIM, "eva@kunde.example"))


def test_a_subject_of_brackets_fits_the_field(scenario: Scenario, box: SimMailbox) -> None:
    scenario.drag(box, Mail("<b>" * 100, BO, KIM))
    scenario.discover()
    subject, _ = shown(scenario)
    assert subject.startswith("‹b›‹b›")
    assert len(subject) <= 200


def test_a_mail_that_is_undone_and_filed_again_stays_harmless(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("<i>Oops", BO, KIM, body="a <b>", html=False))
    kim.sync(mail)
    scenario.run_until_idle()
    first = shown(scenario)
    kim.undo(mail)
    scenario.run_until_idle()
    assert shown(scenario) == ("[withdrawn] ‹i›Oops", "")
    kim.sync(mail)
    scenario.run_until_idle()
    assert shown(scenario) == first


def test_a_document_with_a_name_like_a_tag_is_found_after_a_lost_answer(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.faults.lose(
        service="webcrm", when=lambda _, p: p.startswith("/Documents"), limit=1
    )
    files = (File("&lt;img src=x&gt;.txt", b"a"),)
    item = scenario.drag(box, Mail("Files", BO, KIM, attachments=files))
    scenario.discover()
    scenario.run_all_retries()
    assert [d["DocumentFileName"] for d in scenario.documents] == ["‹img src=x›.txt"]
    assert box.read(item).categories == BOTH


# -- from webCRM to Outlook


def mirror(scenario: Scenario, subject: str, memo: str) -> Item:
    """Send a mail from webCRM; its mirror in Outlook."""
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.sandbox.crm.send_mail(user, person, subject, memo)
    scenario.poll_webcrm()
    scenario.discover()
    (found,) = box.items()
    assert found.folder.name == FOLDER
    assert scenario.item(box, found.id).state is State.MIRRORED
    return found


@pytest.mark.parametrize(
    "memo",
    [
        "Dear Eva,\r\n\r\nask <Kunde GmbH> <eva@kunde.example>.\r\n\r\nKim",
        "See <https://kunde.example/?a=1&b=2>\nand a < b > c, I <3 it",
        "Dear <name>,\n\n\tput\n<a href='https://x.example'>Offer</a>\ninto the page.\n\nKim",
        "Eva ‹eva@kunde.example› wrote ‹b›",
    ],
)
def test_a_text_from_webcrm_is_unchanged_in_outlook(scenario: Scenario, memo: str) -> None:
    found = mirror(scenario, "Order", memo)
    assert (found.body, found.html) == (memo, False)


def test_html_from_webcrm_is_shown_harmless_and_whole(scenario: Scenario) -> None:
    memo = "<p onclick='x()'>Ask Eva <eva@kunde.example><script>x()</script></p>"
    found = mirror(scenario, "Order", memo)
    assert (found.body, found.html) == ("<p>Ask Eva &lt;eva@kunde.example&gt;</p>", True)


def test_the_subject_of_a_mirror_is_one_line_that_exchange_accepts(scenario: Scenario) -> None:
    found = mirror(scenario, "Order\r\n\t<17>\x07 " + "word " * 100, "Thanks")
    assert found.subject.startswith("Order <17> word word")
    assert found.subject.endswith("word…")
    assert len(found.subject) <= 255


def test_a_memo_that_cannot_be_converted_does_not_delay_the_others(
    open_scenario: OpenScenario,
) -> None:
    scenario = open_scenario()
    found = mirror(scenario, "Deep", "<div>" * 30_000)
    assert not found.html
