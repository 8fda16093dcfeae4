"""Exceptions about one thing: written down, counted, and taken up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Update, case, delete, func, insert, select, update

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.states import Reason, State
from webcrm_sync.store import companies, mailboxes
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import lock_company, lock_copies
from webcrm_sync.store.filings import NEVER, release_held
from webcrm_sync.store.mirrors import NONE, UNFORESEEN
from webcrm_sync.store.schema.incidents import incident
from webcrm_sync.store.schema.requests import activity_update
from webcrm_sync.store.schema.tables import filing, folder, item, mirror

#: An Activity that was met then may have been changed this long before.
_POLLED_AGAIN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Thing:
    """What an exception was about. `name`: its kind and number; the ids where it has them.

    `at`: when it was raised.
    """

    name: str
    email_id: int | None = None
    mailbox_id: int | None = None
    at: datetime | None = None


def add(tx: Tx, thing: Thing, *, step: str, fingerprint: str, version: str) -> None:
    """Write down an exception about this thing; it holds the thing back until `end_*`."""
    values = {"email_id": thing.email_id, "mailbox_id": thing.mailbox_id, "thing": thing.name}
    new = insert(incident).values(company_id=tx.company_id, at=tx.now, **values)
    tx.connection.execute(new.values(step=step, fingerprint=fingerprint, version=version))


def count_alike(tx: Tx, fingerprint: str, *, since: datetime) -> int:
    """How many things had an equal exception since."""
    query = select(func.count(incident.c.thing.distinct())).where(
        incident.c.company_id == tx.company_id,
        incident.c.fingerprint == fingerprint,
        incident.c.at >= since,
    )
    return int(tx.connection.execute(query).scalar_one())


def is_open(tx: Tx, name: str, *, version: str) -> bool:
    """True when an exception of this version about this thing was written down."""
    query = select(incident.c.id).where(
        incident.c.company_id == tx.company_id,
        incident.c.thing == name,
        incident.c.version == version,
        incident.c.ended_at.is_(None),
    )
    return bool(tx.connection.scalar(select(query.exists())))


def is_held(tx: Tx, email_id: int) -> bool:
    """True while an exception holds this mail back."""
    parked = (item.c.state == State.PARKED.value) & (item.c.reason == Reason.UNFORESEEN.value)
    query = select(item.c.id).where(item.c.email_id == email_id, parked).exists()
    return bool(tx.connection.scalar(select(query)))


def end_alike(tx: Tx, fingerprint: str, *, since: datetime) -> Sequence[Thing]:
    """What equal exceptions hold back since then; they do no longer."""
    query = update(incident).where(incident.c.fingerprint == fingerprint, incident.c.at >= since)
    return _end(tx, query)


def end_of_other_versions(tx: Tx, version: str) -> Sequence[Thing]:
    """What exceptions of other versions of the product hold back; they do no longer."""
    return _end(tx, update(incident).where(incident.c.version != version))


def end_of_mail(tx: Tx, email_id: int) -> None:
    """No exception holds this mail back any longer: a person has it tried again."""
    _end(tx, update(incident).where(incident.c.email_id == email_id))


def _end(tx: Tx, query: Update) -> Sequence[Thing]:
    open_ = query.where(incident.c.company_id == tx.company_id, incident.c.ended_at.is_(None))
    ended = open_.values(ended_at=tx.now).returning(
        incident.c.thing, incident.c.email_id, incident.c.mailbox_id, incident.c.at
    )
    return [Thing(*row) for row in tx.connection.execute(ended)]


def park_mail(tx: Tx, email_id: int, *, detail: str, verify_at: datetime | None) -> None:
    """Hold this mail back: nothing is done about it but to mark its copies.

    A filing whose outcome is unclear is looked for at `verify_at`, None = not either.
    """
    on_its_way = (item.c.email_id == email_id) & item.c.state.in_(
        [State.FOUND.value, State.MATCHED.value]
    )
    lock_copies(tx, item.c.email_id == email_id)
    parked = {"state": State.PARKED.value, "reason": Reason.UNFORESEEN.value, "detail": detail}
    due = {"state_at": tx.now, "retry_at": None, "mark_due_at": tx.now, "mark_attempts": 0}
    query = update(item).where(on_its_way).values(**parked, **due)
    boxes = tx.connection.execute(query.returning(item.c.mailbox_id)).scalars().all()
    for mailbox_id in set(boxes):
        tx.defer(Job.MARK, mailbox_id)
    is_unclear = filing.c.intent_at.is_not(None) & filing.c.activity_id.is_(None)
    due_at = case((is_unclear, verify_at or NEVER), else_=NEVER)
    held = update(filing).where(filing.c.email_id == email_id, ~filing.c.is_complete)
    tx.connection.execute(held.values(due_at=due_at))
    tx.record_event(
        EventKind.PARKED, email_id=email_id, reason=Reason.UNFORESEEN.value, detail=detail
    )


def park_mark(tx: Tx, item_id: int, *, detail: str) -> int | None:
    """Leave what this copy shows in Outlook as it is; one that is filed says why. Its mail's id."""
    is_filed = item.c.state == State.FILED.value
    query = update(item).where(item.c.id == item_id).values(mark_due_at=NEVER)
    told = {
        "reason": case((is_filed, Reason.UNFORESEEN.value), else_=item.c.reason),
        "detail": case((is_filed, detail), else_=item.c.detail),
    }
    email_id: int | None = tx.connection.scalar(query.values(**told).returning(item.c.email_id))
    return email_id


