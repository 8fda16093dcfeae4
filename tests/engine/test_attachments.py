"""Attachments: which become Documents, and what the Activity says about the others."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta

import pytest
from sqlalchemy import text

from support.interleave import Death, die, worker
from support.scenario import BO, BOTH, KIM, LIS, OpenScenario, Scenario
from webcrm_sync.core.attachments import Protection
from webcrm_sync.core.states import State
from webcrm_sync_sandbox.outlook.mail import AttachedItem, Attachment, File, Link, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

LOGO = File("logo.png", b"png", "image/png", is_inline=True, content_id="logo@1")
PDF = File("plan.pdf", b"%PDF", "application/pdf")


@pytest.fixture
def scenario(open_scenario: OpenScenario) -> Scenario:
    """A scenario with a small limit for attachments; webCRM knows Bo."""
    opened = open_scenario(ATTACHMENT_MAX_MB="0.5")
    opened.add_contact(BO)
    return opened


@pytest.fixture
def box(scenario: Scenario) -> SimMailbox:
    """Kim's mailbox."""
    made = scenario.add_mailbox()
    scenario.poll_webcrm()
    return made


def synced(
    scenario: Scenario, box: SimMailbox, *files: Attachment, body: str = "<p>Hello</p>"
) -> str:
    """Sync a mail with these attachments; the memo of its Activity."""
    item = scenario.drag(box, Mail("Files", BO, KIM, body=body, attachments=files))
    scenario.discover()
    assert box.read(item).categories == BOTH
    (activity,) = scenario.activities
    return str(activity["ActivityMemo"])


def names(scenario: Scenario) -> list[str]:
    """The names of the Documents."""
    return [d["DocumentFileName"] for d in scenario.documents]


def test_photo_in_the_text_becomes_a_document_and_a_logo_does_not(
    scenario: Scenario, box: SimMailbox
) -> None:
    photo = File("quay.jpg", b"jpg", "image/jpeg", is_inline=True, content_id="photo@1")
    unflagged = File("sign.png", b"png", "image/png", content_id="sign@1")
    body = '<p>Hello</p><img src="cid:logo@1"><div style="background:url(cid:sign@1)">'
    body += "</div>"
    synced(scenario, box, LOGO, unflagged, photo, PDF, body=body)
    assert names(scenario) == ["quay.jpg", "plan.pdf"]


def test_pdf_that_is_only_flagged_inline_is_not_lost(scenario: Scenario, box: SimMailbox) -> None:
    """Graph then says that the mail has no attachments."""
    pdf = File("invoice.pdf", b"%PDF", "application/pdf", is_inline=True)
    synced(scenario, box, LOGO, pdf, body='<p>See below</p><img src="cid:logo@1">')
    assert names(scenario) == ["invoice.pdf"]


def test_mail_that_shows_no_attachment_costs_no_call(scenario: Scenario, box: SimMailbox) -> None:
    synced(scenario, box)
    assert scenario.sandbox.journal.count(path="/attachments") == 0


def test_attachments_of_twenty_mails_with_a_logo_are_listed_in_one_call(
    scenario: Scenario, box: SimMailbox
) -> None:
    for number in range(21):
        body = f'<p>{number}</p><img src="cid:logo@1">'
        scenario.drag(box, Mail(f"Mail {number}", BO, KIM, body=body, attachments=(LOGO,)))
    scenario.discover()
    assert len(scenario.activities) == 21
    assert scenario.documents == []
    assert scenario.sandbox.journal.count(path="/attachments") == 0


def test_attachments_are_listed_once(scenario: Scenario, box: SimMailbox) -> None:
    synced(scenario, box, PDF)
    asked = [e for e in scenario.sandbox.journal.exchanges if e.path.endswith("/attachments")]
    assert len(asked) == 1


def test_file_over_the_limit_is_left_out_and_the_activity_says_so(
    scenario: Scenario, box: SimMailbox
) -> None:
    memo = synced(scenario, box, PDF, File("report.zip", b"z" * 600_000))
    assert "Left out: report.zip (0.6 MB, more than 0.5 MB)" in memo.splitlines()
    assert names(scenario) == ["plan.pdf"]
    story = scenario.timeline(box.messages("inbox/webCRM sync")[0])
    told = [line.sentence for line in story.lines if line.kind == "left out"]
    assert told == ["An attachment was left out: report.zip (0.6 MB, more than 0.5 MB)."]


