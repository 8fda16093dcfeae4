"""The embedded PostgreSQL with real processes that start, stop and die."""

from __future__ import annotations

import logging
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from webcrm_sync.localdb.embedded import DatabaseMissing, DatabaseTrouble, embedded
from webcrm_sync.localdb.lifetime import Home

USER = """
import pathlib, sys
from webcrm_sync.localdb.embedded import embedded
with embedded(pathlib.Path(sys.argv[1]), create=True) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


class User:
    """Another process that uses the server until it is stopped or killed."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", USER, data_dir],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def url(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> int:
        self.process.communicate("")
        return self.process.returncode

    def die(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded") / "home"


@pytest.fixture(autouse=True)
def no_server_is_left(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[None]:
    yield
    _until(lambda: not _is_alive(data_dir))


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def ask(url: str, query: str) -> object:
    with connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def _is_alive(data_dir: Path) -> bool:
    home = Home(data_dir)
    if not data_dir.exists():
        return False
    with home.guard():
        return home.is_held("alive")


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def _kill_watch(data_dir: Path) -> None:
    listing = subprocess.check_output(["ps", "-ww", "-eo", "pid=,args="], text=True).splitlines()
    [line] = [x for x in listing if "localdb/lifetime" in x and f" {data_dir} " in x]
    os.kill(int(line.split()[0]), signal.SIGKILL)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_data_survives_a_restart(data_dir: Path) -> None:
    with embedded(data_dir, create=True) as url, connect(url) as connection:
        connection.execute("create table if not exists kept as select 'Ærø' as word")
    assert not _is_alive(data_dir)
    with embedded(data_dir, create=False) as url:
        assert ask(url, "select lower(word) from kept") == "ærø"
        assert ask(url, "show fsync") == "on"
        assert ask(url, "show server_version").__str__().startswith("18.")


def test_without_a_database_a_command_says_what_to_do_and_creates_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(DatabaseMissing, match="webcrm-sync serve"),
        embedded(tmp_path / "home", create=False),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_database_refuses_the_network_and_a_missing_password(data_dir: Path) -> None:
    with embedded(data_dir, create=True) as url:
        assert ask(url, "show listen_addresses") == ""
        host = Home(data_dir).socket_dir
        for password in ("", "wrong"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(
                    host=str(host), user="webcrm_sync", dbname="postgres", password=password
                )


@pytest.mark.parametrize("umask", [0, 0o077])
def test_only_the_owner_can_read_and_parent_folders_are_unchanged(
    tmp_path: Path, umask: int
) -> None:
    before, parents = os.umask(umask), {p: mode(p) for p in tmp_path.parents}
    home = Home(tmp_path / "home")
    try:
        with embedded(home.data_dir, create=True):
            assert mode(home.data_dir) == mode(home.socket_dir) == mode(home.cluster) == 0o700
            files = [p for p in home.data_dir.iterdir() if p.is_file()]
            assert {mode(p) for p in files} == {0o600}
    finally:
        os.umask(before)
    assert {p: mode(p) for p in tmp_path.parents} == parents


def test_the_server_stops_with_its_last_user(data_dir: Path) -> None:
    first, second = User(data_dir), User(data_dir)
    assert first.url == second.url != ""
    with embedded(data_dir, create=False) as url:
        server = _postmaster(data_dir)
        assert first.leave() == second.leave() == 0
        assert ask(url, "select 1") == 1
        assert _postmaster(data_dir) == server
    assert not _is_alive(data_dir)


def test_a_killed_user_does_not_disturb_the_others(data_dir: Path) -> None:
    doomed = User(data_dir)
    assert doomed.url
    with embedded(data_dir, create=False) as url, connect(url) as connection:
        doomed.die()
        connection.execute("select 1")
    assert not _is_alive(data_dir)


def test_the_server_stops_when_all_users_are_killed(data_dir: Path) -> None:
    users = [User(data_dir), User(data_dir)]
    assert all(user.url for user in users)
    for user in users:
        user.die()
    _until(lambda: not _is_alive(data_dir))


def test_an_orphaned_server_is_found_used_and_stopped(data_dir: Path) -> None:
    doomed = User(data_dir)
    assert doomed.url
    server = _postmaster(data_dir)
    _kill_watch(data_dir)
    doomed.die()
    with embedded(data_dir, create=False) as url:
        assert ask(url, "select 1") == 1
        assert _postmaster(data_dir) == server
    assert not _is_alive(data_dir)


def test_committed_data_survives_a_crash_of_the_server(data_dir: Path) -> None:
    with embedded(data_dir, create=True) as url:
        with connect(url) as connection:
            connection.execute("create table if not exists survivor as select 7 as number")
        os.kill(_postmaster(data_dir), signal.SIGKILL)
    with embedded(data_dir, create=False) as url:
        assert ask(url, "select number from survivor") == 7


@pytest.mark.parametrize("times", [1, 2])
def test_a_server_that_ends_while_it_is_used_is_started_again(data_dir: Path, times: int) -> None:
    """As PostgreSQL ends when its disk is full: it cannot start itself again."""
    with embedded(data_dir, create=True) as url:
        for _ in range(times):
            ended = _postmaster(data_dir)
            os.kill(ended, signal.SIGKILL)
            _until(lambda: _answers(url))
            assert _postmaster(data_dir) != ended
    assert not _is_alive(data_dir)


def _answers(url: str) -> bool:
    try:
        return ask(url, "select 1") == 1
    except psycopg.OperationalError:
        return False


def test_a_reused_process_id_is_not_taken_for_the_server(data_dir: Path) -> None:
    with embedded(data_dir, create=True):
        cluster = data_dir / "postgres"
        lines = (cluster / "postmaster.pid").read_text().split("\n")
    owner = cluster.stat()
    other = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], **other) as stranger:  # type: ignore[call-overload] # mypy cannot see through **
        stale = cluster / "postmaster.pid"
        stale.write_text("\n".join([str(stranger.pid), *lines[1:]]))
        os.chown(stale, owner.st_uid, owner.st_gid)
        with embedded(data_dir, create=False) as url:
            assert ask(url, "select 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_any_folder_name_works() -> None:
    with tempfile.TemporaryDirectory(prefix="wcs-") as short:
        named = Path(short) / """Kim's "data" + 5 % ü"""
        assert named in Home(named).socket_dir.parents
        with embedded(named, create=True) as url:
            assert ask(url, "select 1") == 1
            engine = create_engine(url)
            with engine.connect() as connection:
                assert connection.scalar(text("select 1")) == 1
            engine.dispose()


def test_a_long_path_gets_its_socket_elsewhere_and_leaves_nothing_there(tmp_path: Path) -> None:
    home = Home(tmp_path / ("a long, \"quoted\" path: 'æ' " * 5))
    assert home.data_dir not in home.socket_dir.parents
    with embedded(home.data_dir, create=True) as url:
        assert ask(url, "select 1") == 1
        assert mode(home.socket_dir) == 0o700
        assert home.socket_dir.stat().st_uid == os.geteuid()
    assert not home.socket_dir.exists()


def test_a_socket_directory_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long" * 30))
    home.socket_dir.mkdir()
    home.socket_dir.chmod(0o755)
    theirs = home.socket_dir / "theirs"
    theirs.touch()
    try:
        with (
            pytest.raises(DatabaseTrouble, match="for us alone"),
            embedded(home.data_dir, create=True),
        ):
            pass
        assert theirs.exists()
    finally:
        theirs.unlink()
        home.socket_dir.rmdir()


def test_three_simultaneous_first_users_start_one_server(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()  # left by one that was killed while making it
    users = [User(tmp_path) for _ in range(3)]
    assert len({user.url for user in users}) == 1
    assert [user.leave() for user in users] == [0, 0, 0]
    assert not _is_alive(tmp_path)
    assert not (tmp_path / "postgres.new").exists()


def test_variables_of_another_postgresql_change_nothing(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "db.example.com", "PGDATA": "/x"}.items():
        monkeypatch.setenv(name, value)
    with embedded(data_dir, create=True) as url:
        assert ask(url, "select 1") == 1


def test_the_server_log_names_no_row(data_dir: Path) -> None:
    with embedded(data_dir, create=True) as url, connect(url) as connection:
        connection.execute("create table if not exists people (address text primary key)")
        connection.execute("truncate people")
        for _ in range(2):
            try:
                connection.execute("insert into people values ('secret@example.com')")
            except psycopg.errors.UniqueViolation:
                connection.execute("select 1")
    log = (data_dir / "postgres.log").read_text()
    assert "people_pkey" in log
    assert "secret" not in log


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must borrow another user")
def test_the_log_says_once_as_which_user_the_server_runs_under_root(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), embedded(data_dir, create=True):
        pass
    assert [r.message for r in caplog.records] == ["postgres_runs_as_another_user"]


def test_a_server_that_cannot_start_names_its_log(tmp_path: Path) -> None:
    with embedded(tmp_path, create=True):
        configuration = tmp_path / "postgres" / "postgresql.conf"
    with configuration.open("a") as file:
        file.write("\nno_such_setting = 1\n")
    with pytest.raises(DatabaseTrouble, match=r"postgres\.log"), embedded(tmp_path, create=False):
        pass
    assert "no_such_setting" in (tmp_path / "postgres.log").read_text()
