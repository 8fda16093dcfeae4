"""Unforeseen exceptions about one thing: recorded, counted, and what they hold back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, func, insert, select, update

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.states import Reason, State
from webcrm_sync.store import activity_updates, companies, filings, mailboxes, mirrors
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import item_records, marks, transitions
from webcrm_sync.store.items.locks import lock_company, lock_copies_of
from webcrm_sync.store.schema.incidents import incident
from webcrm_sync.store.schema.tables import item

#: An Activity that the poll met when an exception was raised may have changed this long before.
_POLL_MARGIN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Thing:
    """What an exception was about. `name`: its kind and number, separated by a blank.

    The ids are there where the thing has them. `at`: when the exception was raised.
    """

    name: str
    email_id: int | None = None
    mailbox_id: int | None = None
    at: datetime | None = None

    @property
    def kind(self) -> str:
        """The first word of the name."""
        return self.name.split()[0]


def add(tx: Tx, thing: Thing, *, step: str, fingerprint: str, version: str) -> None:
    """Record an exception about this thing. It is open until one of the `end_*` functions."""
    values = {"email_id": thing.email_id, "mailbox_id": thing.mailbox_id, "thing": thing.name}
    new = insert(incident).values(company_id=tx.company_id, at=tx.now, **values)
    tx.connection.execute(new.values(step=step, fingerprint=fingerprint, version=version))


def count_alike(tx: Tx, fingerprint: str, *, since: datetime) -> int:
    """How many things had an equal exception since then."""
    query = select(func.count(incident.c.thing.distinct())).where(
        incident.c.company_id == tx.company_id,
        incident.c.fingerprint == fingerprint,
        incident.c.at >= since,
    )
    return int(tx.connection.execute(query).scalar_one())


def is_open(tx: Tx, name: str, *, version: str) -> bool:
    """True while an exception of this version of the product about this thing is open."""
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


def end_alike(tx: Tx, fingerprint: str, *, since: datetime) -> Sequence[Thing]:
    """End the open exceptions that are equal, raised since then; what they were about."""
    query = update(incident).where(incident.c.fingerprint == fingerprint, incident.c.at >= since)
    return _end(tx, query)


def end_of_other_versions(tx: Tx, version: str) -> Sequence[Thing]:
    """End the open exceptions of other versions of the product; what they were about."""
    return _end(tx, update(incident).where(incident.c.version != version))


def end_of_mail(tx: Tx, email_id: int) -> None:
    """End the open exceptions about this mail, since a person wants it tried again."""
    _end(tx, update(incident).where(incident.c.email_id == email_id))


def _end(tx: Tx, query: Update) -> Sequence[Thing]:
    open_ = query.where(incident.c.company_id == tx.company_id, incident.c.ended_at.is_(None))
    ended = open_.values(ended_at=tx.now).returning(
        incident.c.thing, incident.c.email_id, incident.c.mailbox_id, incident.c.at
    )
    return [Thing(*row) for row in tx.connection.execute(ended)]


def park_mail(tx: Tx, email_id: int, *, detail: str, verify_at: datetime | None) -> None:
    """Hold a mail back: its copies are parked and marked, its filings wait.

    A filing with an unclear outcome is verified once at `verify_at`, None = it waits too.
    """
    transitions.park_unforeseen(tx, email_id, detail)
    filings.hold(tx, email_id, verify_at=verify_at)
    tx.record_event(EventKind.PARKED, email_id=email_id, reason=Reason.UNFORESEEN, detail=detail)


def release(tx: Tx, things: Sequence[Thing]) -> None:
    """Let the work on these things go on at once where it was held back. Idempotent.

    The next reading of a mailbox's folders meets the copies that have no row yet.
    """
    lock_company(tx)
    email_ids = sorted({t.email_id for t in things if t.email_id is not None})
    if email_ids:
        _release_mails(tx, email_ids)
    without_row = {t.mailbox_id for t in things if t.kind == "copy" and t.email_id is None}
    if without_row:
        mailboxes.read_from_start(tx, {i for i in without_row if i is not None})
    if activities := [t for t in things if t.kind in {"mirror", "activity"}]:
        _release_mirrors(tx, activities)
    if any(t.kind in {"person", "organisation"} for t in things):
        companies.read_directory_again(tx)


def _release_mirrors(tx: Tx, things: Sequence[Thing]) -> None:
    """Planned mirrors are created now; the poll meets the other Activities once more."""
    mirrors.release(tx, [int(t.name.split()[1]) for t in things])
    companies.rewind_mirror(tx, min(t.at or tx.now for t in things) - _POLL_MARGIN)


def _release_mails(tx: Tx, email_ids: Sequence[int]) -> None:
    lock_copies_of(tx, email_ids)
    of_mails = any_of(item.c.email_id, email_ids)
    parked = of_mails & (item.c.reason == Reason.UNFORESEEN) & item.c.folder_id.is_not(None)
    # A copy that could not be read stays parked until its folder is read again.
    item_records.read_bare_copies_again(tx, parked & (item.c.state == State.PARKED))
    transitions.take_up_again(tx, parked & ~item.c.is_bare, of=[State.PARKED])
    marks.release(tx, email_ids)
    filings.release_held(tx, email_ids)
    activity_updates.release(tx, email_ids)
    tx.defer(Job.FILE, tx.company_id)
