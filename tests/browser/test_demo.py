"""The command that brings the screen up: one address, commands that work, a clean end."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

_DEMO = [sys.executable, "-u", "-m", "webcrm_sync", "demo"]
_ADDRESS = re.compile(r"  (http://127\.0\.0\.1:\d+)\n")
_END = "Ctrl+C stops everything.\n"
_PHASE = re.compile(r"(.+) \.\.\. \d+\.\d s\n")
#: A person's own settings: a database and a tenant that the demo must never touch.
_OWN = {
    "WEBCRM_SYNC_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/production",
    "webcrm_sync_poll_seconds": "never",
}


@contextmanager
def _demo(place: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The demo as a terminal runs it: Ctrl+C reaches its whole process group."""
    (place / ".env").write_text("WEBCRM_SYNC_DATABASE_URL=postgresql://nobody@127.0.0.1:1/x\n")
    scratch = place / "for a while"
    scratch.mkdir()
    demo = subprocess.Popen(
        [*_DEMO, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=place,
        env=os.environ | _OWN | {"TMPDIR": str(scratch)},
        start_new_session=True,
    )
    try:
        yield demo
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGINT)
        demo.communicate(timeout=60)


def _said(demo: subprocess.Popen[str], last: str | re.Pattern[str]) -> list[str]:
    """Its lines up to this one."""
    assert demo.stdout is not None
    lines = []
    for line in demo.stdout:
        lines.append(line)
        if line == last or (isinstance(last, re.Pattern) and last.search(line)):
            return lines
    raise AssertionError("".join(lines))


def _processes_of(place: Path) -> list[str]:
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = one.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended
        if str(place) in line:
            found.append(line)
    return found


def test_the_demo_can_be_used_as_it_says(tmp_path: Path) -> None:
    with _demo(tmp_path, "--data-dir", "its own 'data'") as demo:
        lines = _said(demo, _END)
        text = "".join(lines)
        assert [_PHASE.fullmatch(line) is not None for line in lines[:4]] == [True] * 4
        assert "All stories have ended as they should.\n" in lines

        (address,) = _ADDRESS.findall(text)
        assert set(re.findall(r"https?://[^\s]+", text)) == {address}
        _is_found(address)

        commands = [line.strip() for line in lines if line.startswith("  sh ")]
        assert len(commands) == 2
        for command in commands:
            _works_as_typed(command, tmp_path)
        assert "SECRET" not in text
        file = Path(shlex.split(commands[0])[1])
        assert file.stat().st_mode & 0o777 == 0o600

        port = address.rpartition(":")[2]
        assert f"Port {port} is in use" in _refusal("--port", port)
        assert "is not empty" in _refusal("--data-dir", str(tmp_path / "its own 'data'"))

        os.killpg(demo.pid, signal.SIGINT)
        rest = demo.stdout.read() if demo.stdout else ""
        assert demo.wait(60) == 0
    assert rest.split() == ["Stopping", "...", "Stopped."]
    assert list((tmp_path / "for a while").iterdir()) == []
    assert _processes_of(tmp_path) == []


def _refusal(*options: str) -> str:
    done = subprocess.run([*_DEMO, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr


def _is_found(address: str) -> None:
    """By people however they type it; scripts are told when nothing is there."""
    as_a_person = {"Accept": "text/html,*/*;q=0.8"}
    with httpx.Client(base_url=address, headers=as_a_person, follow_redirects=True) as client:
        for path in ("", "/", "/?organisation=1", "/index.html", "/screen", "/demo/"):
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert "Outlook beside webCRM" in answer.text
        icon = client.get("/favicon.ico")
        assert (icon.status_code, icon.headers["content-type"]) == (
            200,
            "image/svg+xml; charset=utf-8",
        )
        assert client.get("/screen/static/nothing.js").status_code == 404
        assert client.get("/nothing", headers={"Accept": "application/json"}).status_code == 404


def _works_as_typed(command: str, place: Path) -> None:
    """Copied into another terminal, in whatever folder, whatever is set there."""
    done = subprocess.run(
        command,
        shell=True,
        cwd=place,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **_OWN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_demo_ends_cleanly_while_it_starts(tmp_path: Path) -> None:
    with _demo(tmp_path) as demo:
        assert demo.stdout is not None
        for _ in ("the simulated services", "the database"):
            demo.stdout.readline()
        os.killpg(demo.pid, signal.SIGINT)
        rest = demo.stdout.read()
        assert demo.wait(60) == 0
    assert rest.endswith("Stopping ...\nStopped.\n")
    assert "Traceback" not in rest
    assert list((tmp_path / "for a while").iterdir()) == []
    assert _processes_of(tmp_path) == []
