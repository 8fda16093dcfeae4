"""A company over the sandbox whose settings a test may change, and `doctor` over it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner, Result

from support.scenario import BO, Scenario
from webcrm_sync.cli import cli
from webcrm_sync.engine.operations.doctor import Verdict
from webcrm_sync.settings import PREFIX
from webcrm_sync_sandbox.http_server import free_port

OK, WARNING, FAILED = (verdict.value for verdict in Verdict)
#: The variables of the test run itself.
OF_TESTS = ("GRAPH_OPENAPI", "WEBCRM_OPENAPI", "MANIFEST_XSD", "READING_CASES")


@dataclass(slots=True)
class Doctor:
    """A company whose settings a test may change, and `doctor` over it."""

    scenario: Scenario
    settings: dict[str, str]
    folder: Path

    def run(self, *arguments: str) -> Result:
        """Run `doctor` with these settings."""
        return self.invoke("doctor", *arguments)

    def invoke(self, *arguments: str) -> Result:
        """Run a command with these settings alone, in a folder without a `.env`."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in self.settings.items():
                patch.setenv(PREFIX + name, value)
            return CliRunner().invoke(cli, ["--log-level", "error", *arguments])

    def checks(self, *arguments: str) -> list[dict[str, str]]:
        """The checks as JSON."""
        result = self.run("--json", *arguments)
        found: list[dict[str, str]] = json.loads(result.stdout)
        has_failed = any(check["verdict"] == FAILED for check in found)
        assert result.exit_code == (1 if has_failed else 0), result.output
        assert "Traceback" not in result.output
        return found

    def said(self, name: str, verdict: str = FAILED, *, arguments: tuple[str, ...] = ()) -> str:
        """The only line of this check with this verdict."""
        lines = [
            check["text"]
            for check in self.checks(*arguments)
            if (check["name"], check["verdict"]) == (name, verdict)
        ]
        assert len(lines) == 1, lines
        assert "\n" not in lines[0]
        return lines[0]

    @property
    def app(self) -> Any:
        """The application in Entra."""
        (app,) = self.scenario.sandbox.entra.apps.values()
        return app


def open_doctor(scenario: Scenario, folder: Path) -> Doctor:
    """A company with one contact and one watched mailbox, of which nothing is wrong."""
    scenario.add_contact(BO)
    scenario.add_mailbox()
    scenario.poll_webcrm()
    given = scenario.sandbox.environment(
        DATABASE_URL=scenario.context.settings.database_url or "",
        SECRET_KEY="test",
        DATA_DIR=str(folder / "data"),
        LISTEN=f"127.0.0.1:{free_port()}",
    )
    settings = {name.removeprefix(PREFIX): value for name, value in given.items()}
    return Doctor(scenario, settings, folder)


def answering(status: str, body: bytes) -> Callable[..., list[bytes]]:
    """A WSGI application that gives everybody the same answer."""

    def answer(environ: Any, start_response: Any) -> list[bytes]:
        del environ
        start_response(status, [])
        return [body]

    return answer


def certificate(
    folder: Path, *, ends_in: timedelta, key_type: trustme.KeyType = trustme.KeyType.RSA
) -> tuple[str, str]:
    """The paths of a certificate and of its key."""
    end = datetime.now(UTC) + ends_in
    made = trustme.CA(key_type=key_type).issue_cert(
        "localhost", not_after=end, not_before=end - timedelta(days=90), key_type=key_type
    )
    cert, key = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    return str(cert), str(key)
