"""What people see and do about a mail whose addresses are written in another way."""

from __future__ import annotations

import pytest

from support.pane_user import desk
from support.scenario import BO, BOTH, KIM, LIS, OpenPlay, Play
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.pane import sender_rules
from webcrm_sync.engine.pane.contacts import PersonDraft, create_contact
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus, Forecast, MatchEvidence
from webcrm_sync_sandbox.outlook.mail import Mail, Person

FORM = "form@nordwind.example"


@pytest.mark.parametrize(
    ("field", "sender", "shown"),
    [
        ("Bo <bo@havnebyg.example>", "bo@havnebyg.example", "bo@havnebyg.example"),
        (BO, "'bo@havnebyg.example'", BO),
        (BO, "bo+offers@havnebyg.example", BO),
        ("bo@xn--bcher-kva.example", "bo@bücher.example", "bo@bücher.example"),
        ("bo@straße.example", "bo@straße.example", "bo@straße.example"),
    ],
)
def test_pane_knows_the_contact_and_shows_a_readable_address(
    play: Play, field: str, sender: str, shown: str
) -> None:
    play.contact(field)
    kim = desk(play)
    mail = kim.box.deliver(Mail("Offer", Person(sender), KIM))
    state = kim.look(mail)
    assert state.forecast is Forecast.KNOWN
    assert [t.address for t in state.targets] == [shown]


def test_pane_counts_the_customer_in_reply_to(play: Play) -> None:
    play.contact(BO)
    kim = desk(play)
    known = kim.box.deliver(Mail("Question", FORM, KIM, reply_to=(BO,)))
    ours = kim.box.deliver(Mail("Question", FORM, KIM, reply_to=(KIM,)))
    assert (kim.look(known).state, kim.look(known).forecast) == (DisplayStatus.NEW, Forecast.KNOWN)
    assert kim.look(ours).reason is Reason.ONLY_COLLEAGUES
    kim.sync(known)
    play.rest()
    assert kim.box.read(known).categories == BOTH


def test_pane_says_that_somebody_behind_the_mail_is_never_synced(open_play: OpenPlay) -> None:
    play = open_play(NEVER_SYNC="skovby.example")
    play.contact(BO)
    kim = desk(play)
    for more in ({"reply_to": (LIS,)}, {"sent_by": "lis@mail.skovby.example"}):
        mail = kim.box.deliver(Mail("Private", BO, KIM, **more))
        assert kim.look(mail).reason is Reason.NEVER_LIST


@pytest.mark.parametrize("domain", ["havnebyg.example", "bücher.example", "straße.example"])
def test_both_organisations_of_a_domain_are_offered_and_a_person_chooses(
    play: Play, domain: str
) -> None:
    play.contact(LIS, "Skovby")
    ids = [
        play.stage.crm.add_organisation(name, www=f"https://www.{domain}/")
        for name in ("Havnebyg A/S", "Havnebyg Holding")
    ]
    kim = desk(play)
    mail = play.drag(kim.box, Mail("Hello", Person(f"bo@{domain}"), KIM))
    play.look()
    offered = kim.look(mail).candidates
    assert [(c.organisation_id, c.why, c.who) for c in offered] == [
        (number, MatchEvidence.DOMAIN, domain) for number in ids
    ]
    kim.choose(mail, ids[1])
    play.rest()
    assert [a["ActivityOrganisationId"] for a in play.activities] == [ids[1]]


def test_chosen_organisation_gets_the_person_in_any_writing(play: Play) -> None:
    first = play.contact("Bo <bo@havnebyg.example>", "Havnebyg")
    second = play.contact("bo+x@havnebyg.example", "Skovby")
    kim = desk(play)
    mail = play.drag(kim.box, Mail("Hello", Person("'bo@havnebyg.example'"), KIM))
    play.look()
    assert [a["ActivityPersonId"] for a in play.activities] == [first]
    kim.choose(mail, play.organisations["Skovby"])
    play.rest()
    assert [a["ActivityPersonId"] for a in play.under("Skovby")] == [second]


@pytest.mark.parametrize(
    ("sender", "written"),
    [
        ("'lis@skovby.example'", "lis@skovby.example"),
        ("lis@bücher.example", "lis@bücher.example"),
        ("lis@straße.example", "lis@straße.example"),
        ("lis+news@skovby.example", "lis+news@skovby.example"),
    ],
)
def test_contact_made_from_a_mail_has_a_clean_address_and_is_made_once(
    play: Play, sender: str, written: str
) -> None:
    play.contact(BO)
    kim = desk(play)
    mail = play.drag(kim.box, Mail("Hello", Person(sender), KIM))
    play.look()
    (address,) = kim.look(mail).addresses
    draft = PersonDraft("Lis", address, play.organisations["Havnebyg"])
    made = {create_contact(play.context, draft) for _ in range(2)}
    play.rest()
    assert [p["PersonEmail"] for p in play.stage.crm.persons] == [BO, written]
    assert made == {play.stage.crm.persons[-1]["PersonId"]}
    assert kim.box.read(mail).categories == BOTH


@pytest.mark.parametrize(
    "sender", ["'lis@skovby.example'", "LIS@skovby.example", "lis@bücher.example",
               "lis@straße.example", "lis+news@skovby.example"]
)  # fmt: skip
def test_sender_who_is_always_synced_is_known_in_any_writing(play: Play, sender: str) -> None:
    kim = desk(play)
    mail = kim.box.deliver(Mail("Hello", Person(sender), KIM))
    (address,) = kim.look(mail).addresses
    for _ in range(2):
        sender_rules.add_sender(play.context, kim.user, address)
    assert len(sender_rules.list_senders(play.context, kim.user)) == 1
    assert kim.look(mail).always_sync
    sender_rules.remove_sender(play.context, kim.user, address)
    assert sender_rules.list_senders(play.context, kim.user) == ()
    assert not kim.look(mail).always_sync
