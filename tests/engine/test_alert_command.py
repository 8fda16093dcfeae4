"""`alert --test` says what came back, over each kind of connection; `alert` lists what is open."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner, Result

from support.receivers import IT, SECRET, MailServer, mail_server, webhook_receiver
from support.watched import OpenWatched
from webcrm_sync.cli import alert

REQUIRED = {
    "ENTRA_TENANT_ID": "11111111-2222-3333-4444-555555555555",
    "ENTRA_CLIENT_ID": "11111111-2222-3333-4444-555555555555",
    "ENTRA_CLIENT_SECRET": "hush",
    "WEBCRM_TOKEN": "hush",
}
Set = Callable[..., None]


@pytest.fixture
def set_settings(tmp_path: Path) -> Iterator[Set]:
    """Sets the product's variables; the folder has no `.env`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)

        def set_all(**values: object) -> None:
            for name, value in {**REQUIRED, **values}.items():
                patch.setenv(f"WEBCRM_SYNC_{name}", str(value))

        set_all()
        yield set_all


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the mail server's certificate."""
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    """The mail server's side of TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def run(*arguments: str) -> Result:
    return CliRunner().invoke(alert.alert, arguments)


def mail_settings(server: MailServer, tls: str) -> dict[str, object]:
    address = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": server.port, "SMTP_TLS": tls}
    return {"ALERT_MAIL_TO": IT, **address}


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_mail_over_tls_with_a_password(
    set_settings: Set, authority: trustme.CA, trust: ssl.SSLContext, tmp_path: Path, tls: str
) -> None:
    bundle = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with mail_server(trust=trust, is_tls=tls == "tls", password="right") as server:
        set_settings(**mail_settings(server, tls), SMTP_USER="it", SMTP_PASSWORD="right")
        result = run("--test")
        assert result.exit_code == 1
        assert "is not trusted: put its root into WEBCRM_SYNC_CA_BUNDLE." in result.stdout
        set_settings(CA_BUNDLE=bundle)
        result = run("--test")
        assert (result.exit_code, result.stdout) == (
            0,
            f"mail: sent: accepted by 127.0.0.1:{server.port}\n",
        )
        assert server.subjects == ["test"]
        set_settings(SMTP_PASSWORD="wrong")
        result = run("--test")
        assert result.exit_code == 1
        assert "refuses WEBCRM_SYNC_SMTP_USER with WEBCRM_SYNC_SMTP_PASSWORD (535" in result.stdout
        assert "wrong" not in result.stdout


def test_a_server_without_starttls_gets_no_mail_in_the_clear(set_settings: Set) -> None:
    with mail_server() as server:
        set_settings(**mail_settings(server, "starttls"))
        result = run("--test")
    assert result.exit_code == 1
    assert "STARTTLS extension not supported by server. Check WEBCRM_SYNC_" in result.stdout
    assert server.mails == []


@pytest.mark.parametrize("more", [{"SMTP_HOST": "mail..example"}, {"SMTP_PASSWORD": "süß"}])
def test_characters_that_a_mail_server_does_not_know(
    set_settings: Set, more: dict[str, object]
) -> None:
    with mail_server(password="right") as server:
        login = {"SMTP_USER": "it", "SMTP_PASSWORD": "right"}
        set_settings(**{**mail_settings(server, "none"), **login, "ALLOW_HTTP": "true", **more})
        result = run("--test")
    assert result.exit_code == 1
    assert "SMTP_PASSWORD holds characters that are not allowed" in result.stdout


def test_a_webhook_that_is_not_there(set_settings: Set) -> None:
    url = "http://127.0.0.1:9/?key=hush"
    set_settings(ALERT_WEBHOOK_URL=url, ALERT_WEBHOOK_SECRET=SECRET)
    result = run("--test", "--json")
    assert result.exit_code == 1
    (trial,) = json.loads(result.stdout)
    assert trial == {
        "channel": "webhook",
        "is_sent": False,
        "text": "No answer from 127.0.0.1 (ConnectError).",
    }


def test_a_webhook_that_answers(set_settings: Set) -> None:
    with webhook_receiver() as webhook:
        set_settings(ALERT_WEBHOOK_URL=webhook.url, ALERT_WEBHOOK_SECRET=SECRET)
        result = run("--test")
    assert (result.exit_code, result.stdout) == (0, "webhook: sent: 127.0.0.1 answered 204\n")
    assert webhook.moments == [("alert.test", None)]


@pytest.mark.usefixtures("set_settings")
def test_nobody_is_told() -> None:
    result = run("--test")
    assert result.exit_code == 1
    assert "Error: Nobody is told: no receiver is set. For mails set" in result.stderr
    assert json.loads(run("--test", "--json").stdout) == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"ALERT_MAIL_TO": IT}, "ALERT_MAIL_TO and WEBCRM_SYNC_SMTP_HOST: give both"),
        ({"ALERT_MAIL_TO": "it", "SMTP_HOST": "x"}, "ALERT_MAIL_TO: must be e-mail addresses"),
        ({"ALERT_MAIL_FROM": "a@b@c"}, "ALERT_MAIL_FROM: must be an e-mail address such as"),
        ({"ALERT_MAIL_FROM": "a..b@x.example"}, "ALERT_MAIL_FROM: must be an e-mail address such"),
        ({"SMTP_USER": "it"}, "SMTP_USER and WEBCRM_SYNC_SMTP_PASSWORD: give both"),
        (
            {
                "ALERT_MAIL_TO": IT,
                "SMTP_HOST": "mail.x.example",
                "SMTP_TLS": "none",
                "SMTP_USER": "it",
                "SMTP_PASSWORD": "hush",
            },
            "SMTP_TLS: must be starttls or tls outside this machine",
        ),
        ({"METRICS_TOKEN": "hush"}, "METRICS_TOKEN: must have at least 16 letters and digits"),
        ({"ALERT_WEBHOOK_URL": "https://x.example"}, "ALERT_WEBHOOK_SECRET: give both or neither"),
        (
            {"ALERT_WEBHOOK_URL": "http://x.example", "ALERT_WEBHOOK_SECRET": "hush"},
            "ALERT_WEBHOOK_URL: must start with https:// outside this machine",
        ),
        (
            {"ALERT_WEBHOOK_URL": "hush", "ALERT_WEBHOOK_SECRET": "hush"},
            "ALERT_WEBHOOK_URL: must be",
        ),
    ],
)
def test_settings_that_cannot_work_together(
    set_settings: Set, values: dict[str, object], sentence: str
) -> None:
    set_settings(**values)
    result = run("--test")
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert "hush" not in result.stderr


def test_what_is_open_and_what_cannot_be_sent(open_watched: OpenWatched, set_settings: Set) -> None:
    watched = open_watched(SMTP_PORT="9")
    assert watched.scenario.context.settings.database_url
    set_settings(
        **watched.scenario.sandbox.environment(),
        DATABASE_URL=watched.scenario.context.settings.database_url,
        SECRET_KEY="test",
        ENTRA_TENANT_ID=watched.scenario.context.settings.entra_tenant_id,
    )
    assert run().stdout == "No alert is open.\n"
    watched.scenario.sandbox.faults.unavailable(service="webcrm")
    watched.wait()
    printed = run().stdout
    assert "UTC  critical: webCRM: " in printed
    assert "Messages by mail cannot be sent: 127.0.0.1:9 does not answer" in printed
    found = json.loads(run("--json").stdout)
    assert [one["kind"] for one in found["open"]] == ["webcrm"]
    assert found["unsent"].keys() == {"mail"}
