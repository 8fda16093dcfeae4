"""The image, built by the steps of its Containerfile: it serves as its user and writes nowhere."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.containerfile import Image
from deploy.machine import boot
from support.distributions import ROOT
from support.processes import until
from webcrm_sync_sandbox.environment import Sandbox

pytestmark = pytest.mark.installed

#: A first process that does nothing: an image has no systemd.
IDLE = ("sleep", "infinity")
STATE = "/var/lib/webcrm-sync"


@pytest.fixture(scope="module")
def image(
    archive: Path, packages: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Image]:
    """The image that the archive's Containerfile builds. Its file system is read-only then."""
    place = tmp_path_factory.mktemp("image")
    with tarfile.open(archive) as packed:
        packed.extractall(place / "context", filter="data")
    (context,) = (place / "context").iterdir()
    (place / "machine").mkdir()
    with boot(place / "machine", *IDLE) as machine:
        machine.check("rm", "-rf", "/etc/xdg/pip")
        machine.write("/etc/pip.conf", f"[global]\nno-index = true\nfind-links = {packages}\n")
        built = Image(machine, context)
        built.build()
        machine.check("mount", "-o", "remount,ro", "/")
        machine.check("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/tmp")
        yield built


def _settings() -> dict[str, str]:
    with Sandbox() as sandbox:
        settings = sandbox.environment(PUBLIC_URL="http://127.0.0.1:8000")
    # The file of its certificate is gone with it, and no service answers: none is needed to serve.
    settings.pop("WEBCRM_SYNC_CA_BUNDLE")
    return settings


@contextmanager
def _running(image: Image, settings: dict[str, str]) -> Iterator[None]:
    line = image.machine.command(*image.line(*image.command, settings=settings))
    process = subprocess.Popen(line)
    try:
        yield
    finally:
        # The signal goes to the service itself: nsenter passes none on.
        image.machine.check("pkill", "--oldest", "--full", "webcrm-sync serve")
        process.wait(60)


def test_the_image_serves_the_pane_as_its_user_on_a_read_only_file_system(image: Image) -> None:
    settings = _settings()
    machine = image.machine
    machine.check("mount", "-t", "tmpfs", "-o", "uid=10001,gid=10001,mode=700", "tmpfs", STATE)
    with _running(image, settings):
        health = image.health_line()
        until(lambda: machine.run(*health).returncode == 0, "the image's health")
        page = machine.check("curl", "-sf", "http://127.0.0.1:8000/addin/taskpane.html")
        assert "/addin/assets/taskpane" in page
        users = machine.check("ps", "-o", "uid=", "-C", "webcrm-sync").split()
        assert set(users) == {"10001"}
        listed = machine.check(*image.line("mailbox", "list", "--json", settings=settings))
        assert json.loads(listed) == []
    assert machine.run(*health).returncode != 0


def test_the_image_holds_no_simulated_service_and_nothing_that_its_user_may_change(
    image: Image,
) -> None:
    machine = image.machine
    assert "demo" not in machine.check(*image.line("--help"))
    home = "/opt/webcrm-sync"
    assert machine.check("find", home, "-user", "10001") == ""
    assert machine.check("find", home, "-perm", "-o=w", "-not", "-type", "l") == ""


def test_the_archive_holds_what_the_compose_file_mounts(image: Image) -> None:
    compose = (image.context / "compose.yaml").read_text("utf-8")
    assert "./nginx.conf.template:" in compose
    for name in ("nginx.conf.template", "settings.env", "Containerfile", "docs/deploy.md"):
        assert (image.context / name).is_file()
    assert not list(image.context.rglob("build_backend*"))
    assert ROOT.name not in {path.name for path in image.context.iterdir()}
