"""`webcrm-sync demo`: it prints one address and commands that work, and it ends cleanly."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from support.processes import until

_DEMO = [sys.executable, "-u", "-m", "webcrm_sync", "demo"]
_DEFAULT_PORT = 8765
_ADDRESS = re.compile(r"  (http://127\.0\.0\.1:\d+)\n")
_END = "Ctrl+C stops everything.\n"
_PHASE = re.compile(r"(.+) \.\.\. \d+\.\d s\n")
_PHASES = [
    "A simulated Microsoft 365 and a simulated webCRM",
    "A database of its own",
    "The service: web and worker",
    "The mailbox kim@nordwind.example",
]
#: The user's settings: a database that the demo must never touch.
_USER_SETTINGS = {
    "WEBCRM_SYNC_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/production",
    "webcrm_sync_poll_seconds": "never",
}


@contextmanager
def _demo(place: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Run the demo as a terminal does, in its own process group: Ctrl+C reaches the whole group."""
    (place / ".env").write_text("WEBCRM_SYNC_DATABASE_URL=postgresql://nobody@127.0.0.1:1/x\n")
    scratch = place / "for a while"
    scratch.mkdir()
    demo = subprocess.Popen(
        [*_DEMO, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=place,
        env=os.environ | _USER_SETTINGS | {"TMPDIR": str(scratch)},
        start_new_session=True,
    )
    try:
        yield demo
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGINT)
        demo.communicate(timeout=60)


def _read_until(demo: subprocess.Popen[str], last: str) -> list[str]:
    """The demo's next lines, up to the first one that starts with `last`."""
    assert demo.stdout is not None
    lines = []
    for line in demo.stdout:
        lines.append(line)
        if line.startswith(last):
            return lines
    raise AssertionError("".join(lines))


def _phases(lines: list[str]) -> list[str]:
    """The names of the finished phases.

    Another line may come between two phases: the one that says that the default port is in use.
    """
    return [match[1] for match in map(_PHASE.fullmatch, lines) if match]


def _processes_of(place: Path) -> list[str]:
    """The command lines of the running processes that name a folder."""
    command_lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # the process has ended
            command_lines.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in command_lines if str(place) in line]


def test_the_printed_address_and_commands_work(tmp_path: Path) -> None:
    with _demo(tmp_path, "--data-dir", "its own 'data'") as demo:
        lines = _read_until(demo, _END)
        text = "".join(lines)
        assert _phases(lines)[:4] == _PHASES
        assert "All stories have ended as they should.\n" in lines

        (address,) = _ADDRESS.findall(text)
        assert set(re.findall(r"https?://[^\s]+", text)) == {address}
        _check_pages(address)

        commands = [line.strip() for line in lines if line.startswith("  sh ")]
        assert len(commands) == 2
        for command in commands:
            _check_command(command, tmp_path)
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
    # The database's watch looks once a second, so it ends a moment after the demo.
    until(lambda: _processes_of(tmp_path) == [], "the end of every process of the demo")


def _refusal(*options: str) -> str:
    done = subprocess.run([*_DEMO, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr


def _check_pages(address: str) -> None:
    """Check that a browser finds the screen at any path, and that a script gets 404."""
    browser = {"Accept": "text/html,*/*;q=0.8"}
    with httpx.Client(base_url=address, headers=browser, follow_redirects=True) as client:
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


def _check_command(command: str, place: Path) -> None:
    """Check that a printed command works in another terminal, in any folder, with any settings."""
    done = subprocess.run(
        command,
        shell=True,
        cwd=place,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            **_USER_SETTINGS,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_demo_ends_cleanly_while_it_starts(tmp_path: Path) -> None:
    with _occupied(_DEFAULT_PORT), _demo(tmp_path) as demo:
        assert demo.stdout is not None
        lines = _read_until(demo, _PHASES[1])
        assert f"Port {_DEFAULT_PORT} is in use; the demo uses a free one.\n" in lines
        os.killpg(demo.pid, signal.SIGINT)
        rest = demo.stdout.read()
        assert demo.wait(60) == 0
    assert rest.endswith("Stopping ...\nStopped.\n")
    assert "Traceback" not in rest
    assert list((tmp_path / "for a while").iterdir()) == []
    # The database's watch looks once a second, so it ends a moment after the demo.
    until(lambda: _processes_of(tmp_path) == [], "the end of every process of the demo")


@contextmanager
def _occupied(port: int) -> Iterator[None]:
    """Keep a port in use during the block, unless another process already does."""
    with socket.socket() as occupant:
        with suppress(OSError):
            occupant.bind(("127.0.0.1", port))
            occupant.listen()
        yield
