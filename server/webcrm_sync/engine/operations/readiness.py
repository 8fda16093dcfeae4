"""Whether this installation can do its work now, for `/readyz`.

Anybody may ask, so a reason names no address, folder or text of a service.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from webcrm_sync.core.free_space import FreeSpace, judge_free_space
from webcrm_sync.core.trouble_kinds import TroubleKind
from webcrm_sync.core.troubles import Facts, Limits, find_troubles
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.operations.troubles import limits_of, read_facts
from webcrm_sync.store.revision import DatabaseNewer, is_current

AWAY = "The database does not answer."


class Status(StrEnum):
    """The result of a check. Only `failed` makes the installation not ready."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ReadinessCheck:
    """One check. `reason`: what is wrong and what to do, empty when nothing is."""

    name: str
    status: Status = Status.OK
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """All checks."""

    checks: tuple[ReadinessCheck, ...]

    @property
    def is_ready(self) -> bool:
        """True if no check failed."""
        return all(check.status is not Status.FAILED for check in self.checks)


#: What is known while nothing can be read.
UNREADABLE = Readiness((ReadinessCheck("database", Status.FAILED, AWAY),))


def read_readiness(context: LocalContext) -> Readiness:
    """The checks, from the tables and this machine alone. Raises while the database is away."""
    outdated = _check_migrations(context)
    if outdated.status is Status.FAILED:  # other tables may be missing
        return Readiness((ReadinessCheck("database"), outdated))
    with context.begin() as tx:
        facts = read_facts(context, tx)
    checks = _check_facts(facts, limits_of(context.settings))
    return Readiness((ReadinessCheck("database"), outdated, *checks))


def _check_migrations(context: LocalContext) -> ReadinessCheck:
    name = "migrations"
    try:
        if is_current(context.database.engine):
            return ReadinessCheck(name)
    except DatabaseNewer:
        text = "A later version has migrated the database. Restart this process with that version."
        return ReadinessCheck(name, Status.FAILED, text)
    return ReadinessCheck(
        name, Status.FAILED, "The database is of an earlier version. Run `webcrm-sync migrate`."
    )


def _check_facts(facts: Facts, limits: Limits) -> Iterator[ReadinessCheck]:
    is_dead = any(one.kind is TroubleKind.WORKER for one in find_troubles(facts, limits))
    text = "A part of the jobs has no worker. Start `webcrm-sync serve` or `webcrm-sync worker`."
    yield _check("worker", Status.FAILED if is_dead else Status.OK, text)
    yield _check("disk", _disk_status(facts, limits), "The disk is nearly full: make room.")
    text = "Secrets in the database cannot be opened with WEBCRM_SYNC_SECRET_KEY. Run `doctor`."
    yield _check("key", Status.WARNING if facts.key_trouble else Status.OK, text)
    text = "webCRM does not answer, or refuses: mails wait. `webcrm-sync status` says why."
    yield _check("webcrm", Status.WARNING if facts.webcrm_trouble else Status.OK, text)


def _check(name: str, status: Status, reason: str) -> ReadinessCheck:
    return ReadinessCheck(name, status, "" if status is Status.OK else reason)


def _disk_status(facts: Facts, limits: Limits) -> Status:
    if facts.free_bytes is None:
        return Status.OK
    match judge_free_space(facts.free_bytes, limits.min_free):
        case FreeSpace.FULL:
            return Status.FAILED
        case FreeSpace.LOW:
            return Status.WARNING
        case FreeSpace.ENOUGH:
            return Status.OK
