"""Addresses in any spelling lead to their contacts; `doctor` names unusable ones."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from support.scenario import BO, BOTH, FOLDER, KIM, LIS, PENDING, OpenScenario, Scenario
from webcrm_sync.core.direction import Direction
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.operations.doctor import Check, Verdict, run_checks
from webcrm_sync.store import emails
from webcrm_sync_sandbox.outlook.mail import Mail, Person
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"
FORM = "form@nordwind.example"
LEGACY = "/o=ExchangeLabs/ou=Group/cn=Recipients/cn=Kim"


def email_of(scenario: Scenario, box: SimMailbox, item: str) -> emails.Email:
    """The e-mail row of a copy."""
    email_id = scenario.item(box, item).email_id
    with scenario.context.begin() as tx:
        (found,) = emails.emails_with(tx, message_ids=[box.read(item).message_id or ""])
    assert found.id == email_id
    return found


def contacts(scenario: Scenario) -> list[Check]:
    """The contact checks of `doctor`."""
    return [check for check in run_checks(scenario.context) if check.name == "contacts"]


# -- contacts


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("'bo@havnebyg.example'", BO),
        ('"Bo@Havnebyg.example"', BO),
        ("Bo <bo@havnebyg.example>", BO),
        ("mailto:bo@havnebyg.example", BO),
        ("SMTP:bo@havnebyg.example", BO),
        ("bo@havnebyg.example.", BO),
        ("bo\u200b@havnebyg.example", BO),
        ("\ufeffbo@havnebyg.example\u00a0", BO),
        ("bo@havne\u00adbyg.example", BO),
        ("ｂｏ＠havnebyg.example", BO),
        ("ib@havnebyg.example / bo@havnebyg.example", BO),
        ("ib@havnebyg.example; bo@havnebyg.example", BO),
        ("ib@havnebyg.example\r\nbo@havnebyg.example", BO),
        ("ib@havnebyg.example or bo@havnebyg.example", BO),
        ("ib@havnebyg.example bo@havnebyg.example", BO),
        ("bo @ havnebyg.example", BO),
        (BO, "'bo@havnebyg.example'"),
        (BO, "bo+offers@havnebyg.example"),
        (BO, "'BO+offers@havnebyg.example.'"),
        ("bo+crm@havnebyg.example", BO),
        ("bo@bücher.example", "bo@xn--bcher-kva.example"),
        ("bo@xn--bcher-kva.example", "bo@BÜCHER.example"),
        ("bo@bu\u0308cher.example", "bo@bücher.example"),
        ("bo@straße.example", "bo@xn--strae-oqa.example"),
    ],
)
def test_contact_is_known_however_its_address_was_pasted(
    scenario: Scenario, field: str, address: str
) -> None:
    scenario.add_contact(field)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Offer", Person(address), KIM))
    scenario.discover()
    assert box.read(item).categories == BOTH
    (activity,) = scenario.activities_under("Havnebyg")
    assert activity["ActivityPersonId"] > 0
    assert [c.verdict for c in contacts(scenario)] == [Verdict.OK]


@pytest.mark.parametrize(
    ("field", "address"),
    [("bo@strasse.example", "bo@straße.example"), ("bo@bucher.example", "bo@bücher.example")],
)
def test_domain_that_only_looks_similar_is_different(
    scenario: Scenario, field: str, address: str
) -> None:
    scenario.add_contact(field)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Offer", Person(address), KIM))
    scenario.discover()
    assert scenario.item(box, item).state is State.WAITING


def test_exact_address_wins_over_the_one_without_the_tag(scenario: Scenario) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact("bo+skovby@havnebyg.example", "Skovby")
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.drag(box, Mail("One", "bo+skovby@havnebyg.example", KIM))
    scenario.drag(box, Mail("Two", "bo+other@havnebyg.example", KIM))
    scenario.discover()
    assert [a["ActivityDescription"] for a in scenario.activities_under("Skovby")] == ["One"]
    assert [a["ActivityDescription"] for a in scenario.activities_under("Havnebyg")] == ["Two"]


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("bo+offers@havnebyg.example", BO),
        (BO, "bo+crm@havnebyg.example"),
        ("bo+a@havnebyg.example", "bo+b@havnebyg.example"),
        ("'bo@havnebyg.example'", "Bo <BO@havnebyg.example>"),
        ("bo@bücher.example", "bo@xn--bcher-kva.example"),
    ],
)
def test_mail_waits_until_the_contact_appears_in_another_spelling(
    scenario: Scenario, address: str, field: str
) -> None:
    scenario.add_contact(LIS, "Skovby")
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Offer", Person(address), KIM))
    scenario.discover()
    assert box.read(item).categories == PENDING
    scenario.add_contact(field)
    scenario.poll_webcrm()
    assert box.read(item).categories == BOTH


# -- unusable addresses


def test_doctor_names_contacts_that_no_mail_can_lead_to(
    scenario: Scenario, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    odd = scenario.add_contact("eva(at)havnebyg.example")
    short = scenario.add_contact("bo@havnebyg", "Skovby")
    known = scenario.add_contact("n/a", email2="lis@skovby.example")
    for _ in range(300):
        scenario.add_contact("n/a", "Lund")
    scenario.add_mailbox()
    scenario.poll_webcrm()
    many, *few = contacts(scenario)
    assert {c.verdict for c in (many, *few)} == {Verdict.WARNING}
    assert many.text.startswith("300 contacts are never matchable")
    assert "'n/a'" in many.text
    assert many.text.count("Person ") == 5
    assert "and 295 more" in many.text
    assert f"Person {known} " not in many.text
    place = scenario.organisations["Havnebyg"]
    (one,) = [c.text for c in few if f"Person {odd} of Organisation {place}" in c.text]
    assert "Write one complete address into it in webCRM." in one
    assert any(f"Person {short} of" in c.text for c in few)
    assert "eva(at)" not in caplog.text


@pytest.mark.parametrize(
    "field",
    ["n/a", "-", "eva", "eva@", "@havnebyg.example", "eva(at)havnebyg.example", "ingen\nmail",
     "https://havnebyg.example", "12 34 56 78", "/o=x/cn=eva", "eva@havnebyg", "\x1b[2Jeva"],
)  # fmt: skip
def test_field_without_address_is_shown_in_one_harmless_line(
    scenario: Scenario, field: str
) -> None:
    person = scenario.add_contact(field)
    scenario.add_mailbox()
    scenario.poll_webcrm()
    (check,) = contacts(scenario)
    assert check.text.startswith("1 contact is never matchable")
    assert check.text.isprintable()
    scenario.sandbox.crm.update_person(person, PersonEmail=BO)
    scenario.poll_webcrm()
    assert [c.verdict for c in contacts(scenario)] == [Verdict.OK]


def test_many_different_unusable_addresses_end_in_a_count(scenario: Scenario) -> None:
    for number in range(25):
        scenario.add_contact(f"none {number}")
    scenario.add_mailbox()
    scenario.poll_webcrm()
    assert len(contacts(scenario)) == 21
    assert contacts(scenario)[-1].text.startswith("5 more Persons")


@pytest.mark.parametrize("field", ["", " ", "\r\n"])
def test_person_without_an_address_is_no_problem(scenario: Scenario, field: str) -> None:
    scenario.add_contact(field)
    scenario.add_mailbox()
    scenario.poll_webcrm()
    assert [c.verdict for c in contacts(scenario)] == [Verdict.OK]


# -- Reply-To and who sent it


def test_customer_who_wrote_through_our_web_form_is_known_by_reply_to(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Ask", FORM, KIM, reply_to=("'Bo' <'BO@havnebyg.example'>",)))
    scenario.discover()
    assert box.read(item).categories == BOTH
    (activity,) = scenario.activities_under("Havnebyg")
    assert activity["ActivityPersonId"] > 0


def test_reply_to_does_not_count_beside_another_outside_address(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    scenario.drag(box, Mail("From Lis", LIS, KIM, reply_to=(BO,)))
    stranger = scenario.drag(box, Mail("From somebody", "x@other.example", KIM, reply_to=(BO,)))
    scenario.discover()
    assert len(scenario.activities_under("Skovby")) == 1
    assert scenario.activities_under("Havnebyg") == []
    assert scenario.item(box, stranger).state is State.WAITING


def test_mail_waits_for_a_reply_to_that_is_no_contact_yet(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Question", FORM, KIM, reply_to=(LIS,)))
    scenario.discover()
    assert box.read(item).categories == PENDING
    scenario.add_contact(LIS, "Skovby")
    scenario.poll_webcrm()
    assert box.read(item).categories == BOTH
    assert len(scenario.activities_under("Skovby")) == 1


def test_colleague_in_reply_to_does_not_count(scenario: Scenario, box: SimMailbox) -> None:
    item = scenario.drag(box, Mail("Among us", FORM, KIM, reply_to=(EVA,)))
    scenario.discover()
    assert scenario.item(box, item).reason is Reason.ONLY_COLLEAGUES


def test_mail_sent_on_behalf_belongs_to_its_actual_sender(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    boss = scenario.sandbox.crm.add_user(KIM, "Kim")
    assistant = scenario.sandbox.crm.add_user("'Eva' <Eva@nordwind.example>", "Eva")
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.drag(box, Mail("For Kim", KIM, BO, sent_by=EVA), place="sentitems")
    scenario.drag(box, Mail("By Kim", KIM, BO), place="sentitems")
    scenario.discover()
    owners = {a["ActivityDescription"]: a["ActivityAssignedTo"] for a in scenario.activities}
    assert owners == {"For Kim": assistant, "By Kim": boss}


# -- legacy Exchange addresses


def test_legacy_address_is_a_colleague_when_a_mailbox_has_it(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox(aliases=(LEGACY,))
    scenario.poll_webcrm()
    out = scenario.drag(box, Mail("Out", LEGACY, BO), place="sentitems")
    among = scenario.drag(box, Mail("Among us", LEGACY.upper().replace("/O=", "/o="), EVA))
    scenario.discover()
    assert email_of(scenario, box, out).direction is Direction.OUTBOUND
    assert scenario.item(box, among).reason is Reason.ONLY_COLLEAGUES


def test_legacy_address_is_learned_from_own_mail(scenario: Scenario, box: SimMailbox) -> None:
    before = scenario.drag(box, Mail("Among us?", LEGACY, EVA))
    customer = scenario.drag(box, Mail("To Bo", LEGACY, BO))
    scenario.discover()
    assert scenario.item(box, before).state is State.WAITING
    assert email_of(scenario, box, customer).direction is Direction.INBOUND
    own = scenario.drag(box, Mail("My own", LEGACY, BO), place="sentitems")
    scenario.discover()
    assert email_of(scenario, box, own).direction is Direction.OUTBOUND
    assert scenario.item(box, before).reason is Reason.ONLY_COLLEAGUES
    assert email_of(scenario, box, customer).direction is Direction.INBOUND, "what is stored stays"
    admin.add(scenario.context, admin.inspect(scenario.context, KIM))
    later = scenario.drag(box, Mail("Later", LEGACY, BO))
    scenario.discover()
    assert email_of(scenario, box, later).direction is Direction.OUTBOUND


@pytest.mark.parametrize("place", ["inbox", "sentitems"])
@pytest.mark.parametrize("sender", ["MAILER-DAEMON", '"eva" kunde', "postmaster", "'eva'", "Bo"])
def test_sender_without_an_at_sign_is_no_colleague(
    scenario: Scenario, box: SimMailbox, sender: str, place: str
) -> None:
    item = scenario.drag(box, Mail("Undeliverable", Person(sender), (KIM, BO)), place=place)
    scenario.discover()
    assert email_of(scenario, box, item).direction is Direction.INBOUND
    assert box.read(item).categories == BOTH
    assert scenario.item(box, item).state is State.SYNCED


# -- domains


@pytest.mark.parametrize(
    ("facts", "sender", "is_known"),
    [
        ({"www": "https://www.linkedin.com/company/havnebyg"}, "noreply@linkedin.com", False),
        ({"www": "https://myshopify.com/havnebyg"}, "noreply@myshopify.com", False),
        ({"www": "https://havnebyg.myshopify.com"}, "bo@havnebyg.myshopify.com", True),
        ({"www": "https://goo.gl/maps/x"}, "x@goo.gl", False),
        ({"domain": "instagram.com"}, "security@instagram.com", False),
        ({"www": "https://sites.google.com/view/x"}, "x@google.com", False),
        ({"www": "https://www.havnebyg.example/om"}, "x@havnebyg.example", True),
        ({"www": "linkedin.com/x", "domain": "havnebyg.example"}, "x@havnebyg.example", True),
        ({"domain": "bücher.example"}, "x@xn--bcher-kva.example", True),
        ({"domain": "havnebyg.example / bücher.example"}, "x@bücher.example", True),
        ({"domain": "havnebyg.example"}, "x@mail.havnebyg.example", False),
    ],
)
def test_domain_counts_only_if_it_is_the_organisations_own(
    scenario: Scenario, facts: dict[str, Any], sender: str, is_known: bool
) -> None:
    scenario.add_contact(LIS, "Skovby")
    scenario.organisations["Havnebyg"] = scenario.sandbox.crm.add_organisation("Havnebyg", **facts)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Hello", sender, KIM))
    scenario.discover()
    assert (scenario.item(box, item).state is State.SYNCED) is is_known
    assert len(scenario.activities_under("Havnebyg")) == is_known


def test_domain_of_two_organisations_is_ambiguous(
    scenario: Scenario,
) -> None:
    scenario.add_contact(LIS, "Skovby")
    for name in ("Havnebyg A/S", "Havnebyg Holding"):
        scenario.organisations[name] = scenario.sandbox.crm.add_organisation(
            name, domain="havnebyg.example"
        )
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Hello", BO, KIM))
    scenario.discover()
    found = scenario.item(box, item)
    assert (found.state, found.reason) == (State.PARKED, Reason.AMBIGUOUS)
    assert scenario.activities == []


@pytest.mark.parametrize(
    "sender",
    ["a@private.example", "a@mail.private.example", "a@bücher.example", "'lis@skovby.example'",
     "lis+home@skovby.example", "A@sub.XN--BCHER-KVA.example"],
)  # fmt: skip
def test_never_sync_covers_every_spelling(open_scenario: OpenScenario, sender: str) -> None:
    scenario = open_scenario(
        NEVER_SYNC="private.example, xn--bcher-kva.example, Lis@skovby.example"
    )
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Private", BO, KIM, cc=(Person(sender),)))
    behind = scenario.drag(box, Mail("Private", BO, KIM, reply_to=(Person(sender),)))
    scenario.discover()
    assert scenario.item(box, item).reason is Reason.NEVER_LIST
    assert scenario.item(box, behind).reason is Reason.NEVER_LIST
    assert scenario.activities == []


# -- the mirror


@pytest.mark.parametrize(
    ("field", "right"),
    [
        ("Bo <BO@havnebyg.example>", BO),
        ("'bo@havnebyg.example'", BO),
        ("mailto:bo@havnebyg.example", BO),
        ("bo\u200b@havnebyg.example; ib@havnebyg.example", BO),
        ("bo@bücher.example", "bo@xn--bcher-kva.example"),
        ("bo+crm@havnebyg.example", "bo+crm@havnebyg.example"),
    ],
)
def test_mirror_has_the_clean_address(scenario: Scenario, field: str, right: str) -> None:
    person = scenario.add_contact(field)
    user = scenario.sandbox.crm.add_user(KIM, "Kim")
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.sandbox.crm.send_mail(user, person, "Offer", "Hello")
    scenario.run_all_retries()
    (mirror,) = box.messages(f"sentitems/{FOLDER}")
    assert [p.address for p in box.existing(mirror.id).to] == [right]


def test_mail_to_a_person_without_an_address_has_no_mirror(scenario: Scenario) -> None:
    person = scenario.add_contact("n/a")
    user = scenario.sandbox.crm.add_user(KIM, "Kim")
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.sandbox.crm.send_mail(user, person, "Offer", "Hello")
    scenario.run_all_retries()
    assert box.messages(f"sentitems/{FOLDER}") == []
