"""The product's client against the simulated webCRM, over HTTP."""

from __future__ import annotations

import ssl
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import trustme

from webcrm_sync.core.crm import (
    ActivityDraft,
    CrmUser,
    DocumentDraft,
    DocumentRow,
    KeyedActivity,
    Rejected,
    Written,
)
from webcrm_sync.core.errors import Gone, Refused, TryLater, Unclear
from webcrm_sync.core.matching import Contact
from webcrm_sync.sandbox.clock import Clock
from webcrm_sync.sandbox.faults import Faults
from webcrm_sync.sandbox.journal import Journal
from webcrm_sync.sandbox.serving import Server
from webcrm_sync.sandbox.webcrm import WebCrmWorld, refusal, webcrm_app
from webcrm_sync.settings import Settings
from webcrm_sync.webcrm import WebCrm
from webcrm_sync.webcrm.pacing import Pacing

TOKEN = "5a6f5f0e-0000-4000-8000-000000000001"
KEY = "ms1-abcdefghijklmnopqrstuvwxyz"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def settings(url: str, **others: object) -> Settings:
    facts: dict[str, object] = {
        "entra_tenant_id": "t",
        "entra_client_id": "c",
        "entra_client_secret": "s",
        "webcrm_token": TOKEN,
        "webcrm_url": url,
        **others,
    }
    return Settings.model_validate(facts)


@dataclass
class Bench:
    """A webCRM, its server, and the product's client before it."""

    clock: Clock
    world: WebCrmWorld
    journal: Journal
    faults: Faults
    url: str
    crm: WebCrm


@pytest.fixture
def bench() -> Iterator[Bench]:
    clock = Clock()
    world, journal, faults = WebCrmWorld(clock), Journal(clock), Faults()
    world.add_token(TOKEN)
    app = faults.over("webcrm", webcrm_app(world).wsgi_app, body=refusal)
    with Server(journal.watch("webcrm", app)) as server:
        crm = WebCrm(settings(server.url), now=clock.now)
        yield Bench(clock, world, journal, faults, server.url, crm)
        crm.close()
    assert journal.unknown == []


@pytest.fixture
def acme(bench: Bench) -> int:
    return bench.world.add_organisation("Acme", domain="acme.example", www="www.acme.test/about")


def draft(organisation_id: int | None, **others: object) -> ActivityDraft:
    one = ActivityDraft(
        key=KEY,
        action="E-mail in",
        organisation_id=organisation_id,
        person_id=None,
        user_id=None,
        subject="Offer",
        memo="Two halls, please.",
        at=datetime(2026, 7, 1, 10, 30, tzinfo=UTC),
    )
    return replace(one, **others)  # type: ignore[arg-type]  # the caller names real fields


def test_an_activity_stands_in_webcrm_as_it_was_drafted(bench: Bench, acme: int) -> None:
    person = bench.world.add_person(acme, "buyer@acme.example")
    user = bench.world.add_user("seller@us.example", "Seller")
    [answer] = bench.crm.write_activities([draft(acme, person_id=person, user_id=user)])
    [stored] = bench.world.activities
    assert answer == Written(stored["ActivityId"])
    assert stored["ActivityOrganisationId"] == acme
    assert stored["ActivityPersonId"] == person
    assert stored["ActivityAssignedTo"] == user
    assert stored["ActivityStatus"] == "Completed"
    assert stored["ActivityDescription"] == "Offer"
    assert stored["ActivityMemo"] == "Two halls, please."
    assert stored["ActivityDateTime"] == datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
    assert stored["ActivityCustom15"] == KEY


def test_fifty_activities_take_one_request(bench: Bench, acme: int) -> None:
    answers = bench.crm.write_activities([draft(acme)] * 50)
    assert len({a.record_id for a in answers if isinstance(a, Written)}) == 50
    assert bench.journal.count(path="/Activities") == 1


