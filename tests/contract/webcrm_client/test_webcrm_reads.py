"""The client reads from the simulated webCRM, over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from contract.webcrm_client.served_webcrm import (
    LONG_AGO,
    ServedWebCrm,
    create_draft,
    create_settings,
)
from support.lines import LocalLine
from webcrm_sync.core.crm import CrmUser
from webcrm_sync.core.errors import Gone
from webcrm_sync.core.matching import Contact
from webcrm_sync.webcrm import WebCrm
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.webcrm import webcrm_app


def test_a_search_finds_one_organisations_activities_after_the_lag(
    served: ServedWebCrm, acme: int
) -> None:
    other = served.system.add_organisation("Other")
    served.system.search_lag = timedelta(seconds=30)
    served.crm.write_activities([create_draft(acme), create_draft(other), create_draft(None)])
    since = served.clock.now() - timedelta(minutes=5)
    assert served.crm.list_keyed_activities(acme, created_since=since) == ()
    served.clock.advance(timedelta(seconds=31))
    assert len(served.crm.list_keyed_activities(acme, created_since=since)) == 1
    assert len(served.crm.list_keyed_activities(None, created_since=since)) == 3
    assert served.crm.list_keyed_activities(acme, created_since=served.clock.now()) == ()


@pytest.mark.parametrize("since", [datetime(1, 1, 1, tzinfo=UTC), datetime(1601, 1, 1, tzinfo=UTC)])
def test_a_search_since_before_webcrms_earliest_time_finds_all(
    served: ServedWebCrm, acme: int, since: datetime
) -> None:
    served.crm.write_activities([create_draft(acme)])
    assert len(served.crm.list_keyed_activities(acme, created_since=since)) == 1
    assert len(served.crm.fetch_keyed_page(0, created_since=since)) == 1


def test_more_than_a_page_of_activities_is_read_whole(served: ServedWebCrm, acme: int) -> None:
    for _ in range(3):
        served.crm.write_activities([create_draft(acme)] * 500)
    assert len(served.crm.list_keyed_activities(acme, created_since=LONG_AGO)) == 1500
    sent = served.crm.list_changed_activities(LONG_AGO)
    assert [s.activity_id for s in sent] == [a["ActivityId"] for a in served.system.activities]


def test_more_than_a_page_changed_at_one_moment_is_read_whole(
    served: ServedWebCrm, acme: int
) -> None:
    served.crm.write_activities([create_draft(acme)] * 1200)
    moment = served.system.activities[0]["ActivityUpdatedAt"]
    for record in served.system.tables["Activity"]:
        record["ActivityUpdatedAt"] = moment
    assert len(served.crm.list_changed_activities(LONG_AGO)) == 1200


def test_a_record_that_changes_between_pages_hides_no_other(
    served: ServedWebCrm, acme: int
) -> None:
    for _ in range(3):
        served.crm.write_activities([create_draft(acme)] * 500)
        served.clock.advance(timedelta(seconds=1))
    api = webcrm_app(served.system).wsgi_app
    first = served.system.activities[0]["ActivityId"]

    def busy(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = api(environ, start_response)
        if environ["PATH_INFO"] == "/Queries":
            served.system.edit_activity(first, ActivityDescription="Edited")
        return answer

    with Server(busy) as server:
        crm = WebCrm(create_settings(server.url), now=served.clock.now, line=LocalLine())
        found = [sent.activity_id for sent in crm.list_changed_activities(LONG_AGO)]
        crm.close()
    assert sorted(found) == [a["ActivityId"] for a in served.system.activities]


def test_a_sent_mail_is_read_with_all_fields_for_its_mirror(
    served: ServedWebCrm, acme: int
) -> None:
    person = served.system.add_person(acme, "buyer@acme.example")
    user = served.system.add_user("seller@us.example", "Seller")
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    sent_id = served.system.send_mail(user, person, "It's ready", "Come and see.", at=at)
    [sent] = served.crm.list_changed_activities(LONG_AGO)
    assert (sent.activity_id, sent.organisation_id, sent.person_id) == (sent_id, acme, person)
    assert (sent.user_id, sent.action, sent.is_completed) == (user, "E-mail out", True)
    assert (sent.subject, sent.body, sent.key) == ("It's ready", "Come and see.", "")
    assert sent.at == at
    assert sent.created_at == sent.updated_at == served.system.activities[0]["ActivityCreatedAt"]


def test_only_later_changes_are_read(served: ServedWebCrm, acme: int) -> None:
    person = served.system.add_person(acme, "buyer@acme.example")
    user = served.system.add_user("seller@us.example", "Seller")
    first = served.system.send_mail(user, person, "One", "")
    served.system.send_mail(user, person, "Two", "")
    served.clock.advance(timedelta(minutes=1))
    since = served.clock.now()
    served.clock.advance(timedelta(minutes=1))
    served.system.edit_activity(first, ActivityStatus="Planned")
    [sent] = served.crm.list_changed_activities(since)
    assert (sent.activity_id, sent.is_completed) == (first, False)


def test_times_are_written_and_read_in_the_configured_zone(served: ServedWebCrm, acme: int) -> None:
    danish = create_settings(served.url, webcrm_time_zone="Europe/Copenhagen")
    served.system.time_zone = danish.time_zone
    crm = WebCrm(danish, now=served.clock.now, line=LocalLine())
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    winter = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    crm.write_activities([create_draft(acme, at=summer), create_draft(acme, at=winter)])
    assert b"2026-07-02T00:30:00+02:00" in served.journal.exchanges[-1].request_body
    assert [sent.at for sent in crm.list_changed_activities(LONG_AGO)] == [summer, winter]
    crm.close()


def test_each_address_of_a_person_is_a_contact(served: ServedWebCrm, acme: int) -> None:
    person = served.system.add_person(
        acme, " Buyer@Acme.example; office@acme.example", name="Buyer", email2="b@home.example"
    )
    [row] = served.crm.list_changed_persons(LONG_AGO)
    assert row.contacts == tuple(
        Contact(person, acme, address, "Buyer")
        for address in ("buyer@acme.example", "office@acme.example", "b@home.example")
    )
    served.clock.advance(timedelta(seconds=1))
    moved_to = served.system.add_organisation("New employer")
    served.system.move_person(person, moved_to)
    served.system.update_person(person, PersonStatus="Resigned", PersonEmail="", PersonEmail2=None)
    assert served.crm.fetch_person(person).contacts == ()
    served.system.update_person(person, PersonEmail="new@employer.example")
    [contact] = served.crm.fetch_person(person).contacts
    assert (contact.organisation_id, contact.is_active) == (moved_to, False)


def test_a_missing_person_is_gone(served: ServedWebCrm) -> None:
    with pytest.raises(Gone):
        served.crm.fetch_person(77)


def test_an_organisation_is_known_by_its_domain_and_its_site(
    served: ServedWebCrm, acme: int
) -> None:
    [row] = served.crm.list_changed_organisations(LONG_AGO)
    assert (row.organisation_id, row.name) == (acme, "Acme")
    assert row.domains == ("acme.example", "acme.test")


def test_only_active_users_with_an_address_are_read(served: ServedWebCrm) -> None:
    user = served.system.add_user("Seller@us.example", "Seller")
    served.system.add_user("gone@us.example", "Gone", is_active=False)
    served.system.add_user("", "Robot")
    assert served.crm.list_users() == (CrmUser(user, "seller@us.example", "Seller"),)


def test_the_metadata_holds_labels_and_lengths(served: ServedWebCrm) -> None:
    served.system.labels["ActivityAction"] = ("E-mail in", "07: Besøg")
    fields = {field.name: field for field in served.crm.list_fields()}
    assert fields["ActivityAction"].choices == ("E-mail in", "07: Besøg")
    assert fields["ActivityDescription"].max_length == 200
    assert fields["ActivityMemo"].max_length == 0
    assert fields["ActivityCustom15"].choices == ()


def test_activities_are_read_by_page_and_by_id(served: ServedWebCrm, acme: int) -> None:
    served.crm.write_activities([create_draft(acme, key=f"ms1-{n}") for n in range(3)])
    first, second, third = served.crm.fetch_keyed_page(0, created_since=LONG_AGO)
    assert served.crm.fetch_keyed_page(second.activity_id, created_since=LONG_AGO) == (
        second,
        third,
    )
    assert served.crm.fetch_activity(first.activity_id) == first
    with pytest.raises(Gone):
        served.crm.fetch_activity(third.activity_id + 1)


def test_opportunities_are_read_with_all_that_people_know_them_by(
    served: ServedWebCrm, acme: int
) -> None:
    person = served.system.add_person(acme, "buyer@acme.example")
    crane = served.system.add_opportunity(
        acme,
        " Two \n cranes",
        person_id=person,
        number="4711",
        level=2,
        OpportunityOrderValue=1000.5,
        OpportunityCurrencyName="DKK",
    )
    lost_at = served.clock.now()
    lost = served.system.add_opportunity(acme, "Pier", OpportunityLostDate=lost_at)
    one, other = served.crm.list_changed_opportunities(LONG_AGO)
    assert one == served.crm.fetch_opportunity(crane)
    assert (one.opportunity_id, one.organisation_id, one.person_id) == (crane, acme, person)
    assert (one.number, one.name, one.value, one.currency) == ("4711", "Two cranes", 1000.5, "DKK")
    assert (one.level, one.level_text, one.is_lost, one.is_marked_won) == (2, "Offer", False, False)
    assert (other.opportunity_id, other.is_lost, other.value) == (lost, True, None)
    assert served.crm.list_changed_opportunities(lost_at + timedelta(minutes=1)) == ()
    with pytest.raises(Gone):
        served.crm.fetch_opportunity(9)


def test_the_levels_are_read_with_their_labels(served: ServedWebCrm) -> None:
    assert served.crm.list_level_labels() == {1: "Lead", 2: "Offer", 3: "Negotiation", 4: "Won"}
    served.system.missing.add("OpportunityLevel")
    assert served.crm.list_level_labels() == {}


def test_an_activity_is_read_with_its_opportunity(served: ServedWebCrm, acme: int) -> None:
    crane = served.system.add_opportunity(acme, "Crane")
    served.crm.write_activities([create_draft(acme, opportunity_id=crane), create_draft(acme)])
    first, second = served.crm.list_keyed_activities(acme, created_since=LONG_AGO)
    assert (first.opportunity_id, second.opportunity_id) == (crane, None)
    assert first.updated_at == first.created_at
    assert served.crm.fetch_activity(first.activity_id) == first
