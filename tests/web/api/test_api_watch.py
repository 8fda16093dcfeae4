"""A check that finds no change waits on the server, and is answered after a change."""

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


def test_one_query_a_second_serves_all_waiting_checks(
    scenario: Scenario, app: Flask, kim: Person
) -> None:
    mail = kim.box.deliver(Mail("Offer", BO, KIM))
    shown = kim.request("POST", "/mails/state", json={"mails": [kim.ref(mail)]}).json
    assert shown is not None
    check = {"version": shown["versions"][0], "waits": True}
    headers = {"Authorization": f"Bearer {kim.token}"}
    statements: list[float] = []

    def note(*_: object) -> None:
        statements.append(time.monotonic())

    with served(app) as server, ThreadPoolExecutor(_PANES) as threads:
        url = f"http://127.0.0.1:{server.port}/api/v1/mails/changed"

        def wait(_: int) -> tuple[bool, float]:
            answer = httpx.post(url, json=check, headers=headers, timeout=30)
            assert answer.status_code == 200, answer.text
            return answer.json()["isChanged"], time.monotonic()

        checks = [threads.submit(wait, number) for number in range(_PANES)]
        time.sleep(1.5)
        assert not any(check.done() for check in checks)
        event.listen(scenario.context.database.engine, "before_cursor_execute", note)
        time.sleep(2.2)
        event.remove(scenario.context.database.engine, "before_cursor_execute", note)
        assert 1 <= len(statements) <= 3

        kim.post("sync", mail)
        changed_at = time.monotonic()
        for is_changed, heard_at in (check.result() for check in checks):
            assert is_changed
            assert heard_at - changed_at < 2


def test_a_server_that_stops_answers_waiting_checks(
    scenario: Scenario, app: Flask, kim: Person
) -> None:
    mail = kim.box.deliver(Mail("Offer", BO, KIM))
    shown = kim.request("POST", "/mails/state", json={"mails": [kim.ref(mail)]}).json
    assert shown is not None
    check = {"version": shown["versions"][0], "waits": True}
    with served(app) as server, ThreadPoolExecutor(1) as threads:
        answer = threads.submit(
            httpx.post,
            f"http://127.0.0.1:{server.port}/api/v1/mails/changed",
            json=check,
            headers={"Authorization": f"Bearer {kim.token}"},
            timeout=30,
        )
        time.sleep(0.5)
        began = time.monotonic()
        server.stop()
        assert answer.result().json() == {"isChanged": False}
        assert time.monotonic() - began < 2