def test_nothing_to_write_asks_nothing(bench: Bench) -> None:
    assert bench.crm.write_activities([]) == []
    assert bench.journal.exchanges == []


def test_one_bad_line_does_not_keep_the_others_out(bench: Bench, acme: int) -> None:
    lines = bench.crm.write_activities(
        [draft(acme), draft(acme, action="Pigeon"), draft(acme, subject="x" * 201), draft(None)]
    )
    assert [type(line) for line in lines] == [Written, Rejected, Rejected, Written]
    assert isinstance(lines[1], Rejected)
    assert "Pigeon" in lines[1].message
    assert len(bench.world.activities) == 2


def test_a_create_that_came_too_fast_is_rejected_and_works_again(bench: Bench, acme: int) -> None:
    bench.world.failing_creates = 1
    one, two = bench.crm.write_activities([draft(acme), draft(acme)])
    assert isinstance(one, Rejected)
    assert isinstance(two, Written)


def test_a_write_whose_answer_was_lost_is_unclear_and_found_by_its_key(
    bench: Bench, acme: int
) -> None:
    bench.crm.whoami()
    bench.faults.lose("webcrm", limit=1)
    with pytest.raises(Unclear):
        bench.crm.write_activities([draft(acme)])
    [stored] = bench.world.activities
    found = bench.crm.keyed_activities(acme, created_since=bench.clock.now() - timedelta(minutes=5))
    assert found == (KeyedActivity(stored["ActivityId"], acme, KEY),)


def test_a_read_whose_answer_was_lost_may_be_tried_later(bench: Bench) -> None:
    bench.crm.whoami()
    bench.faults.lose("webcrm", limit=1)
    with pytest.raises(TryLater):
        bench.crm.users()


def test_a_webcrm_that_is_down_has_done_nothing(bench: Bench, acme: int) -> None:
    with Server(webcrm_app(bench.world).wsgi_app) as server:
        url = server.url
    crm = WebCrm(settings(url), now=bench.clock.now)
    with pytest.raises(TryLater):
        crm.write_activities([draft(acme)])
    crm.close()


def test_a_busy_webcrm_names_the_time_and_a_write_that_met_503_is_unclear(
    bench: Bench, acme: int
) -> None:
    bench.crm.whoami()
    before = bench.clock.now()
    bench.faults.throttle("webcrm", limit=1, retry_after=30)
    with pytest.raises(TryLater) as caught:
        bench.crm.write_activities([draft(acme)])
    assert caught.value.retry_at
    assert caught.value.retry_at >= before + timedelta(seconds=30)
    bench.faults.unavailable("webcrm", limit=2)
    with pytest.raises(Unclear):
        bench.crm.write_activities([draft(acme)])
    with pytest.raises(TryLater):
        bench.crm.fields()


def test_the_quota_is_never_met_with_a_pace_and_told_without_one(bench: Bench) -> None:
    bench.world.calls_a_minute = 10
    hasty = WebCrm(settings(bench.url), now=bench.clock.now, pacing=Pacing(limit=1000))
    for _ in range(9):
        hasty.whoami()  # and one call more, the login
    with pytest.raises(TryLater) as caught:
        hasty.whoami()
    assert caught.value.retry_at
    assert caught.value.code == "TooManyRequestsException"
    hasty.close()
    bench.clock.advance(timedelta(minutes=2))
    passed: list[float] = []

    def sleep(seconds: float) -> None:
        passed.append(seconds)
        bench.clock.advance(timedelta(seconds=seconds))

    pacing = Pacing(limit=9, now=lambda: bench.clock.now().timestamp(), sleep=sleep)
    patient = WebCrm(settings(bench.url), now=bench.clock.now, pacing=pacing)
    for _ in range(25):
        patient.whoami()
    assert len(passed) >= 2
    patient.close()


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


