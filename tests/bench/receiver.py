"""What Graph and strangers post, from many connections at once, against the real processes."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from bench.ground import Usage, mail, mailboxes, service, told
from support.processes import RunningService, until
from support.scenario import BOTH, FOLDER
from support.statements import statements_of
from webcrm_sync.bootstrap import open_context
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.context import Context
from webcrm_sync.store import mailboxes as rows
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

CONNECTIONS = 16
_MAILBOXES, _POSTS, _LARGEST = 8, 2000, 256_000
_EVENTS = ["missed", "reauthorizationRequired", "somethingNew"]
_TROUBLES = text(
    "SELECT (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed')"
    " + (SELECT count(*) FROM mailbox WHERE trouble IS NOT NULL)"
)


@dataclass(slots=True)
class Answers:
    """What came back: how often which status, and after how many seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def within(self, share: float) -> float:
        """The time in which this share of the answers came."""
        return sorted(self.seconds)[int(len(self.seconds) * share) - 1]


def receiving() -> None:
    """2,000 requests of Graph's in any order from 16 connections, then the strangers."""
    with service() as made:
        boxes = mailboxes(made, _MAILBOXES)
        with open_context(made.sandbox.settings_of(made.environment)) as context:
            bodies = notifications(context, _POSTS)
            moved = {box.deliver(mail(number, box)): box for number, box in enumerate(boxes)}
            for item, box in moved.items():
                box.move(item, f"inbox/{FOLDER}")
            before, began = Usage.of(made, "web"), time.monotonic()
            answers = post(push_urls.notify_url(context), bodies)
            took = time.monotonic() - began
            print(f"{_POSTS} notifications in any order, {CONNECTIONS} connections:")
            print(f"  answers by status                          {dict(answers.statuses)}")
            told("a second", _POSTS / took)
            cpu_s = Usage.of(made, "web").cpu_since(before)
            told("processor time of web for each", cpu_s and cpu_s / _POSTS * 1000, unit="ms")
            told("median", answers.within(0.5), unit="s")
            told("p99", answers.within(0.99), 0.3, "s")
            until(lambda: are_synced(moved), "the mails moved meanwhile")
            told("failed jobs and mailboxes in trouble", troubles(context))
            _statements(context, bodies)
            _strangers(made, context)


def notifications(context: Context, number: int, *, seed: int = 1) -> list[bytes]:
    """Bodies as Graph posts them, each about some of the folders, in an order of its own."""
    chance = random.Random(seed)
    with context.begin() as tx:
        folders = rows.subscribed_folders(tx)
    states = {f.id: context.cipher.decrypt(f.client_state or "") for f in folders}

    def line(folder: rows.SyncFolder) -> dict[str, object]:
        head: dict[str, object] = {
            "subscriptionId": folder.subscription_id,
            "clientState": states[folder.id],
        }
        if chance.random() < 0.1:
            return head | {"lifecycleEvent": chance.choice(_EVENTS)}
        name = str(UUID(int=chance.getrandbits(128)))
        return head | {"resourceData": {"id": name, "@odata.etag": f'W/"{name}"'}}

    def body() -> bytes:
        some = chance.sample(folders, chance.randint(1, len(folders)))
        return json.dumps({"value": [line(folder) for folder in some]}).encode()

    return [body() for _ in range(number)]


def post(url: str, bodies: Sequence[bytes]) -> Answers:
    """Post these bodies from many connections side by side."""

    def some(number: int) -> Answers:
        answers = Answers()
        with httpx.Client(timeout=60) as client:
            for body in bodies[number::CONNECTIONS]:
                began = time.monotonic()
                answers.statuses[_status(client, url, body)] += 1
                answers.seconds.append(time.monotonic() - began)
        return answers

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return _together(pool.map(some, range(CONNECTIONS)))


def troubles(context: Context) -> int:
    """How many jobs have failed in the queue, and how many mailboxes wait for an error's sake."""
    with context.begin() as tx:
        return int(tx.connection.execute(_TROUBLES).scalar_one())


def are_synced(moved: Mapping[str, SimMailbox]) -> bool:
    """True when each of these mails carries both categories."""
    return all(box.read(item).categories == BOTH for item, box in moved.items())


def _status(client: httpx.Client, url: str, body: bytes) -> int:
    """The status of the answer; 0 = the connection was closed instead."""
    try:
        return client.post(url, content=body).status_code
    except httpx.HTTPError:
        return 0


def _together(all_of_them: Iterable[Answers]) -> Answers:
    answers = Answers()
    for one in all_of_them:
        answers.statuses += one.statuses
        answers.seconds += one.seconds
    return answers


def _statements(context: Context, bodies: Sequence[bytes]) -> None:
    """How many statements a request takes, counted in an application of this process."""
    client = create_app(context).test_client()
    url = push_urls.notify_url(context).removeprefix(context.settings.public_url)
    strange = [{"subscriptionId": str(UUID(int=n)), "clientState": "x"} for n in range(500)]
    stranger = json.dumps({"value": strange}).encode()
    print("statements for each request:")
    for name, posted in (("notifications", bodies[:100]), ("500 lines of a stranger", [stranger])):
        with statements_of(context.database.engine) as sent:
            for body in posted:
                client.post(url, data=body)
        told(name, len(sent) / len(posted))


def _strangers(made: RunningService, context: Context) -> None:
    """The slowest look at the health while 16 connections post what they like."""
    lines = [{"subscriptionId": str(UUID(int=n)), "clientState": "x" * 400} for n in range(500)]
    kinds = {
        "lines of unknown subscriptions": json.dumps({"value": lines}).encode(),
        "brackets": b"[" * _LARGEST,
        "small objects": b'{"value":[' + b"{}," * 85_000 + b"{}]}",
        "one name again and again": b"{" + b'"value":[],' * 900 + b'"a":1,' * 40_000 + b'"a":1}',
        "digits": b"9" * _LARGEST,
    }
    urls = {
        "wrong secret": f"{made.public_url}{push_urls.NOTIFY_PATH}/guessed",
        "old address": f"{made.public_url}{push_urls.NOTIFY_PATH}",
        "right secret": push_urls.notify_url(context),
    }
    print(f"GET /healthz at its slowest while {CONNECTIONS} connections post {_LARGEST:,} bytes:")
    # Strangers share no interpreter with the one who looks.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        told("nobody posts", _slowest_look(made, apart.submit(time.sleep, 2)), 0.5, "s")
        for name, url in urls.items():
            for kind, body in kinds.items():
                posting = apart.submit(post, url, [body] * 20 * CONNECTIONS)
                told(f"{name}, {kind}", _slowest_look(made, posting), 0.5, "s")


def _slowest_look(made: RunningService, during: Future[Any]) -> float:
    slowest = 0.0
    with httpx.Client(timeout=60) as client:
        while not during.done():
            began = time.monotonic()
            client.get(f"{made.public_url}/healthz")
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.02)
    during.result()
    return slowest
