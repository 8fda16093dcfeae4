"""`docs/deploy.md`, followed line by line on an empty machine with a simulated tenant.

The machine runs systemd, Debian's PostgreSQL and nginx. The tests run in the guide's order; each
plays the blocks of its sections as they stand there.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
import trustme

from deploy.guide import Block, read_guide
from deploy.machine import Machine, boot
from support.distributions import ROOT
from support.processes import until

HOST, SELLER = "sync.example.com", "seller@example.com"
SETTINGS = "/etc/webcrm-sync/settings.env"
#: The least that is good: systemd calls an exposure below 3 "OK".
EXPOSURE = 3.0
UNITS = ("webcrm-sync-serve", "webcrm-sync-web@8001", "webcrm-sync-worker@mailboxes")

pytestmark = pytest.mark.installed


@dataclass(slots=True)
class Server:
    """An administrator's server, the tenant beside it, and the guide that is followed."""

    machine: Machine
    tenant: subprocess.Popen[str]
    settings: dict[str, str]
    blocks: list[Block] = field(default_factory=read_guide)

    def ask(self, line: str) -> Any:
        """What the tenant answers."""
        assert self.tenant.stdin
        assert self.tenant.stdout
        self.tenant.stdin.write(f"{line}\n")
        self.tenant.stdin.flush()
        return json.loads(self.tenant.stdout.readline())

    def follow(self, section: str) -> str:
        """Do what the blocks of the sections that begin so say; the output of their commands."""
        found = [block for block in self.blocks if block.section.startswith(section)]
        assert found, section
        said = ""
        for block in found:
            if block.language == "sh":
                said += self.machine.check("bash", "-euc", f"cd /tmp/admin\n{block.text}")
            elif block.language == "ini":
                self._fill_in(block.text)
        return said

    def await_serving(self) -> None:
        """Wait until the proxy reaches the web process."""
        live = ("curl", "-sf", f"https://{HOST}/livez")
        until(lambda: self.machine.run(*live).returncode == 0, "the web process")

    def move_mail(self, subject: str) -> dict[str, Any]:
        """Move a mail to the sync folder, and wait until it is filed; the tenant's state then.

        The first read after `mailbox add` may find the mail before Exchange's notification is
        answered, so wait for that too.
        """
        item = self.ask(f"move {subject}")

        def state() -> dict[str, Any]:
            return cast("dict[str, Any]", self.ask(f"see {item}"))

        until(lambda: "Synced" in state()["categories"], subject)
        until(lambda: state()["pushed"] > 0, "a notification")
        return state()

    def _fill_in(self, text: str) -> None:
        """Write the settings of a block into the file, with the tenant's values for `<...>`."""
        lines = self.machine.read(SETTINGS).splitlines()
        for line in text.splitlines():
            name, _, value = line.partition("=")
            assert any(one.startswith(f"{name}=") for one in lines), f"{SETTINGS} lacks {name}"
            value = self.settings.pop(name) if value.startswith("<") else value
            lines = [f"{name}={value}" if one.startswith(f"{name}=") else one for one in lines]
        # The simulated services have other addresses than the real ones, and a root of their own.
        given = {line.partition("=")[0] for line in lines}
        lines += [f"{name}={value}" for name, value in self.settings.items() if name not in given]
        self.machine.write(SETTINGS, "\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def server(
    archive: Path, packages: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """An empty server with the archive, and a certificate for its name."""
    place = tmp_path_factory.mktemp("machine")
    with boot(place) as machine:
        _prepare(machine, archive, packages)
        authority = "/tmp/tenant/roots.pem"
        ours = trustme.CA()
        _install_certificate(machine, ours)
        machine.write(authority, ours.cert_pem.bytes())
        with _tenant(machine, authority) as tenant:
            assert tenant.stdout
            settings = json.loads(tenant.stdout.readline())
            roots = machine.read(settings["WEBCRM_SYNC_CA_BUNDLE"])
            machine.write("/etc/ssl/roots.pem", roots + ours.cert_pem.bytes().decode())
            settings["WEBCRM_SYNC_CA_BUNDLE"] = "/etc/ssl/roots.pem"
            yield Server(machine, tenant, settings)


def _prepare(machine: Machine, archive: Path, packages: Path) -> None:
    """What an administrator has at the beginning: a Debian, its packages, and the archive."""
    (version,) = (line for line in machine.check("ls", "/usr/lib/postgresql").split())
    machine.check("pg_createcluster", version, "main", "--start")
    machine.write("/etc/hosts", f"127.0.0.1 localhost {HOST}\n::1 localhost\n")
    machine.write("/etc/apt/apt.conf.d/no-network", 'APT::Get::Upgrade "false";\n')
    machine.check("rm", "-rf", "/etc/xdg/pip")  # what this machine configures for itself
    machine.write("/etc/pip.conf", f"[global]\nno-index = true\nfind-links = {packages}\n")
    machine.write(f"/tmp/admin/{archive.name}", archive.read_bytes())


def _install_certificate(machine: Machine, authority: trustme.CA) -> None:
    issued = authority.issue_cert(HOST)
    folder = f"/etc/ssl/{HOST}"
    machine.write(f"{folder}/certificate.pem", issued.cert_chain_pems[0].bytes())
    machine.write(f"{folder}/key.pem", issued.private_key_pem.bytes())
    machine.write("/usr/local/share/ca-certificates/test.crt", authority.cert_pem.bytes())
    machine.check("update-ca-certificates")


def _tenant(machine: Machine, trusted: str) -> subprocess.Popen[str]:
    path = f"PYTHONPATH={ROOT / 'server'}:{ROOT / 'tests'}"
    script = str(ROOT / "tests" / "deploy" / "tenant.py")
    line = machine.command("env", path, sys.executable, script, SELLER, trusted)
    return subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_company_goes_live_by_the_guide_alone(server: Server) -> None:
    installed = server.follow("2. ")
    assert "1/4" in installed
    assert "4/4" in installed
    assert server.machine.check("stat", "-c", "%a %U %G", SETTINGS).split() == [
        *("640", "root", "webcrm-sync")
    ]
    server.follow("5. ")
    assert "ok" in server.follow("6. ")
    said = server.follow("7. ")
    assert f"{SELLER}: " in said
    assert "Push is on" in said
    state = server.move_mail("Our first mail")
    assert state["activities"] == ["Our first mail"]


def test_who_cannot_install_is_told_why(server: Server) -> None:
    nobody = ("setpriv", "--reuid=nobody", "--clear-groups")
    install = ("sh", "/tmp/admin/webcrm-sync-0.1.0/install.sh")
    refused = server.machine.run(*nobody, *install)
    assert refused.returncode == 1
    assert "Only root can install" in refused.stdout
    server.machine.check("cp", install[1], "/tmp/install.sh")
    refused = server.machine.run("sh", "/tmp/install.sh")
    assert refused.returncode == 1
    assert "unpack the whole archive" in refused.stdout


def test_the_add_in_is_served_through_the_proxy(server: Server) -> None:
    server.follow("8. ")
    manifest = server.machine.read("/tmp/admin/manifest.xml")
    assert f"https://{HOST}/addin/taskpane.html" in manifest
    page = server.machine.check("curl", "--fail", "-s", f"https://{HOST}/addin/taskpane.html")
    (script,) = re.findall(r'src="(/addin/assets/[^"]+)"', page)
    sizes = server.machine.check("curl", "--fail", "-s", f"https://{HOST}{script}")
    assert len(sizes) > 10_000


def test_the_service_runs_as_its_own_user_within_narrow_limits(server: Server) -> None:
    users = server.machine.check("ps", "-o", "user:32=", "-C", "webcrm-sync")
    assert set(users.split()) == {"webcrm-sync"}
    for unit in UNITS:
        said = server.machine.check("systemd-analyze", "security", "--no-pager", f"{unit}.service")
        found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
        assert found
        assert float(found[1]) < EXPOSURE, said
    warned = server.machine.check(
        *("systemd-analyze", "verify", *(f"{unit}.service" for unit in UNITS))
    )
    assert "webcrm-sync" not in warned


def test_a_command_has_the_services_user_settings_and_exit_code(server: Server) -> None:
    assert server.machine.run("webcrm-sync", "explain", "<nothing@x.example>").returncode == 1
    assert SELLER in server.machine.check("webcrm-sync", "mailbox", "list")
    for given in (("--from", "people.csv"), ("--from=people.csv",)):
        refused = server.machine.run("webcrm-sync", "mailbox", "add", *given)
        assert refused.returncode == 1
        assert "--from - <people.csv" in refused.stdout
    refused = server.machine.run(
        *("setpriv", "--reuid=nobody", "--clear-groups", "webcrm-sync", "status")
    )
    assert refused.returncode == 1
    assert "sudo webcrm-sync status" in refused.stdout


def test_single_processes_do_what_serve_does(server: Server) -> None:
    check = server.machine.check
    check("systemctl", "stop", "webcrm-sync-serve")
    single = ("webcrm-sync-web@8000", "webcrm-sync-worker@mailboxes", "webcrm-sync-worker@webcrm")
    check("systemctl", "start", *single)
    assert "By single" in str(server.move_mail("By single processes")["activities"])
    check("systemctl", "stop", *single)


def test_it_serves_with_a_database_of_its_own_within_the_same_limits(server: Server) -> None:
    before = server.machine.read(SETTINGS)
    database = "WEBCRM_SYNC_DATABASE_URL="
    kept = [line for line in before.splitlines() if not line.startswith(database)]
    server.machine.write(SETTINGS, "\n".join(kept) + "\n")
    server.machine.check("systemctl", "start", "webcrm-sync-serve")
    server.await_serving()
    assert json.loads(server.machine.check("webcrm-sync", "mailbox", "list", "--json")) == []
    server.machine.write(SETTINGS, before)
    server.machine.check("systemctl", "restart", "webcrm-sync-serve")
    server.await_serving()
    assert SELLER in server.machine.check("webcrm-sync", "mailbox", "list")


def test_it_goes_live_upgrades_and_goes_back_by_the_guide(server: Server) -> None:
    live = server.follow("10. ")
    assert "SYNC OK" in live
    assert "Equal." in live
    back = server.follow("Upgrade")
    assert "Your settings are as they were" in back
    assert "This installation has taken the mailbox over" in back


def test_nothing_is_left_after_the_removal(server: Server) -> None:
    server.follow("Remove it")
    left = server.machine.check(
        *("find", "/etc", "/opt", "/usr/local", "/var/lib", "-name", "*webcrm*sync*")
    )
    assert left == ""
    assert server.machine.run("id", "webcrm-sync").returncode != 0