def test_attachments_hang_on_their_activity_and_are_found_again(bench: Bench, acme: int) -> None:
    [activity] = bench.crm.write_activities([draft(acme)])
    assert isinstance(activity, Written)
    pdf = DocumentDraft(activity.record_id, acme, "offer.pdf", b"\x00\xff%PDF")
    bulk = bench.crm.write_documents([pdf, replace(pdf, activity_id=99)])
    assert [type(line) for line in bulk] == [Written, Rejected]
    single = bench.crm.write_document(replace(pdf, name="README", organisation_id=None))
    stored = bench.world.documents
    assert [b64decode(d["DocumentFile"]) for d in stored] == [pdf.content] * 2
    assert [d.get("DocumentFileExtension") for d in stored] == ["pdf", None]
    assert stored[0]["DocumentFileSize"] == len(pdf.content)
    assert list(bench.crm.documents()) == [
        DocumentRow(stored[0]["DocumentId"], activity.record_id, "offer.pdf"),
        DocumentRow(single.record_id, activity.record_id, "README"),
    ]


def test_an_hour_passes_and_nobody_notices(bench: Bench) -> None:
    bench.crm.whoami()
    bench.clock.advance(timedelta(seconds=3001))
    bench.crm.whoami()
    assert bench.journal.count(path="ApiLogin") == 2
    assert bench.journal.count(status=401) == 0


def test_an_unexpected_401_is_worth_one_new_login(bench: Bench, acme: int) -> None:
    stopped = bench.clock.now()
    crm = WebCrm(settings(bench.url), now=lambda: stopped)
    crm.whoami()
    bench.clock.advance(timedelta(hours=2))
    assert [type(line) for line in crm.write_activities([draft(acme)])] == [Written]
    assert bench.journal.count(path="ApiLogin") == 2
    assert len(bench.world.activities) == 1
    crm.close()


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_wrong_token_is_refused_by_the_name_of_its_setting(bench: Bench, status: int) -> None:
    bench.world.login_refusal = status
    bench.world.tokens.clear()
    with pytest.raises(Refused, match="WEBCRM_SYNC_WEBCRM_TOKEN"):
        bench.crm.whoami()


def test_an_address_without_a_webcrm_is_refused_by_the_name_of_its_setting(bench: Bench) -> None:
    crm = WebCrm(settings(bench.url + "/nowhere"), now=bench.clock.now)
    with pytest.raises(Refused, match="WEBCRM_SYNC_WEBCRM_URL"):
        crm.whoami()
    crm.close()
    bench.journal.clear()


def test_a_redirect_to_another_host_gets_no_token(bench: Bench) -> None:
    api = webcrm_app(bench.world).wsgi_app

    def moved(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/Auth/ApiLogin":
            return api(environ, start_response)
        start_response("307 Temporary Redirect", [("Location", bench.url + "/Auth")])
        return [b""]

    with Server(moved) as elsewhere:
        crm = WebCrm(settings(elsewhere.url), now=bench.clock.now)
        with pytest.raises(Refused):
            crm.whoami()
        crm.close()
    assert bench.journal.exchanges == []


def test_a_private_root_is_trusted_besides_the_systems(bench: Bench, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Server(webcrm_app(bench.world).wsgi_app, ssl_context=context) as server:
        trusting = settings(server.url, ca_bundle=tmp_path / "ca.pem")
        for chosen, outcome in ((trusting, None), (settings(server.url), TryLater)):
            crm = WebCrm(chosen, now=bench.clock.now)
            with pytest.raises(outcome) if outcome else nullcontext():
                crm.whoami()
            crm.close()


def test_threads_that_share_the_client_stand_in_line(bench: Bench) -> None:
    bench.world.answer_time = timedelta(milliseconds=15)
    troubles: list[Exception] = []

    def ask() -> None:
        try:
            bench.crm.whoami()
        except TryLater as error:
            troubles.append(error)

    threads = [Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert bench.journal.count(status=200, path="/Auth") == 7  # one of them is the login
    assert bench.journal.count() == 7
