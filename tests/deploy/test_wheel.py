"""The wheel in an empty environment: it serves the pane, and none is built without the pane."""

from __future__ import annotations

import re
import subprocess
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from support.distributions import ADDIN, build_wheel, copy_sources, link_dependencies
from support.processes import until
from webcrm_sync.web.help_page import LANGUAGES
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.http_server import free_port


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`webcrm-sync` as the wheel installs it into an empty environment."""
    place = tmp_path_factory.mktemp("wheel")
    done = build_wheel(copy_sources(place / "sources"), place)
    assert done.returncode == 0, done.stderr
    (wheel,) = place.glob("*.whl")
    venv.create(place / "empty", with_pip=True)
    pip = [str(place / "empty" / "bin" / "pip"), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True)
    (packages,) = (place / "empty" / "lib").glob("python3.*/site-packages")
    (place / "linked").mkdir()
    (packages / "dependencies.pth").write_text(str(link_dependencies(place / "linked")))
    return place / "empty" / "bin" / "webcrm-sync"


@contextmanager
def web(command: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run the command's web process during the block."""
    process = subprocess.Popen([command, "web"], env=environment, cwd=command.parent)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def test_the_installed_wheel_serves_the_pane_and_its_script(
    command: Path, fresh_database: str
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Sandbox() as sandbox:
        environment = sandbox.environment(
            DATABASE_URL=fresh_database, LISTEN=f"127.0.0.1:{port}", PUBLIC_URL=url
        )
        with web(command, environment):
            until(lambda: _answers(f"{url}/healthz"), "the web process")
            page = httpx.get(f"{url}/addin/taskpane.html").raise_for_status().text
            own = re.findall(r'(?:src|href)="(/addin/assets/[^"]+)"', page)
            sizes = [len(httpx.get(url + path).raise_for_status().content) for path in own]
            icon = httpx.get(f"{url}/addin/icons/sync-16.png")
            pages = [httpx.get(f"{url}/help?lang={one}").raise_for_status() for one in LANGUAGES]
            picture = httpx.get(f"{url}/help/synced.fi.png")
    assert {Path(path).suffix for path in own} == {".js", ".css"}
    assert min(sizes) > 1000
    assert icon.headers["Content-Type"] == "image/png"
    assert [page.headers["Content-Language"] for page in pages] == list(LANGUAGES)
    assert picture.headers["Content-Type"] == "image/png"


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("missing", ["", "manifest.json", "icons/sync-16.png", "*.css", "*.js"])
def test_no_wheel_is_built_without_the_whole_add_in(tmp_path: Path, missing: str) -> None:
    sources = copy_sources(tmp_path / "sources", with_addin=bool(missing))
    for file in (sources / ADDIN).glob(missing or "nothing"):
        file.unlink()
    done = build_wheel(sources, tmp_path)
    assert done.returncode == 1
    assert "The Outlook add-in is not built" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.glob("*.whl")) == []


def test_no_wheel_is_built_without_the_page_of_help(tmp_path: Path) -> None:
    sources = copy_sources(tmp_path / "sources")
    (sources / "docs" / "use.md").unlink()
    (sources / "docs" / "use" / "en.md").unlink()
    done = build_wheel(sources, tmp_path)
    assert done.returncode == 1
    assert "The page of help is missing" in done.stderr
    assert list(tmp_path.glob("*.whl")) == []


def test_a_wheel_holds_no_script_of_an_earlier_build(tmp_path: Path) -> None:
    sources = copy_sources(tmp_path / "sources")
    (sources / ADDIN / "older.js").touch()
    assert build_wheel(sources, tmp_path / "first").returncode == 0
    (sources / ADDIN / "older.js").unlink()
    assert build_wheel(sources, tmp_path / "second").returncode == 0
    assert not list((sources / "build" / "lib").rglob("older.js"))
