"""The simulated webCRM over HTTP: as strict as its Swagger document."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from threading import Barrier

import httpx
import pytest

from contract.webcrm_setup import TOKEN, WebCrmSetup


@pytest.mark.parametrize(
    "form", [{"data": {"authCode": TOKEN}}, {"files": {"authcode": (None, TOKEN)}}]
)
def test_a_login_accepts_both_kinds_of_forms(site: WebCrmSetup, form: dict[str, object]) -> None:
    answer = site.http.post("/Auth/ApiLogin", **form)  # type: ignore[arg-type]  # data or files
    assert answer.json()["ExpiresIn"] == 3600
    assert answer.json()["AccessToken"]


def test_a_wrong_token_gets_no_bearer_token(site: WebCrmSetup) -> None:
    assert site.login("wrong").json()["IsError"] is True
    site.system.login_refusal = 400
    assert site.login("wrong").status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic abc"])
def test_a_call_without_a_bearer_token_gets_an_empty_401(site: WebCrmSetup, header: str) -> None:
    answer = site.http.get("/Activities", headers={"Authorization": header})
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_bearer_token_lasts_an_hour_and_no_longer_than_its_api_token(site: WebCrmSetup) -> None:
    site.clock.advance(timedelta(seconds=3590))
    assert site.http.get("/Auth").status_code == 200
    site.system.tokens.clear()
    assert site.http.get("/Auth").status_code == 401
    site.system.add_token(TOKEN)
    site.clock.advance(timedelta(seconds=11))
    assert site.http.get("/Auth").status_code == 401


def test_pages_hold_fifty_rows_by_default_and_at_most_a_thousand(site: WebCrmSetup) -> None:
    organisation = site.system.add_organisation("Acme")
    for number in range(60):
        site.system.add_person(organisation, f"p{number}@acme.example")
    get = site.http.get
    assert len(get("/Persons").json()) == 50
    assert len(get("/Persons?page=2").json()) == 10
    assert get("/Persons?Page=3").json() == []
    assert len(get("/Persons?Size=1000").json()) == 60
    for wrong in ("Size=1001", "Size=0", "Page=0", "Page=x"):
        assert get(f"/Persons?{wrong}").status_code == 400


def test_a_filter_on_a_plain_list_is_ignored(people: WebCrmSetup) -> None:
    rows = people.http.get("/Persons?PersonName=Berg").json()
    assert [row["PersonId"] for row in rows] == people.persons


def test_an_activity_can_be_written_read_changed_and_moved(people: WebCrmSetup) -> None:
    one, two = (o["OrganisationId"] for o in people.system.organisations)
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


def test_each_line_of_a_bulk_request_inserts_updates_or_says_why_not(site: WebCrmSetup) -> None:
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
        {"ActivityId": 0, "ActivityDateTime": "1752-12-31T23:59:59Z"},
        {"ActivityId": 0, "ActivityDateTime": "9999-12-31T23:59:59-05:00"},
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
    [stored] = site.system.activities
    assert stored["ActivityMemo"] == "b"
    assert patch("/Activities", json={"ActivityId": 0}).status_code == 400
    assert patch("/Activities", content=b"[").status_code == 415


def test_a_document_can_be_saved_listed_fetched_and_deleted(site: WebCrmSetup) -> None:
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


def test_users_are_listed_with_all_their_secrets(site: WebCrmSetup) -> None:
    site.system.add_user("a@us.example", "A")
    site.system.add_user("b@us.example", "B", is_active=False)
    assert len(site.http.get("/Users").json()) == 2
    [user] = site.http.get("/Users/AllActive").json()
    assert all(user[f"User{secret}"] for secret in ("Password", "AuthenticationCode", "Ticket"))


def test_the_quota_is_a_sliding_minute_per_token(site: WebCrmSetup) -> None:
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


def test_a_simultaneous_second_call_is_cut_off_unless_that_is_switched_off(
    site: WebCrmSetup,
) -> None:
    site.system.answer_time = timedelta(milliseconds=200)
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
        site.system.dislikes_parallel = False
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
def test_operations_that_webcrm_is_not_known_to_have_are_unknown(
    site: WebCrmSetup, method: str, path: str
) -> None:
    assert site.http.request(method, path).status_code == 404
    assert [(e.method, e.path) for e in site.journal.unknown] == [(method, path)]
