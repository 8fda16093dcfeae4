"""Posts Graph's notifications and hostile requests to the real processes, over many connections."""

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

from bench.setup import Usage, add_mailboxes, mail, print_figure, service
from support.processes import RunningService, until
from support.scenario import BOTH, FOLDER
from support.statements import statements_of
from webcrm_sync.bootstrap.context import open_context
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
    """The answers: the number of each status, and the response times in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def within(self, share: float) -> float:
        """The time within which this share of the answers arrived."""
        return sorted(self.seconds)[int(len(self.seconds) * share) - 1]


def measure_receiver() -> None:
    """Post 2,000 requests as Graph does, from 16 connections; then the hostile requests."""
    with service() as made:
        boxes = add_mailboxes(made, _MAILBOXES)
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
            print_figure("a second", _POSTS / took)
            cpu_s = Usage.of(made, "web").cpu_since(before)
            print_figure(
                "processor time of web for each", cpu_s and cpu_s / _POSTS * 1000, unit="ms"
            )
            print_figure("median", answers.within(0.5), unit="s")
            print_figure("p99", answers.within(0.99), 0.3, "s")
            until(lambda: are_synced(moved), "the mails moved meanwhile")
            print_figure("failed jobs and waiting mailboxes", failure_count(context))
            _count_statements(context, bodies)
            _measure_hostile_requests(made, context)


def notifications(context: Context, number: int, *, seed: int = 1) -> list[bytes]:
    """Bodies as Graph posts them, each about random folders in random order."""
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
    """Post these bodies over many parallel connections."""

    def post_share(number: int) -> Answers:
        answers = Answers()
        with httpx.Client(timeout=60) as client:
            for body in bodies[number::CONNECTIONS]:
                began = time.monotonic()
                answers.statuses[_status(client, url, body)] += 1
                answers.seconds.append(time.monotonic() - began)
        return answers

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return _sum(pool.map(post_share, range(CONNECTIONS)))


def failure_count(context: Context) -> int:
    """The number of failed jobs in the queue plus that of mailboxes that wait after an error."""
    with context.begin() as tx:
        return int(tx.connection.execute(_TROUBLES).scalar_one())


def are_synced(moved: Mapping[str, SimMailbox]) -> bool:
    """True if each of these mails carries both categories."""
    return all(box.read(item).categories == BOTH for item, box in moved.items())


def _status(client: httpx.Client, url: str, body: bytes) -> int:
    """The status of the answer; 0 = the server closed the connection."""
    try:
        return client.post(url, content=body).status_code
    except httpx.HTTPError:
        return 0


def _sum(shares: Iterable[Answers]) -> Answers:
    answers = Answers()
    for share in shares:
        answers.statuses += share.statuses
        answers.seconds += share.seconds
    return answers


def _count_statements(context: Context, bodies: Sequence[bytes]) -> None:
    """Print the statements of a request, counted in an application in this process."""
    client = create_app(context).test_client()
    url = push_urls.notify_url(context).removeprefix(context.settings.public_url)
    strange = [{"subscriptionId": str(UUID(int=n)), "clientState": "x"} for n in range(500)]
    stranger = json.dumps({"value": strange}).encode()
    print("statements for each request:")
    for name, posted in (("notifications", bodies[:100]), ("500 lines of a stranger", [stranger])):
        with statements_of(context.database.engine) as sent:
            for body in posted:
                client.post(url, data=body)
        print_figure(name, len(sent) / len(posted))


def _measure_hostile_requests(made: RunningService, context: Context) -> None:
    """Print the longest response time of /healthz while 16 connections post hostile requests."""
    lines = [{"subscriptionId": str(UUID(int=n)), "clientState": "x" * 400} for n in range(500)]
    kinds = {
        "lines of unknown subscriptions": json.dumps({"value": lines}).encode(),
        "brackets": b"[" * _LARGEST,
        "small objects": b'{"value":[' + b"{}," * 85_000 + b"{}]}",
        "one repeated name": b"{" + b'"value":[],' * 900 + b'"a":1,' * 40_000 + b'"a":1}',
        "digits": b"9" * _LARGEST,
    }
    urls = {
        "wrong secret": f"{made.public_url}{push_urls.NOTIFY_PATH}/guessed",
        "old address": f"{made.public_url}{push_urls.NOTIFY_PATH}",
        "right secret": push_urls.notify_url(context),
    }
    print(f"longest wait for GET /healthz while {CONNECTIONS} connections post {_LARGEST:,} bytes:")
    # A separate process posts, so that it does not slow down the measurement.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as poster:
        print_figure("no requests", _slowest_response(made, poster.submit(time.sleep, 2)), 0.5, "s")
        for name, url in urls.items():
            for kind, body in kinds.items():
                posting = poster.submit(post, url, [body] * 20 * CONNECTIONS)
                print_figure(f"{name}, {kind}", _slowest_response(made, posting), 0.5, "s")


def _slowest_response(made: RunningService, during: Future[Any]) -> float:
    slowest = 0.0
    with httpx.Client(timeout=60) as client:
        while not during.done():
            began = time.monotonic()
            client.get(f"{made.public_url}/healthz")
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.02)
    during.result()
    return slowest
