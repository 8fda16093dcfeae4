"""The line to webCRM: one call at a time over all processes, within the limit, people first."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread

import psycopg
import pytest

from support.lines import hold_line
from webcrm_sync.store.database import Database, libpq_url
from webcrm_sync.store.webcrm_line import FOR_PEOPLE, LIMIT, Caller, WebCrmLine, read_usage

LONGEST = timedelta(seconds=30)
#: How long a call takes here, in seconds.
CALL_S = 0.02
FORKS = multiprocessing.get_context("spawn")


@pytest.fixture
def company(database: Database) -> int:
    with database.engine.begin() as connection:
        return int(
            connection.exec_driver_sql(
                "INSERT INTO company (tenant_id, created_at) VALUES ('t', now()) RETURNING id"
            ).scalar_one()
        )


class Webcrm:
    """Notes who calls, and whether anybody else does at the same time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self.most = 0
        self.calls: list[tuple[str, float]] = []

    @contextmanager
    def call(self, who: str) -> Iterator[None]:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
            self.calls.append((who, time.monotonic()))
        yield
        with self._lock:
            self._inside -= 1

    def order(self) -> list[str]:
        return [who for who, _ in self.calls]


def visit(line: WebCrmLine, webcrm: Webcrm, who: str, times: int = 1) -> None:
    for _ in range(times):
        with line.turn(LONGEST), webcrm.call(who):
            time.sleep(CALL_S)


def await_waiting(url: str, count: int) -> None:
    """Return when `count` sessions wait in line."""
    query = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        while (found := connection.execute(query).fetchone()) is None or found[0] < count:
            time.sleep(0.01)


def end_other_sessions(url: str) -> None:
    """End every session as a restart of the database does."""
    query = (
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute(query)


def test_threads_of_many_processes_call_one_after_another(
    fresh_database: str, company: int
) -> None:
    webcrm = Webcrm()
    with ExitStack() as stack:
        lines = [stack.enter_context(closing(WebCrmLine(fresh_database, company))) for _ in "abc"]
        threads = [Thread(target=visit, args=(line, webcrm, "", 5)) for line in lines * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert webcrm.most == 1
    assert len(webcrm.calls) == 30


def test_a_person_goes_ahead_of_jobs_that_wait_already(fresh_database: str, company: int) -> None:
    webcrm, is_open = Webcrm(), Event()
    with (
        closing(WebCrmLine(fresh_database, company)) as jobs,
        closing(WebCrmLine(fresh_database, company, caller=Caller.PERSON)) as people,
    ):
        with jobs.turn(LONGEST):
            waiting = [Thread(target=visit, args=(jobs, webcrm, "job", 3)) for _ in range(4)]
            for thread in waiting:
                thread.start()
            await_waiting(fresh_database, 4)
            waiting.append(Thread(target=visit, args=(people, webcrm, "person")))
            waiting[-1].start()
            await_waiting(fresh_database, 5)
            is_open.set()
        for thread in waiting:
            thread.join()
    assert webcrm.order() == ["person"] + ["job"] * 12


def test_people_who_ask_without_end_do_not_stop_the_jobs(fresh_database: str, company: int) -> None:
    webcrm, is_over = Webcrm(), Event()
    with (
        closing(WebCrmLine(fresh_database, company)) as jobs,
        closing(WebCrmLine(fresh_database, company, caller=Caller.PERSON, limit=10**6)) as people,
    ):

        def ask() -> None:
            while not is_over.is_set():
                visit(people, webcrm, "person")

        askers = [Thread(target=ask) for _ in range(3)]
        for thread in askers:
            thread.start()
        visit(jobs, webcrm, "job")
        is_over.set()
        for thread in askers:
            thread.join()
    assert webcrm.order().count("job") == 1


def test_two_jobs_take_turns(fresh_database: str, company: int) -> None:
    webcrm = Webcrm()
    with closing(WebCrmLine(fresh_database, company)) as line:
        threads = [Thread(target=visit, args=(line, webcrm, who, 20)) for who in ("file", "prove")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    first_half = webcrm.order()[:20]
    assert 6 <= first_half.count("file") <= 14


def test_no_window_holds_more_calls_than_allowed(fresh_database: str, company: int) -> None:
    webcrm, window = Webcrm(), timedelta(seconds=0.5)
    limit = FOR_PEOPLE + 4
    with closing(WebCrmLine(fresh_database, company, limit=limit, window=window)) as line:
        threads = [Thread(target=visit, args=(line, webcrm, "job", 6)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    times = [at for _, at in webcrm.calls]
    # The database counts when the turn begins, a moment before the call.
    for first, fifth in zip(times, times[4:], strict=False):
        assert fifth - first > window.total_seconds() - 0.05


def test_jobs_leave_room_in_each_minute_for_people(
    database: Database, fresh_database: str, company: int
) -> None:
    webcrm = Webcrm()
    with database.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO webcrm_call (company_id, at, ends_by) SELECT %s, now(), now()"
            " FROM generate_series(1, %s)",
            (company, LIMIT - FOR_PEOPLE),
        )
    with (
        closing(WebCrmLine(fresh_database, company)) as jobs,
        closing(WebCrmLine(fresh_database, company, caller=Caller.PERSON)) as people,
        closing(Database(fresh_database, now=lambda: datetime.now(UTC))) as reading,
    ):
        held_back = Thread(target=visit, args=(jobs, webcrm, "job"), daemon=True)
        held_back.start()
        visit(people, webcrm, "person", FOR_PEOPLE)
        with reading.begin(company) as tx:
            assert read_usage(tx).left == 0
        assert webcrm.order() == ["person"] * FOR_PEOPLE
        with database.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM webcrm_call")
        held_back.join()
        assert webcrm.order()[-1] == "job"


@contextmanager
def holder(url: str, company: int, longest: timedelta = LONGEST) -> Iterator[int]:
    """A process that has the line in its hand; its id."""
    told, end = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=hold_line, args=(url, company, longest, end))
    process.start()
    end.close()  # or a child that fails would never be noticed
    try:
        assert told.recv() == "holding"
        assert process.pid
        yield process.pid
    finally:
        process.kill()
        process.join()


def test_a_process_that_is_killed_with_the_line_frees_it(fresh_database: str, company: int) -> None:
    with (
        closing(WebCrmLine(fresh_database, company)) as line,
        holder(fresh_database, company) as pid,
    ):
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        visit(line, Webcrm(), "job")
        assert time.monotonic() - began < 2


def test_a_stopped_process_loses_the_line_after_its_longest_call(
    fresh_database: str, company: int
) -> None:
    longest = timedelta(seconds=4)
    with (
        closing(WebCrmLine(fresh_database, company)) as line,
        holder(fresh_database, company, longest) as pid,
    ):
        began = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        visit(line, Webcrm(), "job")
        assert time.monotonic() - began > longest.total_seconds() - 1
        os.kill(pid, signal.SIGCONT)


def test_the_line_goes_on_after_the_database_was_away(fresh_database: str, company: int) -> None:
    with closing(WebCrmLine(fresh_database, company)) as line:
        with line.turn(LONGEST):
            end_other_sessions(fresh_database)
        visit(line, Webcrm(), "job", 2)
