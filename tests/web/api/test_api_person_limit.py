"""The requests of one person leave room for those of others."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
from flask import Flask

from support.api_client import Person
from support.processes import until
from support.scenario import BO, KIM, Scenario
from support.served import served
from webcrm_sync_sandbox.outlook.mail import Mail


def test_forty_requests_of_one_person_while_graph_is_slow_delay_nobody_else(
    scenario: Scenario, app: Flask, kim: Person, eva: Person
) -> None:
    ids = {who.token: who.box.deliver(Mail("Hi", BO, who.box.address)) for who in (kim, eva)}
    assert kim.status(ids[kim.token])  # reads Entra's keys
    scenario.sandbox.faults.slow("graph", by=timedelta(seconds=0.7))
    with served(app) as server, ThreadPoolExecutor(42) as threads:
        url = f"http://127.0.0.1:{server.port}"

        def ask(who: Person) -> httpx.Response:
            return httpx.post(
                f"{url}/api/v1/mails/state",
                json={"mails": [who.ref(ids[who.token])]},
                headers={"Authorization": f"Bearer {who.token}"},
                timeout=60,
            )

        def timed_eva() -> float:
            began = time.monotonic()
            assert ask(eva).status_code == 200
            return time.monotonic() - began

        alone = timed_eva()
        pending = [threads.submit(ask, kim) for _ in range(40)]
        time.sleep(0.3)
        assert timed_eva() < alone + 1
        answers = [a.result() for a in pending]
        assert httpx.get(f"{url}/healthz", timeout=1).status_code == 200
        assert ask(kim).status_code == 200
    refused = [a for a in answers if a.status_code == 429]
    assert Counter(a.status_code for a in answers) == {200: 40 - len(refused), 429: len(refused)}
    assert len(refused) > 20
    assert {(a.headers["Retry-After"], a.json()["code"]) for a in refused} == {("1", "try_later")}


def test_only_some_checks_of_one_person_wait(scenario: Scenario, app: Flask, kim: Person) -> None:
    mail = kim.box.deliver(Mail("Hi", BO, KIM))
    shown = kim.request("POST", "/mails/state", json={"mails": [kim.ref(mail)]}).json
    assert shown is not None
    check = {"version": shown["versions"][0], "waits": True}
    with ThreadPoolExecutor(24) as threads:
        with served(app) as server:
            url = f"http://127.0.0.1:{server.port}/api/v1/mails/changed"
            headers = {"Authorization": f"Bearer {kim.token}"}

            def ask() -> int:
                return httpx.post(url, json=check, headers=headers, timeout=30).status_code

            checks = []
            for _ in range(24):
                checks.append(threads.submit(ask))
                time.sleep(0.05)  # simultaneous ones would exceed the person's limit
            until(
                lambda: sum(one.done() for one in checks) == 4,
                "the checks above the limit",
                patience_s=5,
            )
        assert {one.result() for one in checks} == {200}
