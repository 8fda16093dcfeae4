"""Another installation takes mailboxes over, loses them again, or starts as a copy of the first."""

from __future__ import annotations

from contextlib import suppress

import psycopg
from psycopg import sql

from machine.history import History
from machine.setup import MachineSetup
from machine.work import tick
from support.scenario import Scenario
from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.mailbox_lease import CHECK_EVERY, TAKE_OVER_WAIT
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.mailboxes.lease import check_at_start
from webcrm_sync.store import mailbox_leases, mailboxes

_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""
_NUMBERS = """
SELECT sequencename, last_value FROM pg_sequences
 WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


class Leases:
    """Lets mailboxes change hands between the history's installation and its rival."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._setup = history.setup

    def take_over(self, box: int) -> None:
        """Let the rival take a mailbox over. After an error its person gives up."""
        self._history.has_changed_hands = True
        self._take_over(self._setup.rival.scenario, box)

    def take_back(self, box: int) -> None:
        """Let the history's installation take a mailbox back."""
        self._take_over(self._setup.second_worker, box)

    def _take_over(self, scenario: Scenario, box: int) -> None:
        address = self._history.box(box).address
        with suppress(SyncError):
            findings = admin.inspect(scenario.context, address)
            admin.add(scenario.context, findings, take_over=True)

    def remove_from_rival(self, box: int) -> None:
        """Let the rival remove a mailbox, if it watches it."""
        context = self._setup.rival.scenario.context
        with context.begin() as tx:
            watched = mailboxes.find_mailbox(tx, self._history.box(box).address)
        if watched is not None:
            admin.remove(context, watched.address)

    def restart(self) -> None:
        """Let the worker end and start again."""
        check_at_start(self._setup.second_worker.context)

    def start_copy(self) -> None:
        """Let the rival become a restored copy of the history's database, and start."""
        self._history.has_changed_hands = True
        _copy_tables(self._setup)
        context = self._setup.rival.scenario.context
        with context.begin() as tx:
            assert mailbox_leases.record_identity(tx, files="", place="")
        check_at_start(context)

    def work_as_rival(self) -> None:
        """Run what is due in the rival once."""
        tick(self._setup.rival.scenario)

    def end(self) -> None:
        """Give every mailbox back, and let both installations notice."""
        if not self._history.has_changed_hands:
            return
        self._let_both_check(times=2)  # the rival carries out what its person has ordered
        for box in range(len(self._setup.boxes)):
            self.take_back(box)
        self._let_both_check(times=TAKE_OVER_WAIT // CHECK_EVERY + 2)

    def _let_both_check(self, *, times: int) -> None:
        for _ in range(times):
            self._setup.sandbox.clock.advance(CHECK_EVERY)
            for scenario in (self._setup.second_worker, self._setup.rival.scenario):
                scenario.run_until_idle()

    def check_held(self) -> None:
        """Check that the history's installation works on every mailbox again."""
        now = self._setup.sandbox.clock.now()
        with self._setup.second_worker.context.begin() as tx:
            for box in mailboxes.all_mailboxes(tx):
                assert box.may_be_written(now), f"{box.address} has not come back: {box.trouble}"


def _copy_tables(setup: MachineSetup) -> None:
    """Replace every row of the rival's tables by those of the history's database."""
    source, target = setup.admin_connection, setup.rival.admin_connection
    with target.transaction():
        target.execute("SET LOCAL session_replication_role = replica")
        for (name,) in source.execute(_TABLES).fetchall():
            target.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            _copy_rows(source, target, name)
        for name, value in source.execute(_NUMBERS).fetchall():
            target.execute("SELECT setval(%s::regclass, %s)", [f'public."{name}"', value])


def _copy_rows(source: psycopg.Connection, target: psycopg.Connection, name: str) -> None:
    table = sql.Identifier(name)
    with (
        source.cursor() as reading,
        target.cursor() as writing,
        reading.copy(sql.SQL("COPY {} TO STDOUT").format(table)) as rows,
        writing.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as written,
    ):
        for row in rows:
            written.write(row)