def test_left_out_file_of_a_mail_to_two_customers_is_recorded_once(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    film = File("film.mp4", b"f" * 600_000)
    scenario.drag(box, Mail("Film", KIM, BO, cc=(LIS,), attachments=(film,)), place="sentitems")
    scenario.discover()
    assert all("Left out: film.mp4" in a["ActivityMemo"] for a in scenario.activities)
    story = scenario.timeline(box.messages("sentitems/webCRM sync")[0])
    assert [line.kind for line in story.lines].count("left out") == 1


def test_mail_whose_only_file_is_too_large_is_synced(scenario: Scenario, box: SimMailbox) -> None:
    assert "Left out: report.zip" in synced(scenario, box, File("report.zip", b"z" * 600_000))
    assert names(scenario) == []


def test_links_and_attached_mails(scenario: Scenario, box: SimMailbox) -> None:
    mail = AttachedItem("Offer", b"Subject: Offer\r\n\r\nHello")
    memo = synced(scenario, box, mail, Link("Drawing", "https://drive.example/1"))
    assert "Linked file: Drawing" in memo.splitlines()
    (document,) = scenario.documents
    assert document["DocumentFileName"] == "Offer.eml"
    assert b64decode(document["DocumentFile"]).startswith(b"Subject: Offer")


def test_two_files_with_one_name_get_different_names(scenario: Scenario, box: SimMailbox) -> None:
    synced(scenario, box, File("scan.pdf", b"1"), File("scan.pdf", b"2"))
    assert names(scenario) == ["scan.pdf", "scan (2).pdf"]
    assert [b64decode(d["DocumentFile"]) for d in scenario.documents] == [b"1", b"2"]


def test_slash_in_a_name_truncates_nothing(scenario: Scenario, box: SimMailbox) -> None:
    mails = (AttachedItem("Tilbud til Hansen A/S", b"Subject: x\r\n\r\n"), File("A/S.pdf", b"1"))
    synced(scenario, box, *mails, File("Invoice 3/2026.pdf", b"22"), File("A_S.pdf", b"333"))
    assert sorted(names(scenario)) == [
        "A_S (2).pdf",
        "A_S.pdf",
        "Invoice 3_2026.pdf",
        "Tilbud til Hansen A_S.eml",
    ]


def test_document_that_an_earlier_version_named_differently_is_still_written(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.faults.refuse(
        service="webcrm", when=lambda m, p: (m, p) == ("PATCH", "/Documents"), limit=1
    )
    files = (File("3/2026.pdf", b"1"), File("4/2026.pdf", b"22"))
    item = scenario.drag(box, Mail("Files", BO, KIM, attachments=files))
    scenario.discover()
    assert names(scenario) == []
    with scenario.context.begin() as tx:
        cut = text("UPDATE document SET name = CASE position WHEN 1 THEN :one ELSE :two END")
        tx.connection.execute(cut, {"one": "2026.pdf", "two": "2026 (2).pdf"})
    scenario.run_all_retries()
    assert box.read(item).categories == BOTH
    written = {d["DocumentFileName"]: b64decode(d["DocumentFile"]) for d in scenario.documents}
    assert written == {"2026.pdf": b"1", "2026 (2).pdf": b"22"}


def test_activity_of_an_encrypted_mail_says_that_it_cannot_be_read(
    scenario: Scenario, box: SimMailbox
) -> None:
    sealed = File("smime.p7m", b"0", "application/pkcs7-mime")
    memo = synced(scenario, box, sealed, body="")
    assert Protection.ENCRYPTED.value in memo.splitlines()
    assert names(scenario) == ["smime.p7m"]


def test_signed_mail_is_filed_with_its_text_and_the_signed_original(
    scenario: Scenario, box: SimMailbox
) -> None:
    signed = File("smime.p7m", b"Content-Type: multipart/signed", "multipart/signed")
    memo = synced(scenario, box, signed)
    assert memo.endswith("Hello")
    assert names(scenario) == ["signed mail.eml"]


def test_activity_of_a_protected_mail_says_so(scenario: Scenario, box: SimMailbox) -> None:
    bound = File("message.rpmsg", b"0", "application/x-microsoft-rpmsg-message")
    memo = synced(scenario, box, bound, body="<p>You received a protected message.</p>")
    assert Protection.RIGHTS_PROTECTED.value in memo.splitlines()
    assert names(scenario) == []


def test_file_that_webcrm_finds_too_large_is_left_out_later(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.crm.largest_request = 300_000
    memo = synced(scenario, box, PDF, File("film.mp4", b"f" * 400_000))
    assert "Left out: film.mp4 (too large for webCRM)" in memo.splitlines()
    assert memo.endswith("Hello")
    assert names(scenario) == ["plan.pdf"]
    assert len(scenario.activities) == 1


def test_file_that_outlook_does_not_deliver_is_left_out_after_a_day(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Broken", BO, KIM, body="Hi", attachments=(PDF,)))
    scenario.sandbox.journal.clear()
    box.unreadable.add("plan.pdf")
    scenario.discover()
    scenario.run_all_retries()
    assert scenario.item(box, item).state is State.PARKED
    for _ in range(26):
        scenario.wait(timedelta(hours=1, minutes=1))
    assert box.read(item).categories == BOTH
    (activity,) = scenario.activities
    assert "Left out: plan.pdf (Outlook does not give it)" in activity["ActivityMemo"]


def test_file_larger_than_announced_counts_as_undelivered(
    scenario: Scenario, box: SimMailbox
) -> None:
    other = File("offer.pdf", b"%PDF offer")
    item = scenario.drag(box, Mail("Swollen", BO, KIM, body="Hi", attachments=(PDF, other)))
    box.overlong.add("plan.pdf")
    scenario.discover()
    scenario.run_all_retries()
    assert scenario.item(box, item).state is State.PARKED
    assert names(scenario) == ["offer.pdf"]
    box.overlong.clear()
    scenario.wait(timedelta(hours=1, minutes=1))
    assert box.read(item).categories == BOTH
    assert sorted(names(scenario)) == ["offer.pdf", "plan.pdf"]


def test_death_before_a_late_left_out_line_is_written_loses_nothing(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.crm.largest_request = 300_000
    scenario.drag(box, Mail("Film", BO, KIM, attachments=(File("film.mp4", b"f" * 400_000),)))
    dying = worker(scenario, "webcrm", "change_activity", before=die)
    with pytest.raises(Death):
        dying.discover()
    scenario.run_all_retries()
    (activity,) = scenario.activities
    assert "Left out: film.mp4" in activity["ActivityMemo"]


def test_late_left_out_line_never_empties_an_activity_whose_mail_is_gone(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.crm.largest_request = 300_000
    film = File("film.mp4", b"f" * 400_000)
    item = scenario.drag(box, Mail("Film", BO, KIM, body="<p>Words</p>", attachments=(film,)))

    def vanish() -> None:
        box.delete(item)
        box.delete(item)

    worker(scenario, "webcrm", "write_document", before=vanish).discover()
    scenario.run_all_retries()
    (activity,) = scenario.activities
    assert activity["ActivityMemo"].endswith("Words")


def test_quoted_mails_stay_out_of_webcrm_on_request(open_scenario: OpenScenario) -> None:
    scenario = open_scenario(QUOTED_HISTORY="NEW_TEXT_ONLY")
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    quoted = "<div id='divRplyFwdMsg'><b>Fra:</b> Kim</div><p>Skal vi?</p>"
    for subject in ("SV: Kaj", "VS: Kaj"):
        scenario.drag(box, Mail(subject, BO, KIM, body=f"<p>Ja tak.</p>{quoted}"))
    scenario.discover()
    memos = {a["ActivityDescription"]: a["ActivityMemo"] for a in scenario.activities}
    assert memos["SV: Kaj"].endswith("\n\nJa tak.")
    assert memos["VS: Kaj"].endswith("Skal vi?")


def test_late_left_out_line_does_not_recreate_a_deleted_activity(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.crm.largest_request = 300_000
    film = File("film.mp4", b"f" * 400_000)
    item = scenario.drag(box, Mail("Film", BO, KIM, attachments=(film,)))

    def delete() -> None:
        (activity,) = scenario.activities
        scenario.sandbox.crm.tables["Activity"].delete(activity["ActivityId"])

    worker(scenario, "webcrm", "change_activity", before=delete).discover()
    scenario.run_all_retries()
    assert scenario.activities == []
    assert box.read(item).categories == BOTH
