"""Nobody uses the API without a token, or reads the mail of another person."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from support.api_client import Person, person
from support.scenario import BO, FOLDER, KIM, Scenario
from webcrm_sync.web.access import Guard, guard_of
from webcrm_sync_sandbox.outlook.mail import Mail

ACTS = ("state", "sync", "choose", "retry", "anyway", "undo", "story", "suggestions")
PLACE_ACTS = ("choose", "places/add", "places/remove", "places/move")


def guarded_routes(app: Flask) -> list[tuple[str, str]]:
    """Method and path of each route that only a signed-in person may call."""
    found = []
    for rule in app.url_map.iter_rules():
        if guard_of(app.view_functions[rule.endpoint]) is Guard.PERSON:
            path = re.sub(r"<[^>]+>", "bo@havnebyg.example", rule.rule)
            found += [(m, path) for m in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
    return sorted(found)


def test_no_route_answers_without_a_valid_token(app: Flask, kim: Person) -> None:
    routes = guarded_routes(app)
    assert len(routes) == 20
    graph = kim.scenario.sandbox.entra.issue_user_token(
        kim.box.user_id, "https://graph.microsoft.com", ("Mail.ReadWrite",)
    )
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": f"Bearer {graph}"}):
        for method, path in routes:
            answer = app.test_client().open(path, method=method, headers=headers, json={})
            assert answer.status_code == 401, (method, path)
            assert answer.content_type == "application/problem+json"
            assert answer.json is not None
            assert answer.json["code"] == "signed_out"
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_no_route_gives_access_to_a_colleagues_mail(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    mail = kim.box.deliver(Mail("Private", BO, KIM))
    kim.request("PUT", f"/rules/{BO}")
    for ref in (kim.ref(mail), {**kim.ref(mail), "itemId": mail, "idType": "rest"}):
        for act in {*ACTS, *PLACE_ACTS}:
            body: dict[str, Any] = {"mails": [ref]} if act == "state" else {"mail": ref}
            if act in PLACE_ACTS:
                body["organisationId"] = scenario.organisations["Havnebyg"]
            if act == "places/move":
                body["to"] = scenario.organisations["Havnebyg"]
            answer = eva.request("POST", f"/mails/{act}", json=body)
            assert (answer.status_code, answer.json and answer.json["code"]) == (404, "not_found")
    assert eva.request("GET", "/rules").json == {"addresses": []}
    eva.request("DELETE", f"/rules/{BO}")
    assert kim.request("GET", "/rules").json == {"addresses": [BO]}
    connection = eva.request("GET", "/connection").json
    assert connection is not None
    assert connection["mailbox"] == "eva@nordwind.example"
    assert kim.box.read(mail).folder == "Inbox"
    assert not eva.box.messages(f"inbox/{FOLDER}")


def test_the_timeline_leaves_out_events_in_a_colleagues_mailbox(
    scenario: Scenario, kim: Person, eva: Person
) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    both = Mail("Both", BO, (KIM, "eva@nordwind.example"), message_id="<b@havnebyg.example>")
    one, two = kim.box.deliver(both), eva.box.deliver(both)
    kim.post("sync", one)
    eva.post("sync", two)
    scenario.run_until_idle()
    assert "Kim" not in eva.post("story", two).text
    assert KIM not in eva.post("story", two).text


def test_a_person_without_a_watched_mailbox_gets_their_own_address(
    scenario: Scenario, app: Flask
) -> None:
    stranger = person(scenario, app, "new@nordwind.example", "New", is_watched=False)
    answer = stranger.request("GET", "/connection")
    assert answer.status_code == 403
    assert answer.json is not None
    assert (answer.json["code"], answer.json["detail"]) == ("no_mailbox", "new@nordwind.example")


def test_entras_keys_are_read_once_and_once_more_for_an_unknown_key(
    scenario: Scenario, kim: Person
) -> None:
    def reads() -> int:
        return sum("discovery" in e.path for e in scenario.sandbox.journal.exchanges)

    before = reads()
    for _ in range(3):
        assert kim.request("GET", "/connection").status_code == 200
    assert reads() - before == 1
    good = kim.token
    head, body, tail = good.split(".")
    kim.token = ".".join([head[:-4] + "AAAA", body, tail])
    scenario.sandbox.clock.advance(timedelta(minutes=1))
    assert {kim.request("GET", "/connection").status_code for _ in range(3)} == {401}
    assert reads() - before <= 2
    kim.token = good
    assert kim.request("GET", "/connection").status_code == 200


def test_while_graph_is_away_the_pane_gets_a_retry_time(scenario: Scenario, kim: Person) -> None:
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    scenario.sandbox.faults.unavailable("graph")
    answer = kim.post("sync", mail)
    assert (answer.status_code, answer.json and answer.json["code"]) == (503, "try_later")
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"mail": {}},
        {"mail": {"itemId": "", "idType": "ews", "messageId": None}},
        {"mail": {"itemId": "x\0", "idType": "ews", "messageId": None}},
        {"mail": {"itemId": "x", "idType": "imap", "messageId": None}},
        {"mail": {"itemId": "x", "idType": "ews", "messageId": None}, "mailbox": "a@b.example"},
    ],
    ids=str,
)
def test_a_malformed_request_is_invalid(kim: Person, body: Any) -> None:
    answer = kim.request("POST", "/mails/sync", json=body)
    assert (answer.status_code, answer.json and answer.json["code"]) == (400, "invalid")


def test_only_the_services_pages_may_read_answers_and_no_answer_is_cached(kim: Person) -> None:
    own = kim.scenario.context.settings.public_url
    for origin, allowed in ((own, own), ("https://evil.example", None)):
        answer = kim.request("GET", "/connection", headers={"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers


def test_an_unknown_route_is_answered_with_a_problem(kim: Person) -> None:
    answer = kim.request("GET", "/nowhere")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_a_bug_is_answered_with_a_problem_and_reveals_nothing(app: Flask) -> None:
    def fails() -> str:
        raise ValueError("bo@havnebyg.example")

    app.add_url_rule("/api/v1/bug", view_func=fails)
    answer = app.test_client().get("/api/v1/bug")
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert answer.json is not None
    assert answer.json["code"] == "try_later"
    assert "bo@" not in answer.text
