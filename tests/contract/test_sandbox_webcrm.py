"""The simulated webCRM, asked as any client may ask it: as strict as its Swagger document."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Barrier

import httpx
import pytest

from webcrm_sync.sandbox.clock import Clock
from webcrm_sync.sandbox.journal import Journal
from webcrm_sync.sandbox.serving import Server
from webcrm_sync.sandbox.webcrm import WebCrmWorld, webcrm_app

TOKEN = "5a6f5f0e-0000-4000-8000-000000000002"


@dataclass
class Site:
    """A webCRM, and a plain HTTP client that is logged in."""

    clock: Clock
    world: WebCrmWorld
    journal: Journal
    http: httpx.Client
    persons: list[int] = field(default_factory=list)

    def login(self, code: str = TOKEN) -> httpx.Response:
        return self.http.post("/Auth/ApiLogin", data={"authCode": code})

    def query(self, script: str, **paging: int) -> httpx.Response:
        return self.http.get("/Queries", params={"script": script, **paging})

    def ids(self, where: str) -> list[int]:
        answer = self.query(f"SELECT PersonId FROM Person {where}")
        assert answer.status_code == 200, answer.text
        return [row["PersonId"] for row in answer.json()]


@pytest.fixture
def site() -> Iterator[Site]:
    clock = Clock()
    world, journal = WebCrmWorld(clock), Journal(clock)
    world.add_token(TOKEN)
    server = Server(journal.watch("webcrm", webcrm_app(world).wsgi_app))
    with server, httpx.Client(base_url=server.url) as http:
        here = Site(clock, world, journal, http)
        http.headers["Authorization"] = f"Bearer {here.login().json()['AccessToken']}"
        yield here


@pytest.fixture
def people(site: Site) -> Site:
    acme, other = site.world.add_organisation("Acme"), site.world.add_organisation("Other")
    for organisation, name in ((acme, "O'Neill"), (acme, "Berg"), (other, "Åse"), (other, "")):
        site.persons.append(site.world.add_person(organisation, "p@acme.example", name=name))
    return site


@pytest.mark.parametrize(
    "form", [{"data": {"authCode": TOKEN}}, {"files": {"authcode": (None, TOKEN)}}]
)
def test_a_login_takes_both_kinds_of_forms(site: Site, form: dict[str, object]) -> None:
    answer = site.http.post("/Auth/ApiLogin", **form)  # type: ignore[arg-type]  # data or files
    assert answer.json()["ExpiresIn"] == 3600
    assert answer.json()["AccessToken"]


def test_a_wrong_token_gets_no_bearer(site: Site) -> None:
    assert site.login("wrong").json()["IsError"] is True
    site.world.login_refusal = 400
    assert site.login("wrong").status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic abc"])
def test_without_a_bearer_there_is_a_401_and_not_a_word(site: Site, header: str) -> None:
    answer = site.http.get("/Activities", headers={"Authorization": header})
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_bearer_lives_an_hour_and_no_longer_than_its_token(site: Site) -> None:
    site.clock.advance(timedelta(seconds=3590))
    assert site.http.get("/Auth").status_code == 200
    site.world.tokens.clear()
    assert site.http.get("/Auth").status_code == 401
    site.world.add_token(TOKEN)
    site.clock.advance(timedelta(seconds=11))
    assert site.http.get("/Auth").status_code == 401


def test_pages_are_fifty_long_unless_asked_and_never_over_a_thousand(site: Site) -> None:
    organisation = site.world.add_organisation("Acme")
    for number in range(60):
        site.world.add_person(organisation, f"p{number}@acme.example")
    get = site.http.get
    assert len(get("/Persons").json()) == 50
    assert len(get("/Persons?page=2").json()) == 10
    assert get("/Persons?Page=3").json() == []
    assert len(get("/Persons?Size=1000").json()) == 60
    for wrong in ("Size=1001", "Size=0", "Page=0", "Page=x"):
        assert get(f"/Persons?{wrong}").status_code == 400


def test_a_filter_on_a_plain_list_is_ignored(people: Site) -> None:
    rows = people.http.get("/Persons?PersonName=Berg").json()
    assert [row["PersonId"] for row in rows] == people.persons


def test_queries_test_and_order_as_the_grammar_says(people: Site) -> None:
    oneill, berg, aase, nameless = people.persons
    assert people.ids("WHERE PersonName = 'o''neill'") == [oneill]
    assert people.ids(f"where personid >= {berg} order by PersonId desc") == [nameless, aase, berg]
    either = f"WHERE (PersonName = 'Berg' OR PersonName = 'Åse') AND PersonId >= {aase}"
    assert people.ids(either) == [aase]
    loose = f"WHERE PersonName = 'Berg' OR PersonName = 'Åse' AND PersonId >= {aase}"
    assert people.ids(loose) == [berg, aase]
    assert people.ids("ORDER BY PersonName ASC")[0] == nameless
    assert people.ids("WHERE PersonStatus = 'active'") == people.persons


def test_queries_know_when_a_row_was_last_written(people: Site) -> None:
    first = people.persons[0]
    people.clock.advance(timedelta(minutes=1))
    since = people.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
    assert people.ids(f"WHERE PersonUpdatedAt >= '{since}'") == []
    people.clock.advance(timedelta(minutes=1))
    people.world.update_person(first, PersonName="Neill")
    assert people.ids(f"WHERE PersonUpdatedAt >= '{since}'") == [first]
    assert people.ids(f"WHERE PersonUpdatedAt >= '{since}' OR PersonName = 'Berg'") == [
        first,
        people.persons[1],
    ]
    assert people.ids(f"WHERE PersonCreatedAt >= '{since}'") == []


def test_rows_carry_raw_columns_and_nulls(people: Site) -> None:
    row = people.query("SELECT * FROM person", Size=1).json()[0]
    assert row["RowNumber"] == 1
    assert "p_memDate" in row
    assert row["PersonEmail2"] is None
    chosen = people.query("SELECT PersonName, PersonId FROM Person", Page=2, Size=1).json()[0]
    assert (chosen["PersonName"], chosen["RowNumber"]) == ("Berg", 2)
    assert "PersonEmail" not in chosen


@pytest.mark.parametrize(
    "script",
    [
        "",
        "SELECT PersonId",
        "SELECT PersonId FROM User",
        "SELECT Password FROM Person",
        "SELECT PersonId FROM Person; DROP TABLE Person",
        "SELECT PersonId FROM Person WHERE",
        "SELECT PersonId FROM Person WHERE PersonName LIKE 'B%'",
        "SELECT PersonId FROM Person WHERE PersonId > 1",
        "SELECT PersonId FROM Person WHERE (PersonId = 1",
        "SELECT PersonId FROM Person WHERE PersonId = PersonId",
        "SELECT PersonId FROM Person WHERE PersonName = 'O'Neill'",
        "SELECT PersonId FROM Person WHERE PersonName = 'open",
        "SELECT PersonId FROM Person WHERE PersonUpdatedAt >= 'soon'",
        "SELECT PersonId FROM Person ORDER BY PersonId, PersonName",
        "SELECT COUNT(PersonId) FROM Person",
        "DELETE FROM Person",
    ],
)
def test_what_was_never_seen_to_work_is_refused(people: Site, script: str) -> None:
    assert people.query(script).status_code == 400


def test_a_filter_on_a_custom_field_finds_nothing(site: Site) -> None:
    site.http.patch("/Activities", json=[{"ActivityId": 0, "ActivityCustom15": "k"}])
    assert site.query("SELECT ActivityId FROM Activity WHERE ActivityCustom15 = 'k'").json() == []


def test_a_search_that_lags_shows_the_former_version(people: Site) -> None:
    people.clock.advance(timedelta(minutes=1))
    people.world.search_lag = timedelta(seconds=30)
    first = people.persons[0]
    people.world.update_person(first, PersonName="Changed")
    new = people.world.add_person(0, "new@acme.example")
    assert people.ids("WHERE PersonName = 'Changed'") == []
    assert people.ids("WHERE PersonName = 'O''Neill'") == [first]
    assert people.http.get(f"/Persons/{new}").status_code == 200
    people.clock.advance(timedelta(seconds=31))
    assert people.ids("WHERE PersonName = 'Changed'") == [first]
    assert new in people.ids("")


def test_an_activity_is_written_read_changed_and_moved(people: Site) -> None:
    one, two = (o["OrganisationId"] for o in people.world.organisations)
    http = people.http
    made = http.post(
        "/Activities",
        json={"ActivityId": 0, "ActivityOrganisationId": one, "ActivityStatus": "Planned"},
    )
    path = f"/Activities/{made.json()}"
    assert http.put(path, json={"ActivityId": made.json(), "ActivityMemo": "x"}).content == b""
    assert http.post(f"{path}/Move", json={"NewOrganisationId": two}).status_code == 204
    stored = http.get(path).json()
    assert (stored["ActivityOrganisationId"], stored["ActivityMemo"]) == (two, "x")
    assert stored["ActivityStatus"] == "Planned"
    assert http.post(f"{path}/Move", json={"NewOrganisationId": 9}).status_code == 400
    assert http.get("/Activities/9").status_code == 404


def test_a_bulk_line_inserts_updates_or_says_why_not(site: Site) -> None:
    patch = site.http.patch
    [made] = patch("/Activities", json=[{"ActivityId": 0, "ActivityMemo": "a"}]).json()
    lines: list[object] = [
        {"ActivityId": int(made), "ActivityMemo": "b"},
        {"ActivityId": 9, "ActivityMemo": "c"},
        {"ActivityMemo": "no id"},
        {"ActivityId": 0, "ActivityMemo": None},
        {"ActivityId": 0, "ActivityColour": "red"},
        {"ActivityId": 0, "ActivityStatus": 2},
        {"ActivityId": 0, "ActivityPersonId": 5},
        {"ActivityId": 0, "ActivityDateTime": "soon"},
        {"ActivityId": 0, "ActivityCreatedAt": "2026-01-01T00:00:00Z"},
        {"ActivityId": 0, "ActivityAction": "Pigeon"},
        {"ActivityId": 0, "ActivityDescription": "x" * 201},
        "text",
    ]
    answer = patch("/Activities", json=lines)
    assert answer.status_code == 200
    told = answer.json()
    assert told[0] == made
    assert len(told) == len(lines)
    assert not any(line.isdigit() for line in told[1:])
    [stored] = site.world.activities
    assert stored["ActivityMemo"] == "b"
    assert patch("/Activities", json={"ActivityId": 0}).status_code == 400
    assert patch("/Activities", content=b"[").status_code == 415


def test_a_document_is_kept_listed_fetched_and_deleted(site: Site) -> None:
    http = site.http
    facts = {"DocumentId": 0, "DocumentFile": "/wA=", "DocumentFileName": "a.bin"}
    document_id = http.post("/Documents", json=facts).json()
    [listed] = http.get("/Documents").json()
    assert listed["DocumentFile"] is None
    assert http.get(f"/Documents/{document_id}/Download").content == b"\xff\x00"
    assert http.delete(f"/Documents/{document_id}").status_code == 200
    assert http.get(f"/Documents/{document_id}").status_code == 404
    assert http.post("/Documents", json={**facts, "DocumentFile": "_wA="}).status_code == 400
    lost = {**facts, "DocumentLinkedEntityType": "Activity", "DocumentLinkedEntityId": 5}
    assert http.post("/Documents", json=lost).status_code == 400


def test_users_come_with_all_their_secrets(site: Site) -> None:
    site.world.add_user("a@us.example", "A")
    site.world.add_user("b@us.example", "B", is_active=False)
    assert len(site.http.get("/Users").json()) == 2
    [user] = site.http.get("/Users/AllActive").json()
    assert all(user[f"User{secret}"] for secret in ("Password", "AuthenticationCode", "Ticket"))


def test_the_quota_is_a_sliding_minute_per_token(site: Site) -> None:
    statuses = [site.http.get("/Auth").status_code for _ in range(249)]
    assert set(statuses) == {200}
    throttled = site.http.get("/Auth")
    assert throttled.status_code == 429
    said = throttled.json()
    assert 1 <= said["RetryAfterSeconds"] <= 60
    assert throttled.headers["Retry-After"] == str(said["RetryAfterSeconds"])
    assert said["Type"] == "TooManyRequestsException"
    site.clock.advance(timedelta(seconds=60))
    assert site.http.get("/Auth").status_code == 200


def test_a_second_call_at_a_time_is_cut_unless_the_dial_is_off(site: Site) -> None:
    site.world.answer_time = timedelta(milliseconds=200)
    together = Barrier(4)

    def ask(http: httpx.Client) -> int:
        together.wait()
        try:
            return http.get("/Auth").status_code
        except httpx.TransportError:
            return 0

    with ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        base, headers = site.http.base_url, site.http.headers
        clients = [
            stack.enter_context(httpx.Client(base_url=base, headers=headers)) for _ in range(4)
        ]
        crowded = list(pool.map(ask, clients))
        site.world.dislikes_parallel = False
        calm = list(pool.map(ask, clients))
    assert set(crowded) == {0, 200, 401}
    assert calm == [200] * 4


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/Activities/30001"),
        ("GET", "/Activities/ByPerson/1"),
        ("GET", "/Emails"),
        ("PATCH", "/Queries"),
    ],
)
def test_what_webcrm_is_not_known_to_have_is_unknown(site: Site, method: str, path: str) -> None:
    assert site.http.request(method, path).status_code == 404
    assert [(e.method, e.path) for e in site.journal.unknown] == [(method, path)]


def test_times_people_enter_are_shown_in_the_systems_zone_without_offset(people: Site) -> None:
    user = people.world.add_user("a@us.example", "A")
    at = datetime(2026, 7, 1, 10, tzinfo=UTC)
    people.world.time_zone = type(people.world.time_zone)("Europe/Copenhagen")
    people.world.send_mail(user, people.persons[0], "S", "B", at=at)
    [row] = people.query("SELECT ActivityDateTime, ActivityCreatedAt FROM Activity").json()
    assert row["ActivityDateTime"] == "2026-07-01T12:00:00.000"
    created = datetime.fromisoformat(row["ActivityCreatedAt"]).replace(tzinfo=UTC)
    assert created == people.world.activities[0]["ActivityCreatedAt"]
