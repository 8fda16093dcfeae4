"""One person's requests leave room for everybody else's."""

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


def test_one_persons_forty_requests_while_graph_is_slow_hold_nobody_else(
    scenario: Scenario, app: Flask, kim: Person, eva: Person
) -> None:
    ids = {who.token: who.box.deliver(Mail("Hi", BO, who.box.address)) for who in (kim, eva)}
    assert kim.state(ids[kim.token])  # Entra's keys are known from here on
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
        asked = [threads.submit(ask, kim) for _ in range(40)]
        time.sleep(0.3)
        assert timed_eva() < alone + 1
        answers = [a.result() for a in asked]
        assert httpx.get(f"{url}/healthz", timeout=1).status_code == 200
        assert ask(kim).status_code == 200
    refused = [a for a in answers if a.status_code == 429]
    assert Counter(a.status_code for a in answers) == {200: 40 - len(refused), 429: len(refused)}
    assert len(refused) > 20
    assert {(a.headers["Retry-After"], a.json()["code"]) for a in refused} == {("1", "try_later")}


def test_one_persons_looks_do_not_all_wait(scenario: Scenario, app: Flask, kim: Person) -> None:
    mail = kim.box.deliver(Mail("Hi", BO, KIM))
    asked = kim.ask("POST", "/mails/state", json={"mails": [kim.ref(mail)]}).json
    assert asked is not None
    look = {"version": asked["versions"][0], "waits": True}
    with ThreadPoolExecutor(24) as threads:
        with served(app) as server:
            url = f"http://127.0.0.1:{server.port}/api/v1/mails/changed"
            headers = {"Authorization": f"Bearer {kim.token}"}

            def ask() -> int:
                return httpx.post(url, json=look, headers=headers, timeout=30).status_code

            looks = []
            for _ in range(24):
                looks.append(threads.submit(ask))
                time.sleep(0.05)  # not all at once, which is refused by itself
            until(lambda: sum(one.done() for one in looks) == 4, "those too many", patience_s=5)
        assert {one.result() for one in looks} == {200}
