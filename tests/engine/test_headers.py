"""The headers of a mail are stored with it, however unusual they are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from support.scenario import BO, BOTH, KIM, Scenario
from support.stored import as_stored
from webcrm_sync.core.message import Party
from webcrm_sync.store import emails
from webcrm_sync.store.schema.tables import email
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

COLUMNS = (
    email.c.reply_to,
    email.c.sent_by,
    email.c.conversation_id,
    email.c.in_reply_to,
    email.c.referenced_ids,
    email.c.sensitivity,
)


def headers(scenario: Scenario, email_id: int) -> tuple[Any, ...]:
    with scenario.context.begin() as tx:
        return tuple(
            tx.connection.execute(
                select(*map(as_stored, COLUMNS)).where(email.c.id == email_id)
            ).one()
        )


def taken_up(scenario: Scenario, box: SimMailbox, mail: Mail) -> int:
    item = scenario.drag(box, mail)
    scenario.discover()
    assert box.read(item).categories == BOTH
    return scenario.item(box, item).email_id


def test_headers_are_stored_with_the_mail(scenario: Scenario, box: SimMailbox) -> None:
    mail = Mail(
        "RE: Offer",
        BO,
        KIM,
        message_id="<c@havnebyg.example>",
        reply_to=("Office <Office@havnebyg.example>",),
        sent_by="Eva <eva@havnebyg.example>",
        conversation_id="AAQkAD-1",
        headers=(
            ("In-Reply-To", "<b@nordwind.example>"),
            ("References", "<a@nordwind.example> <b@nordwind.example>"),
            ("Sensitivity", "Company-Confidential"),
        ),
    )
    assert headers(scenario, taken_up(scenario, box, mail)) == (
        [["office@havnebyg.example", "Office"]],
        ["eva@havnebyg.example", "Eva"],
        "AAQkAD-1",
        "<b@nordwind.example>",
        ["<a@nordwind.example>", "<b@nordwind.example>"],
        3,
    )
    with scenario.context.begin() as tx:
        (stored,) = emails.find_emails(tx, "<c@havnebyg.example>")
    assert stored.reply_to == (Party("office@havnebyg.example", "Office"),)
    assert stored.sent_by == Party("eva@havnebyg.example", "Eva")


def test_a_mail_without_headers_is_stored_without_them(scenario: Scenario, box: SimMailbox) -> None:
    found = headers(
        scenario, taken_up(scenario, box, Mail("Plain", BO, KIM, conversation_id="AAQkAD-2"))
    )
    assert found == ([], None, "AAQkAD-2", None, [], 0)


def test_odd_headers_neither_stop_the_mail_nor_exceed_their_limit(
    scenario: Scenario, box: SimMailbox
) -> None:
    mail = Mail(
        "Odd",
        BO,
        KIM,
        reply_to=(
            f"{'x' * 500}@far.example",
            *(f"Team\0 {n} <team{n}@havnebyg.example>" for n in range(90)),
        ),
        headers=(
            ("In-Reply-To", "Your mail of Monday"),
            ("References", " ".join(f"<{n}\0@x>" for n in range(900)) + f"<{'y' * 9000}@x>"),
            ("Sensitivity", "Whatever"),
        ),
    )
    reply_to, _, _, in_reply_to, references, sensitivity = headers(
        scenario, taken_up(scenario, box, mail)
    )
    assert len(reply_to) == 20
    assert reply_to[0] == ["team0@havnebyg.example", "Team 0"]
    assert (in_reply_to, sensitivity) == (None, 0)
    assert len(references) == 50
    assert references[0] == "<0@x>"
    assert references[-1] == "<899@x>"
