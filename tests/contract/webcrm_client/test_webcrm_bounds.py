"""A webCRM whose answers are too large, too slow, endless or malformed."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from werkzeug import Response

from contract.webcrm_client.served_webcrm import (
    KEY,
    LONG_AGO,
    ServedWebCrm,
    create_draft,
    create_settings,
)
from support.hostile_server import answer_endlessly, head, hostile
from support.lines import LocalLine
from webcrm_sync.core.errors import SyncError, TryLater, Unclear
from webcrm_sync.net.bounds import Bounds
from webcrm_sync.webcrm import WebCrm
from webcrm_sync.webcrm.transport import BOUNDS
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.webcrm import webcrm_app

BOMB = gzip.compress(b" " * 70_000_000, 1)
Answer = tuple[str, dict[str, str], bytes]


class BrokenWebCrm:
    """The simulated webCRM with another answer to each call but the login."""

    def __init__(self, served: ServedWebCrm, answer: Answer) -> None:
        self._api = webcrm_app(served.system).wsgi_app
        self._answer = answer

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        real = Response.from_app(self._api, environ).get_data()
        if environ["PATH_INFO"] == "/Auth/ApiLogin":
            start("200 OK", [("Content-Type", "application/json")])
            return [real]
        status, headers, body = self._answer
        start(status, list(({"Content-Type": "application/json"} | headers).items()))
        return [body]


@pytest.mark.parametrize(
    "answer",
    [
        ("200 OK", {"Content-Encoding": "gzip"}, BOMB),
        ("200 OK", {"Content-Encoding": "br"}, b"\x00"),
        ("200 OK", {"Content-Encoding": "gzip"}, BOMB[:9999]),
        ("200 OK", {"Content-Length": "99999"}, b"[1]"),
        ("200 OK", {}, b"[" * 100_000),
        ("200 OK", {}, b"[" + b"9" * 9_000 + b"]"),
        ("200 OK", {}, b'["\xe9"]'),
        ("200 OK", {"Content-Type": "text/html"}, b"<html>sign in</html>"),
        ("302 Found", {"Location": "http://elsewhere.example/"}, b""),
        ("304 Not Modified", {}, b""),
        ("600 Odd", {}, b"[1]"),
    ],
    ids=lambda answer: " ".join((answer[0], *answer[1])) + repr(answer[2][:2]),
)
def test_a_write_with_an_unusable_answer_is_unclear_and_happens_once(
    served: ServedWebCrm, acme: int, answer: Answer
) -> None:
    # The rest of a short answer never comes: by default the product waits for it for a minute.
    bounds = replace(BOUNDS, seconds=3) if "Content-Length" in answer[1] else BOUNDS
    with Server(BrokenWebCrm(served, answer)) as server:
        settings, now = create_settings(server.url), served.clock.now
        crm = WebCrm(settings, now=now, line=LocalLine(), bounds=bounds)
        with pytest.raises(Unclear):
            crm.write_activities([create_draft(acme)])
        with pytest.raises(TryLater):
            crm.list_users()
        crm.close()
    found = served.crm.list_keyed_activities(
        acme, created_since=served.clock.now() - timedelta(hours=1)
    )
    assert [one.key for one in found] == [KEY]


def test_the_error_says_that_the_answer_is_too_large(served: ServedWebCrm, acme: int) -> None:
    with Server(BrokenWebCrm(served, ("200 OK", {"Content-Encoding": "gzip"}, BOMB))) as server:
        crm = WebCrm(create_settings(server.url), now=served.clock.now, line=LocalLine())
        with pytest.raises(Unclear, match=r"webCRM's answer is larger than 64 MB"):
            crm.write_activities([create_draft(acme)])
        crm.close()


def test_a_login_cannot_exceed_its_deadline() -> None:
    bounds = Bounds(seconds=0.4, size=10_000)
    for begun in (b"HTTP/1.1 200 OK\r\nX: ", head("Content-Length: 9000")):
        with hostile(answer_endlessly(begun, b"x", every=0.05)) as server:
            crm = WebCrm(
                create_settings(server.url),
                now=lambda: datetime.now(UTC),
                line=LocalLine(),
                bounds=bounds,
            )
            began = time.monotonic()
            with pytest.raises(TryLater, match="did not answer in time"):
                crm.write_activities([create_draft(1)])
            assert time.monotonic() - began < 2
            crm.close()


LISTS: dict[str, Callable[[WebCrm], object]] = {
    "users": lambda crm: crm.list_users(),
    "documents": lambda crm: list(crm.list_documents()),
    "activities": lambda crm: crm.list_keyed_activities(None, created_since=LONG_AGO),
    "sent": lambda crm: crm.list_changed_activities(LONG_AGO),
    "persons": lambda crm: crm.list_changed_persons(LONG_AGO),
    "organisations": lambda crm: crm.list_changed_organisations(LONG_AGO),
}
_IDS = ("ActivityId", "PersonId", "OrganisationId", "DocumentId", "UserId")


def full_page(first: int, at: str) -> bytes:
    row = '{%s,"ActivityUpdatedAt":"%s","PersonUpdatedAt":"%s","OrganisationUpdatedAt":"%s"}'
    rows = (
        row % (",".join(f'"{name}":{first + n}' for name in _IDS), at, at, at) for n in range(1000)
    )
    return f"[{','.join(rows)}]".encode()


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("is_moving", [False, True])
def test_an_endless_list_is_abandoned(served: ServedWebCrm, name: str, is_moving: bool) -> None:
    """Each page is the same, or each is a new one with later changes."""
    api, page_count = webcrm_app(served.system).wsgi_app, 0

    def endless(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        nonlocal page_count
        if environ["PATH_INFO"] == "/Auth/ApiLogin":
            return api(environ, start)
        page_count += 1
        at = LONG_AGO + timedelta(days=page_count if is_moving else 0)
        start("200 OK", [("Content-Type", "application/json")])
        return [full_page(1 + page_count * 1000 if is_moving else 1, at.isoformat())]

    with Server(endless) as server:
        bounds = Bounds(seconds=60, size=10_000_000, pages=5)
        crm = WebCrm(
            create_settings(server.url), now=served.clock.now, line=LocalLine(), bounds=bounds
        )
        with pytest.raises(SyncError) as found:
            LISTS[name](crm)
        crm.close()
    assert (type(found.value), found.value.code) == (TryLater, "EndlessList")
    assert page_count <= 6
