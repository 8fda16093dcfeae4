"""What the product's client reads in the simulated webCRM, over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from contract.webcrm_client.bench import LONG_AGO, Bench, draft, settings
from webcrm_sync.core.crm import CrmUser
from webcrm_sync.core.errors import Gone
from webcrm_sync.core.matching import Contact
from webcrm_sync.webcrm import WebCrm
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.webcrm import webcrm_app


def test_a_lookup_sees_only_this_organisation_and_not_yet_what_search_lags_behind(
    bench: Bench, acme: int
) -> None:
    other = bench.world.add_organisation("Other")
    bench.world.search_lag = timedelta(seconds=30)
    bench.crm.write_activities([draft(acme), draft(other), draft(None)])
    since = bench.clock.now() - timedelta(minutes=5)
    assert bench.crm.keyed_activities(acme, created_since=since) == ()
    bench.clock.advance(timedelta(seconds=31))
    assert len(bench.crm.keyed_activities(acme, created_since=since)) == 1
    assert len(bench.crm.keyed_activities(None, created_since=since)) == 3
    assert bench.crm.keyed_activities(acme, created_since=bench.clock.now()) == ()


@pytest.mark.parametrize("since", [datetime(1, 1, 1, tzinfo=UTC), datetime(1601, 1, 1, tzinfo=UTC)])
def test_a_lookup_since_before_webcrm_s_time_finds_all(
    bench: Bench, acme: int, since: datetime
) -> None:
    bench.crm.write_activities([draft(acme)])
    assert len(bench.crm.keyed_activities(acme, created_since=since)) == 1
    assert len(bench.crm.keyed_from(0, created_since=since)) == 1


def test_more_than_a_page_of_activities_is_read_whole(bench: Bench, acme: int) -> None:
    for _ in range(3):
        bench.crm.write_activities([draft(acme)] * 500)
    assert len(bench.crm.keyed_activities(acme, created_since=LONG_AGO)) == 1500
    sent = bench.crm.sent_activities(LONG_AGO)
    assert [s.activity_id for s in sent] == [a["ActivityId"] for a in bench.world.activities]


def test_more_than_a_page_changed_at_one_moment_is_read_whole(bench: Bench, acme: int) -> None:
    bench.crm.write_activities([draft(acme)] * 1200)
    moment = bench.world.activities[0]["ActivityUpdatedAt"]
    for record in bench.world.tables["Activity"]:
        record["ActivityUpdatedAt"] = moment
    assert len(bench.crm.sent_activities(LONG_AGO)) == 1200


def test_a_row_that_changes_while_pages_are_read_hides_no_other(bench: Bench, acme: int) -> None:
    for _ in range(3):
        bench.crm.write_activities([draft(acme)] * 500)
        bench.clock.advance(timedelta(seconds=1))
    api = webcrm_app(bench.world).wsgi_app
    first = bench.world.activities[0]["ActivityId"]

    def busy(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = api(environ, start_response)
        if environ["PATH_INFO"] == "/Queries":
            bench.world.edit_activity(first, ActivityDescription="Edited")
        return answer

    with Server(busy) as server:
        crm = WebCrm(settings(server.url), now=bench.clock.now)
        found = [sent.activity_id for sent in crm.sent_activities(LONG_AGO)]
        crm.close()
    assert sorted(found) == [a["ActivityId"] for a in bench.world.activities]


def test_a_mail_sent_from_webcrm_is_seen_with_all_that_the_mirror_needs(
    bench: Bench, acme: int
) -> None:
    person = bench.world.add_person(acme, "buyer@acme.example")
    user = bench.world.add_user("seller@us.example", "Seller")
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    sent_id = bench.world.send_mail(user, person, "It's ready", "Come and see.", at=at)
    [sent] = bench.crm.sent_activities(LONG_AGO)
    assert (sent.activity_id, sent.organisation_id, sent.person_id) == (sent_id, acme, person)
    assert (sent.user_id, sent.action, sent.is_completed) == (user, "E-mail out", True)
    assert (sent.subject, sent.body, sent.key) == ("It's ready", "Come and see.", "")
    assert sent.at == at
    assert sent.created_at == sent.updated_at == bench.world.activities[0]["ActivityCreatedAt"]


def test_only_what_changed_since_is_seen(bench: Bench, acme: int) -> None:
    person = bench.world.add_person(acme, "buyer@acme.example")
    user = bench.world.add_user("seller@us.example", "Seller")
    first = bench.world.send_mail(user, person, "One", "")
    bench.world.send_mail(user, person, "Two", "")
    bench.clock.advance(timedelta(minutes=1))
    since = bench.clock.now()
    bench.clock.advance(timedelta(minutes=1))
    bench.world.edit_activity(first, ActivityStatus="Planned")
    [sent] = bench.crm.sent_activities(since)
    assert (sent.activity_id, sent.is_completed) == (first, False)


def test_times_go_both_ways_in_the_zone_of_the_system(bench: Bench, acme: int) -> None:
    danish = settings(bench.url, webcrm_time_zone="Europe/Copenhagen")
    bench.world.time_zone = danish.time_zone
    crm = WebCrm(danish, now=bench.clock.now)
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    winter = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    crm.write_activities([draft(acme, at=summer), draft(acme, at=winter)])
    assert b"2026-07-02T00:30:00+02:00" in bench.journal.exchanges[-1].request_body
    assert [sent.at for sent in crm.sent_activities(LONG_AGO)] == [summer, winter]
    crm.close()


def test_the_addresses_of_a_person_come_one_by_one(bench: Bench, acme: int) -> None:
    person = bench.world.add_person(
        acme, " Buyer@Acme.example; office@acme.example", name="Buyer", email2="b@home.example"
    )
    [row] = bench.crm.persons_changed(LONG_AGO)
    assert row.contacts == tuple(
        Contact(person, acme, address, "Buyer")
        for address in ("buyer@acme.example", "office@acme.example", "b@home.example")
    )
    bench.clock.advance(timedelta(seconds=1))
    moved_to = bench.world.add_organisation("New employer")
    bench.world.move_person(person, moved_to)
    bench.world.update_person(person, PersonStatus="Resigned", PersonEmail="", PersonEmail2=None)
    assert bench.crm.person(person).contacts == ()
    bench.world.update_person(person, PersonEmail="new@employer.example")
    [contact] = bench.crm.person(person).contacts
    assert (contact.organisation_id, contact.is_active) == (moved_to, False)


def test_a_person_that_is_not_there_is_gone(bench: Bench) -> None:
    with pytest.raises(Gone):
        bench.crm.person(77)


def test_an_organisation_is_known_by_its_domain_and_its_site(bench: Bench, acme: int) -> None:
    [row] = bench.crm.organisations_changed(LONG_AGO)
    assert (row.organisation_id, row.name) == (acme, "Acme")
    assert row.domains == ("acme.example", "acme.test")


def test_users_are_the_active_ones_without_their_secrets(bench: Bench) -> None:
    user = bench.world.add_user("Seller@us.example", "Seller")
    bench.world.add_user("gone@us.example", "Gone", is_active=False)
    bench.world.add_user("", "Robot")
    assert bench.crm.users() == (CrmUser(user, "seller@us.example", "Seller"),)


def test_the_metadata_tells_labels_and_lengths(bench: Bench) -> None:
    bench.world.labels["ActivityAction"] = ("E-mail in", "07: Besøg")
    fields = {field.name: field for field in bench.crm.fields()}
    assert fields["ActivityAction"].choices == ("E-mail in", "07: Besøg")
    assert fields["ActivityDescription"].max_length == 200
    assert fields["ActivityMemo"].max_length == 0
    assert fields["ActivityCustom15"].choices == ()


def test_activities_are_paged_by_their_ids_and_asked_for_one_by_one(
    bench: Bench, acme: int
) -> None:
    bench.crm.write_activities([draft(acme, key=f"ms1-{n}") for n in range(3)])
    first, second, third = bench.crm.keyed_from(0, created_since=LONG_AGO)
    assert bench.crm.keyed_from(second.activity_id, created_since=LONG_AGO) == (second, third)
    assert bench.crm.activity(first.activity_id) == first
    with pytest.raises(Gone):
        bench.crm.activity(third.activity_id + 1)
