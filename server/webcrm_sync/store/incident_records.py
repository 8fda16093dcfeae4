"""Incidents: unforeseen exceptions, each with the mail, record or copy that it holds back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, func, insert, select, update

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.states import Reason, State
from webcrm_sync.store import activity_updates, companies, filings, folder_reads, mirrors
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import item_records, marks, transitions
from webcrm_sync.store.items.locks import lock_company, lock_copies_of
from webcrm_sync.store.schema.incidents import incident
from webcrm_sync.store.schema.tables import item

#: An Activity may have changed this long before the poll read it and an exception was raised.
_POLL_MARGIN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class IncidentSubject:
    """The mail, record or copy that raised an exception.

    `name`: its kind and number, separated by a blank. `email_id`, `mailbox_id`: None = not
    known. `at`: when the exception was raised.
    """

    name: str
    email_id: int | None = None
    mailbox_id: int | None = None
    at: datetime | None = None

    @property
    def kind(self) -> str:
        """The first word of the name."""
        return self.name.split()[0]


def add(tx: Tx, subject: IncidentSubject, *, step: str, fingerprint: str, version: str) -> None:
    """Record an exception. It stays open until one of the `end_*` functions ends it."""
    values = {"email_id": subject.email_id, "mailbox_id": subject.mailbox_id, "thing": subject.name}
    new = insert(incident).values(company_id=tx.company_id, at=tx.now, **values)
    tx.connection.execute(new.values(step=step, fingerprint=fingerprint, version=version))


def count_alike(tx: Tx, fingerprint: str, *, since: datetime) -> int:
    """The number of subjects with an equal exception since then."""
    query = select(func.count(incident.c.thing.distinct())).where(
        incident.c.company_id == tx.company_id,
        incident.c.fingerprint == fingerprint,
        incident.c.at >= since,
    )
    return int(tx.connection.execute(query).scalar_one())


def is_open(tx: Tx, name: str, *, version: str) -> bool:
    """True while this version of the product has an open exception about the subject `name`."""
    query = select(incident.c.id).where(
        incident.c.company_id == tx.company_id,
        incident.c.thing == name,
        incident.c.version == version,
        incident.c.ended_at.is_(None),
    )
    return bool(tx.connection.scalar(select(query.exists())))


def is_mail_held(tx: Tx, email_id: int) -> bool:
    """True while an exception keeps a copy of this mail parked."""
    is_parked = (item.c.state == State.PARKED) & (item.c.reason == Reason.UNFORESEEN)
    query = select(item.c.id).where(item.c.email_id == email_id, is_parked).exists()
    return bool(tx.connection.scalar(select(query)))


def end_alike(tx: Tx, fingerprint: str, *, since: datetime) -> Sequence[IncidentSubject]:
    """End the equal open exceptions that were raised since then. Returns their subjects."""
    query = update(incident).where(incident.c.fingerprint == fingerprint, incident.c.at >= since)
    return _end(tx, query)


def end_of_other_versions(tx: Tx, version: str) -> Sequence[IncidentSubject]:
    """End the open exceptions of other versions of the product. Returns their subjects."""
    return _end(tx, update(incident).where(incident.c.version != version))


def end_of_mail(tx: Tx, email_id: int) -> None:
    """End the open exceptions about this mail, since a person wants it tried again."""
    _end(tx, update(incident).where(incident.c.email_id == email_id))


def _end(tx: Tx, query: Update) -> Sequence[IncidentSubject]:
    open_ = query.where(incident.c.company_id == tx.company_id, incident.c.ended_at.is_(None))
    ended = open_.values(ended_at=tx.now).returning(
        incident.c.thing, incident.c.email_id, incident.c.mailbox_id, incident.c.at
    )
    return [IncidentSubject(*row) for row in tx.connection.execute(ended)]


def park_mail(tx: Tx, email_id: int, *, detail: str, verify_at: datetime | None) -> None:
    """Hold a mail back: park and mark its copies, and postpone its filings.

    A filing with an unclear outcome is verified once at `verify_at`, None = it waits too.
    """
    transitions.park_unforeseen(tx, email_id, detail)
    filings.hold(tx, email_id, verify_at=verify_at)
    tx.record_event(EventKind.PARKED, email_id=email_id, reason=Reason.UNFORESEEN, detail=detail)


def release(tx: Tx, subjects: Sequence[IncidentSubject]) -> None:
    """Resume the work on these subjects at once. Idempotent.

    For a copy without a row, the folders of its mailbox are read from the start.
    """
    lock_company(tx)
    email_ids = sorted({s.email_id for s in subjects if s.email_id is not None})
    if email_ids:
        _release_mails(tx, email_ids)
    without_row = {s.mailbox_id for s in subjects if s.kind == "copy" and s.email_id is None}
    if without_row:
        folder_reads.read_from_start(tx, {i for i in without_row if i is not None})
    if activities := [s for s in subjects if s.kind in {"mirror", "activity"}]:
        _release_mirrors(tx, activities)
    if any(s.kind in {"person", "organisation"} for s in subjects):
        companies.read_directory_again(tx)


def _release_mirrors(tx: Tx, subjects: Sequence[IncidentSubject]) -> None:
    """Create the planned mirrors now; poll the other Activities again."""
    mirrors.release(tx, [int(s.name.split()[1]) for s in subjects])
    companies.rewind_mirror(tx, min(s.at or tx.now for s in subjects) - _POLL_MARGIN)


def _release_mails(tx: Tx, email_ids: Sequence[int]) -> None:
    lock_copies_of(tx, email_ids)
    of_mails = any_of(item.c.email_id, email_ids)
    parked = of_mails & (item.c.reason == Reason.UNFORESEEN) & item.c.folder_id.is_not(None)
    # A copy that could not be read stays parked until its folder is read again.
    item_records.read_bare_copies_again(tx, parked & (item.c.state == State.PARKED))
    transitions.restart(tx, parked & ~item.c.is_bare, from_states=[State.PARKED])
    marks.release(tx, email_ids)
    filings.release_held(tx, email_ids)
    activity_updates.release(tx, email_ids)
    tx.defer(Job.FILE, tx.company_id)
