"""Holds back the one mail, copy or record that an unforeseen exception is about.

Each exception becomes an incident: one log line and one row with step, place in the code and
version. The thing is released when another version of the product runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.faults import (
    MAX_SUBJECTS_PER_FAULT,
    SAME_FAULT_WINDOW,
    fault_signature,
    format_trace,
    is_widespread,
)
from webcrm_sync.engine.context import Context
from webcrm_sync.store import incident_records
from webcrm_sync.store.database import Tx, is_database_in_trouble
from webcrm_sync.store.incident_records import IncidentSubject
from webcrm_sync.store.items.locks import lock_company

logger = logging.getLogger(__name__)

#: Delay before webCRM is searched for a filing whose outcome the exception left unclear.
_VERIFY_AFTER = timedelta(seconds=2)


class Widespread(Exception):
    """One exception hit more things than a fault of theirs explains: the program is at fault."""

    def __init__(self, fingerprint: str) -> None:
        super().__init__(
            f"The same error ({fingerprint}) came with more than {MAX_SUBJECTS_PER_FAULT} mails: "
            "that is a fault of this program, not of the mails"
        )
        self.fingerprint = fingerprint


@dataclass(frozen=True, slots=True)
class Hold:
    """How to hold back one thing after an unforeseen exception about it.

    `name`: the thing's kind and number, e.g. "mail 7". `apply`: takes a detail for people, writes
    it down with whatever stops further work, and returns the thing.
    """

    name: str
    apply: Callable[[Tx, str], IncidentSubject]


def hold_mail(email_id: int, *, is_verified: bool = True) -> Hold:
    """Parks the mail with all its copies.

    `is_verified`: webCRM is searched once for a filing of it whose outcome is unclear.
    """
    name = f"mail {email_id}"

    def apply(tx: Tx, detail: str) -> IncidentSubject:
        verify_at = tx.now + _VERIFY_AFTER if is_verified else None
        incident_records.park_mail(tx, email_id, detail=detail, verify_at=verify_at)
        return IncidentSubject(name, email_id)

    return Hold(name, apply)


def leave_out(name: str) -> Hold:
    """Writes nothing about the thing: the step goes on without it."""
    return Hold(name, lambda tx, detail: IncidentSubject(name))


def is_trouble(error: BaseException) -> bool:
    """True for trouble of the database, a vendor or the machine: no mail causes it."""
    outside = (SyncError, OSError, MemoryError, Widespread)
    return isinstance(error, outside) or is_database_in_trouble(error)


def hold_back(context: Context, step: str, hold: Hold, error: Exception) -> None:
    """Record the exception and hold its thing back. Raises trouble, and Widespread."""
    with release_if_widespread(context), context.begin() as tx:
        lock_company(tx)
        hold_back_in(context, tx, step, hold, error)


def hold_back_in(context: Context, tx: Tx, step: str, hold: Hold, error: Exception) -> None:
    """Do what `hold_back` does in the caller's transaction, inside `release_if_widespread`."""
    if is_trouble(error):
        raise error
    fingerprint, trace = fault_signature(error), format_trace(error)
    facts = {"step": step, "thing": hold.name, "fingerprint": fingerprint, "trace": trace}
    logger.error("held_back", extra=facts)
    thing = hold.apply(tx, f"{fingerprint}, in the step '{step}'")
    incident_records.add(tx, thing, step=step, fingerprint=fingerprint, version=context.version)
    if is_widespread(
        incident_records.count_alike(tx, fingerprint, since=tx.now - SAME_FAULT_WINDOW)
    ):
        raise Widespread(fingerprint) from error


def record_once(context: Context, step: str, name: str, error: Exception) -> None:
    """Record an exception about a thing that every run leaves out, once per version.

    Raises trouble, and Widespread.
    """
    with context.begin() as tx:
        is_known = incident_records.is_open(tx, name, version=context.version)
    if not is_known:
        hold_back(context, step, leave_out(name), error)


@contextmanager
def release_if_widespread(context: Context) -> Iterator[None]:
    """When the block raises Widespread, release everything that the same exception holds back.

    The block must contain the transaction that raises it, so that this one is rolled back first.
    """
    try:
        yield
    except Widespread as error:
        with context.begin() as tx:
            since = tx.now - SAME_FAULT_WINDOW
            incident_records.release(
                tx, incident_records.end_alike(tx, error.fingerprint, since=since)
            )
        raise


def release_after_upgrade(context: Context) -> None:
    """Release everything that exceptions of other versions hold back. Idempotent."""
    with context.begin() as tx:
        incident_records.release(tx, incident_records.end_of_other_versions(tx, context.version))