def park_update(tx: Tx, filing_id: int) -> int | None:
    """Do not tell webCRM what it was to be told about this filing; the e-mail's id."""
    tx.connection.execute(
        update(activity_update).where(activity_update.c.filing_id == filing_id).values(due_at=NEVER)
    )
    email_id: int | None = tx.connection.scalar(
        select(filing.c.email_id).where(filing.c.id == filing_id)
    )
    return email_id


def take_up(tx: Tx, things: Sequence[Thing]) -> None:
    """Go on with these where they were held back. Idempotent.

    A copy that has no row is met by a fresh reading of its mailbox's folders.
    """
    lock_company(tx)
    mails = sorted({t.email_id for t in things if t.email_id is not None})
    if mails:
        _take_up_mails(tx, mails)
    kinds: dict[str, list[Thing]] = {}
    for thing in things:
        kinds.setdefault(thing.name.split()[0], []).append(thing)
    if unknown := {t.mailbox_id for t in kinds.get("copy", ()) if t.email_id is None}:
        again = update(folder).where(any_of(folder.c.mailbox_id, unknown))
        anew = {"cursor": None, "round": folder.c.round + 1, "hinted_at": tx.now}
        tx.connection.execute(again.values(**anew))
    if mirrors := [*kinds.get("mirror", ()), *kinds.get("activity", ())]:
        _take_up_mirrors(tx, mirrors)
    if kinds.keys() & {"person", "organisation"}:
        companies.read_directory_again(tx)


def _take_up_mirrors(tx: Tx, things: Sequence[Thing]) -> None:
    """Those that were planned are written; the others are met by the poll once more."""
    ids = [int(t.name.split()[1]) for t in things]
    ours = (mirror.c.company_id == tx.company_id) & any_of(mirror.c.activity_id, ids)
    held = update(mirror).where(ours, mirror.c.due_at == NEVER)
    tx.connection.execute(held.values(due_at=tx.now, reason=None))
    unplanned = (mirror.c.state == NONE) & (mirror.c.reason == UNFORESEEN)
    tx.connection.execute(delete(mirror).where(ours, unplanned))
    companies.rewind_mirror(tx, min(t.at or tx.now for t in things) - _POLLED_AGAIN)


def _take_up_mails(tx: Tx, ids: Sequence[int]) -> None:
    lock_copies(tx, any_of(item.c.email_id, ids))
    unforeseen = any_of(item.c.email_id, ids) & (item.c.reason == Reason.UNFORESEEN.value)
    parked = unforeseen & (item.c.state == State.PARKED.value) & item.c.folder_id.is_not(None)
    found = {"state": State.FOUND.value, "reason": None, "detail": None, "state_at": tx.now}
    tx.connection.execute(update(item).where(parked, ~item.c.is_bare).values(**found))
    unmarked = update(item).where(any_of(item.c.email_id, ids), item.c.mark_due_at == NEVER)
    is_filed = item.c.state == State.FILED.value
    tx.connection.execute(unmarked.where(is_filed).values(reason=None, detail=None))
    tx.connection.execute(unmarked.values(mark_due_at=tx.now, mark_attempts=0))
    due = {"due_at": tx.now}
    release_held(tx, ids)
    of_them = select(filing.c.id).where(any_of(filing.c.email_id, ids))
    wishes = update(activity_update).where(
        activity_update.c.filing_id.in_(of_them), activity_update.c.due_at == NEVER
    )
    tx.connection.execute(wishes.values(**due))
    _read_bare_again(tx, parked)
    tx.defer(Job.FILE, tx.company_id)


def read_bare_again(tx: Tx, item_id: int) -> None:
    """Have a copy that is known by its id alone read anew: the next reading looks for it."""
    _read_bare_again(tx, item.c.id == item_id)


def _read_bare_again(tx: Tx, of: ColumnElement[bool]) -> None:
    again = {"seen_round": -1, "change_key": ""}  # whatever version it has is another one
    query = update(item).where(of, item.c.is_bare).values(**again)
    folders = tx.connection.execute(query.returning(item.c.folder_id)).scalars().all()
    mailboxes.request_read(tx, sorted({i for i in folders if i is not None}))
