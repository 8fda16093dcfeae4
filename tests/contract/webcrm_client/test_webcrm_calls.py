"""Logins, hosts, quotas and lost answers of the product's client, over HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from threading import Thread
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import trustme

from contract.webcrm_client.bench import KEY, Bench, draft, settings
from webcrm_sync.core.crm import CreatedRecord, KeyedActivity
from webcrm_sync.core.errors import LoginRefused, TooLate, TryLater, Unclear
from webcrm_sync.webcrm import WebCrm
from webcrm_sync.webcrm.rate_limit import RateLimiter
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.webcrm import webcrm_app


def test_a_write_whose_answer_was_lost_is_unclear_and_found_by_its_key(
    bench: Bench, acme: int
) -> None:
    bench.crm.whoami()
    bench.faults.lose("webcrm", limit=1)
    with pytest.raises(Unclear):
        bench.crm.write_activities([draft(acme)])
    [stored] = bench.world.activities
    found = bench.crm.keyed_activities(acme, created_since=bench.clock.now() - timedelta(minutes=5))
    made = stored["ActivityCreatedAt"]
    assert found == (KeyedActivity(stored["ActivityId"], acme, KEY, made),)


def test_a_read_whose_answer_was_lost_may_be_tried_later(bench: Bench) -> None:
    bench.crm.whoami()
    bench.faults.lose("webcrm", limit=1)
    with pytest.raises(TryLater):
        bench.crm.users()


def test_a_webcrm_that_is_down_has_done_nothing(bench: Bench, acme: int) -> None:
    with Server(webcrm_app(bench.world).wsgi_app) as server:
        url = server.url
    crm = WebCrm(settings(url), now=bench.clock.now)
    with pytest.raises(TryLater):
        crm.write_activities([draft(acme)])
    crm.close()


def test_a_write_whose_turn_comes_too_late_is_not_sent(bench: Bench, acme: int) -> None:
    def wait(seconds: float) -> None:
        bench.clock.advance(timedelta(seconds=seconds))

    started = bench.clock.now()
    rate_limiter = RateLimiter(
        limit=2, now=lambda: (bench.clock.now() - started).total_seconds(), sleep=wait
    )
    crm = WebCrm(settings(bench.url), now=bench.clock.now, rate_limiter=rate_limiter)
    crm.whoami()  # with the login these are two calls: the next one waits a minute
    until = started + timedelta(seconds=30)
    with pytest.raises(TooLate):
        crm.write_activities([draft(acme)], until=until)
    assert list(bench.world.activities) == []
    crm.close()


def test_a_busy_webcrm_names_the_time_and_a_write_that_met_503_is_unclear(
    bench: Bench, acme: int
) -> None:
    bench.crm.whoami()
    before = bench.clock.now()
    bench.faults.throttle("webcrm", limit=1, retry_after=30)
    with pytest.raises(TryLater) as caught:
        bench.crm.write_activities([draft(acme)])
    assert caught.value.retry_at
    assert caught.value.retry_at >= before + timedelta(seconds=30)
    bench.faults.unavailable("webcrm", limit=2)
    with pytest.raises(Unclear):
        bench.crm.write_activities([draft(acme)])
    with pytest.raises(TryLater):
        bench.crm.fields()


def test_the_quota_is_never_met_with_a_pace_and_told_without_one(bench: Bench) -> None:
    bench.world.calls_a_minute = 10
    hasty = WebCrm(settings(bench.url), now=bench.clock.now, rate_limiter=RateLimiter(limit=1000))
    for _ in range(9):
        hasty.whoami()  # and one call more, the login
    with pytest.raises(TryLater) as caught:
        hasty.whoami()
    assert caught.value.retry_at
    assert caught.value.code == "TooManyRequestsException"
    hasty.close()
    bench.clock.advance(timedelta(minutes=2))
    passed: list[float] = []

    def sleep(seconds: float) -> None:
        passed.append(seconds)
        bench.clock.advance(timedelta(seconds=seconds))

    rate_limiter = RateLimiter(limit=9, now=lambda: bench.clock.now().timestamp(), sleep=sleep)
    patient = WebCrm(settings(bench.url), now=bench.clock.now, rate_limiter=rate_limiter)
    for _ in range(25):
        patient.whoami()
    assert len(passed) >= 2
    patient.close()


def test_an_hour_passes_and_nobody_notices(bench: Bench) -> None:
    bench.crm.whoami()
    bench.clock.advance(timedelta(seconds=3001))
    bench.crm.whoami()
    assert bench.journal.count(path="ApiLogin") == 2
    assert bench.journal.count(status=401) == 0


def test_an_unexpected_401_is_worth_one_new_login(bench: Bench, acme: int) -> None:
    stopped = bench.clock.now()
    crm = WebCrm(settings(bench.url), now=lambda: stopped)
    crm.whoami()
    bench.clock.advance(timedelta(hours=2))
    assert [type(line) for line in crm.write_activities([draft(acme)])] == [CreatedRecord]
    assert bench.journal.count(path="ApiLogin") == 2
    assert len(bench.world.activities) == 1
    crm.close()


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_wrong_token_is_refused_by_the_name_of_its_setting(bench: Bench, status: int) -> None:
    bench.world.login_refusal = status
    bench.world.tokens.clear()
    with pytest.raises(LoginRefused, match="WEBCRM_SYNC_WEBCRM_TOKEN"):
        bench.crm.whoami()


def test_an_address_without_a_webcrm_is_refused_by_the_name_of_its_setting(bench: Bench) -> None:
    crm = WebCrm(settings(bench.url + "/nowhere"), now=bench.clock.now)
    with pytest.raises(LoginRefused, match="WEBCRM_SYNC_WEBCRM_URL"):
        crm.whoami()
    crm.close()
    bench.journal.clear()


def test_a_redirect_to_another_host_gets_no_token(bench: Bench) -> None:
    api = webcrm_app(bench.world).wsgi_app

    def moved(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/Auth/ApiLogin":
            return api(environ, start_response)
        start_response("307 Temporary Redirect", [("Location", bench.url + "/Auth")])
        return [b""]

    with Server(moved) as elsewhere:
        crm = WebCrm(settings(elsewhere.url), now=bench.clock.now)
        with pytest.raises(TryLater, match="WEBCRM_SYNC_WEBCRM_URL"):
            crm.whoami()
        with pytest.raises(Unclear):
            crm.write_activities([draft(None)])
        crm.close()
    assert bench.journal.exchanges == []


def test_a_private_root_is_trusted_besides_the_systems(bench: Bench, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Server(webcrm_app(bench.world).wsgi_app, ssl_context=context) as server:
        trusting = settings(server.url, ca_bundle=tmp_path / "ca.pem")
        for chosen, outcome in ((trusting, None), (settings(server.url), TryLater)):
            crm = WebCrm(chosen, now=bench.clock.now)
            with pytest.raises(outcome, match="CA_BUNDLE") if outcome else nullcontext():
                crm.whoami()
            crm.close()


def test_threads_that_share_the_client_stand_in_line(bench: Bench) -> None:
    bench.world.answer_time = timedelta(milliseconds=15)
    troubles: list[Exception] = []

    def ask() -> None:
        try:
            bench.crm.whoami()
        except TryLater as error:
            troubles.append(error)

    threads = [Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert bench.journal.count(status=200, path="/Auth") == 7  # one of them is the login
    assert bench.journal.count() == 7
