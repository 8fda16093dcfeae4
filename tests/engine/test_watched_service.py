"""The service as it runs in production, seen by a monitor, by Prometheus and by a mail server."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from support.processes import run_service, until
from support.receivers import IT, mail_server
from webcrm_sync_sandbox.environment import Sandbox

TOKEN = "a-token-of-the-monitor"


@pytest.mark.long
def test_a_service_says_of_itself_how_it_does(fresh_database: str) -> None:
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 24 * 3600))
    with Sandbox() as sandbox, mail_server() as mail:
        sandbox.outlook.add_mailbox("kim@nordwind.example", "Kim")
        settings = {
            "DATABASE_URL": fresh_database,
            "METRICS_TOKEN": TOKEN,
            "ENTRA_CLIENT_SECRET_EXPIRES": tomorrow,
            "ALERT_MAIL_TO": IT,
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(mail.port),
            "SMTP_TLS": "none",
        }
        with run_service(sandbox, "serve", **settings) as service:
            until(lambda: _is_ready(service.public_url), "both workers")
            service.watch("kim@nordwind.example")
            until(lambda: mail.subjects == ["the client secret ends"], "the mail about the secret")
            checked = service.run("status", "--check", "--json")
            assert (checked.returncode, json.loads(checked.stdout)["status"]) == (2, "critical")
            until(lambda: 'calls_total{service="entra"' in _figures(service.public_url), "calls")
            figures = _figures(service.public_url)
            assert 'calls_total{service="graph",status="200"}' in figures
            assert 'heartbeat_age_seconds{queue="clock"}' in figures
            assert "@" not in figures
        assert mail.subjects == ["the client secret ends"], "and no more than one"


def _is_ready(url: str) -> bool:
    return httpx.get(f"{url}/readyz", timeout=5).status_code == 200


def _figures(url: str) -> str:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.get(f"{url}/metrics", headers=headers, timeout=15).text
