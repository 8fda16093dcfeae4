"""Saves records that changed in webCRM, each in spite of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from webcrm_sync.core.crm import UnreadableRecord
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.store.database import Tx

_BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)


class ChangedRecord(Protocol):
    """A record that webCRM lists by the time of its last change."""

    @property
    def record_id(self) -> int:
        """Its id."""

    @property
    def updated_at(self) -> datetime | None:
        """The time of its last change, by webCRM's clock."""


R = TypeVar("R", bound=ChangedRecord)


def since(until: datetime | None, margin: timedelta) -> datetime:
    """The time from which changes are read. `until`: the last change that was read, None = none."""
    return until - margin if until else _BEGINNING


def newest(rows: Iterable[ChangedRecord], until: datetime | None) -> datetime | None:
    """The time of the latest change, by webCRM's own clock."""
    times = [row.updated_at for row in rows if row.updated_at]
    return max([*times, until] if until else times, default=None)


def save_each(
    tx: Tx,
    records: Sequence[R],
    save: Callable[..., frozenset[str]],
    odd: list[UnreadableRecord],
    *,
    is_whole: bool,
) -> frozenset[str]:
    """Save these records; return what `save` returns: the addresses or domains that are new.

    Skips the records in `odd` and keeps our rows of them. A record that cannot be saved is added
    to `odd`. `is_whole`: webCRM has no others.
    """
    excluded = [one.record_id for one in odd]

    def attempt(some: Sequence[R]) -> frozenset[str]:
        with tx.connection.begin_nested():
            return save(tx, some, is_whole=is_whole, exclude=excluded)

    try:
        return attempt(records)
    except Exception as error:
        if incidents.is_trouble(error):
            raise
    faults = isolate.find_culprits(records, partial(_probe, tx, save))
    odd += [UnreadableRecord(one.record_id, fault) for one, fault in faults]
    excluded += [one.record_id for one, _ in faults]
    return attempt([one for one in records if one.record_id not in excluded])


def _probe(tx: Tx, save: Callable[..., object], some: Sequence[object]) -> None:
    with tx.connection.begin_nested() as savepoint:
        save(tx, some)
        savepoint.rollback()


def report_odd(context: Context, kind: str, odd: Iterable[UnreadableRecord]) -> None:
    """Record an incident for each record that could not be read or saved."""
    for one in odd:
        incidents.record_once(context, "read webCRM", f"{kind} {one.record_id}", one.fault)
