"""The client's logins, hosts, quotas and lost answers, over HTTP."""

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

from contract.webcrm_client.served_webcrm import KEY, ServedWebCrm, create_draft, create_settings
from support.lines import LocalLine
from webcrm_sync.core.crm import CreatedRecord, KeyedActivity
from webcrm_sync.core.errors import LoginRefused, TooLate, TryLater, Unclear
from webcrm_sync.webcrm import WebCrm
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.webcrm import webcrm_app


def test_a_write_whose_answer_was_lost_is_unclear_and_found_by_its_key(
    served: ServedWebCrm, acme: int
) -> None:
    served.crm.check_login()
    served.faults.lose("webcrm", limit=1)
    with pytest.raises(Unclear):
        served.crm.write_activities([create_draft(acme)])
    [stored] = served.system.activities
    found = served.crm.list_keyed_activities(
        acme, created_since=served.clock.now() - timedelta(minutes=5)
    )
    created_at = stored["ActivityCreatedAt"]
    expected = KeyedActivity(
        stored["ActivityId"], acme, KEY, created_at, created_at, subject="Offer"
    )
    assert found == (expected,)


def test_a_read_whose_answer_was_lost_is_tried_later(served: ServedWebCrm) -> None:
    served.crm.check_login()
    served.faults.lose("webcrm", limit=1)
    with pytest.raises(TryLater):
        served.crm.list_users()


def test_a_write_to_an_unreachable_webcrm_is_tried_later(served: ServedWebCrm, acme: int) -> None:
    with Server(webcrm_app(served.system).wsgi_app) as server:
        url = server.url
    crm = WebCrm(create_settings(url), now=served.clock.now, line=LocalLine())
    with pytest.raises(TryLater):
        crm.write_activities([create_draft(acme)])
    crm.close()


def test_a_write_that_waits_in_line_too_long_is_not_sent(served: ServedWebCrm, acme: int) -> None:
    line = LocalLine()
    crm = WebCrm(create_settings(served.url), now=served.clock.now, line=line)
    crm.check_login()
    until = served.clock.now() + timedelta(seconds=30)
    line.before = lambda: served.clock.advance(timedelta(seconds=31))
    with pytest.raises(TooLate):
        crm.write_activities([create_draft(acme)], until=until)
    assert list(served.system.activities) == []
    crm.close()


def test_a_429_keeps_its_retry_after_and_a_503_leaves_a_write_unclear(
    served: ServedWebCrm, acme: int
) -> None:
    served.crm.check_login()
    before = served.clock.now()
    served.faults.throttle("webcrm", limit=1, retry_after=30)
    with pytest.raises(TryLater) as caught:
        served.crm.write_activities([create_draft(acme)])
    assert caught.value.retry_at
    assert caught.value.retry_at >= before + timedelta(seconds=30)
    served.faults.unavailable("webcrm", limit=2)
    with pytest.raises(Unclear):
        served.crm.write_activities([create_draft(acme)])
    with pytest.raises(TryLater):
        served.crm.list_fields()


def test_too_many_calls_in_a_minute_are_refused_for_now(served: ServedWebCrm) -> None:
    served.system.calls_a_minute = 10
    hasty = WebCrm(create_settings(served.url), now=served.clock.now, line=LocalLine())
    for _ in range(9):
        hasty.check_login()  # and one more call, the login
    with pytest.raises(TryLater) as caught:
        hasty.check_login()
    assert caught.value.retry_at
    assert caught.value.code == "TooManyRequestsException"
    hasty.close()


def test_the_token_is_renewed_before_it_expires(served: ServedWebCrm) -> None:
    served.crm.check_login()
    served.clock.advance(timedelta(seconds=3001))
    served.crm.check_login()
    assert served.journal.count(path="ApiLogin") == 2
    assert served.journal.count(status=401) == 0


def test_an_unexpected_401_causes_one_new_login(served: ServedWebCrm, acme: int) -> None:
    stopped = served.clock.now()
    crm = WebCrm(create_settings(served.url), now=lambda: stopped, line=LocalLine())
    crm.check_login()
    served.clock.advance(timedelta(hours=2))
    assert [type(line) for line in crm.write_activities([create_draft(acme)])] == [CreatedRecord]
    assert served.journal.count(path="ApiLogin") == 2
    assert len(served.system.activities) == 1
    crm.close()


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_refused_token_names_its_setting(served: ServedWebCrm, status: int) -> None:
    served.system.login_refusal = status
    served.system.tokens.clear()
    with pytest.raises(LoginRefused, match="WEBCRM_SYNC_WEBCRM_TOKEN"):
        served.crm.check_login()


def test_an_address_without_webcrm_names_its_setting(served: ServedWebCrm) -> None:
    crm = WebCrm(create_settings(served.url + "/nowhere"), now=served.clock.now, line=LocalLine())
    with pytest.raises(LoginRefused, match="WEBCRM_SYNC_WEBCRM_URL"):
        crm.check_login()
    crm.close()
    served.journal.clear()


def test_a_redirect_is_not_followed_with_the_token(served: ServedWebCrm) -> None:
    api = webcrm_app(served.system).wsgi_app

    def moved(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/Auth/ApiLogin":
            return api(environ, start_response)
        start_response("307 Temporary Redirect", [("Location", served.url + "/Auth")])
        return [b""]

    with Server(moved) as elsewhere:
        crm = WebCrm(create_settings(elsewhere.url), now=served.clock.now, line=LocalLine())
        with pytest.raises(TryLater, match="WEBCRM_SYNC_WEBCRM_URL"):
            crm.check_login()
        with pytest.raises(Unclear):
            crm.write_activities([create_draft(None)])
        crm.close()
    assert served.journal.exchanges == []


def test_a_private_root_is_trusted_and_an_unknown_one_is_named(
    served: ServedWebCrm, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Server(webcrm_app(served.system).wsgi_app, ssl_context=context) as server:
        trusting = create_settings(server.url, ca_bundle=tmp_path / "ca.pem")
        for chosen, outcome in ((trusting, None), (create_settings(server.url), TryLater)):
            crm = WebCrm(chosen, now=served.clock.now, line=LocalLine())
            with pytest.raises(outcome, match="CA_BUNDLE") if outcome else nullcontext():
                crm.check_login()
            crm.close()


def test_threads_that_share_the_client_call_one_at_a_time(served: ServedWebCrm) -> None:
    served.system.answer_time = timedelta(milliseconds=15)
    troubles: list[Exception] = []

    def ask() -> None:
        try:
            served.crm.check_login()
        except TryLater as error:
            troubles.append(error)

    threads = [Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert served.journal.count(status=200, path="/Auth") == 7  # one of them is the login
    assert served.journal.count() == 7
