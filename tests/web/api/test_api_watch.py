"""A look that finds nothing new waits on the server, and is answered when there is news."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from flask import Flask
from sqlalchemy import event

from support.api_client import Person
from support.scenario import BO, KIM, Scenario
from support.served import served
from webcrm_sync_sandbox.outlook.mail import Mail

_PANES = 20


def test_one_query_a_second_tells_all_who_wait_and_each_hears_of_news_at_once(
    scenario: Scenario, app: Flask, kim: Person
) -> None:
    mail = kim.box.deliver(Mail("Offer", BO, KIM))
    asked = kim.ask("POST", "/mails/state", json={"mails": [kim.ref(mail)]}).json
    assert asked is not None
    look = {"version": asked["versions"][0], "waits": True}
    headers = {"Authorization": f"Bearer {kim.token}"}
    statements: list[float] = []

    def note(*_: object) -> None:
        statements.append(time.monotonic())

    with served(app) as server, ThreadPoolExecutor(_PANES) as threads:
        url = f"http://127.0.0.1:{server.port}/api/v1/mails/changed"

        def wait(_: int) -> tuple[bool, float]:
            answer = httpx.post(url, json=look, headers=headers, timeout=30)
            assert answer.status_code == 200, answer.text
            return answer.json()["isChanged"], time.monotonic()

        looks = [threads.submit(wait, number) for number in range(_PANES)]
        time.sleep(1.5)
        assert not any(look.done() for look in looks)
        event.listen(scenario.context.database.engine, "before_cursor_execute", note)
        time.sleep(2.2)
        event.remove(scenario.context.database.engine, "before_cursor_execute", note)
        assert 1 <= len(statements) <= 3

        kim.post("sync", mail)
        changed_at = time.monotonic()
        for is_changed, heard_at in (look.result() for look in looks):
            assert is_changed
            assert heard_at - changed_at < 2


def test_a_server_that_stops_lets_nobody_wait(scenario: Scenario, app: Flask, kim: Person) -> None:
    mail = kim.box.deliver(Mail("Offer", BO, KIM))
    asked = kim.ask("POST", "/mails/state", json={"mails": [kim.ref(mail)]}).json
    assert asked is not None
    look = {"version": asked["versions"][0], "waits": True}
    with served(app) as server, ThreadPoolExecutor(1) as threads:
        answer = threads.submit(
            httpx.post,
            f"http://127.0.0.1:{server.port}/api/v1/mails/changed",
            json=look,
            headers={"Authorization": f"Bearer {kim.token}"},
            timeout=30,
        )
        time.sleep(0.5)
        began = time.monotonic()
        server.stop()
        assert answer.result().json() == {"isChanged": False}
        assert time.monotonic() - began < 2
