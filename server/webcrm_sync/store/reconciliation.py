"""The rows that `prove` compares with Outlook and webCRM, and the differences it found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.states import State
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.filings import FILING, Filing
from webcrm_sync.store.items.item import ITEM_COLUMNS, Item
from webcrm_sync.store.schema.reconciliation import mailbox_proof, webcrm_proof
from webcrm_sync.store.schema.requests import activity_update
from webcrm_sync.store.schema.tables import company, email, event, filing, item, mailbox, mirror


@dataclass(frozen=True, slots=True)
class RecordedCopy:
    """A copy as the database has it. `is_mark_due`: its categories are about to be written."""

    item: Item
    is_mark_due: bool
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of a finished comparison. `differences`: as the CLI prints them."""

    proved_at: datetime | None
    differences: tuple[Mapping[str, object], ...]


def recorded_copies(
    tx: Tx, mailbox_id: int, *, folder_id: int, graph_ids: Iterable[str]
) -> Mapping[str, RecordedCopy]:
    """The mailbox's copies that are in this folder or have these Graph ids, by Graph id."""
    query = (
        select(*ITEM_COLUMNS, item.c.mark_due_at, email.c.message_id)
        .join(email, email.c.id == item.c.email_id)
        .where(item.c.mailbox_id == mailbox_id)
        .where(or_(item.c.folder_id == folder_id, any_of(item.c.graph_id, graph_ids)))
    )
    copies = {}
    for row in tx.connection.execute(query).mappings():
        values = dict(row)
        is_due, message_id = values.pop("mark_due_at") is not None, values.pop("message_id")
        copies[row["graph_id"]] = RecordedCopy(Item(**values), is_due, message_id)
    return copies


def stuck_items(tx: Tx, mailbox_id: int) -> Sequence[tuple[Item, State, str | None]]:
    """Copies in a state that no job changes, each with its next state and its Message-ID.

    They are matched without a filing, not filed although every filing is complete, or filed
    without a due mark.
    """
    filings = select(filing.c.id).where(filing.c.email_id == item.c.email_id)
    has_open_filing = filings.where(or_(~filing.c.is_complete, filing.c.is_withdrawn)).exists()
    lacks_filing = (item.c.state == State.MATCHED) & ~filings.exists()
    before_filed = [State.MATCHED, State.WAITING, State.PARKED]
    is_complete = item.c.state.in_(before_filed) & filings.exists() & ~has_open_filing
    lacks_mark = (item.c.state == State.FILED) & item.c.mark_due_at.is_(None)
    query = (
        select(*ITEM_COLUMNS, lacks_filing.label("lacks_filing"), email.c.message_id)
        .join(email, email.c.id == item.c.email_id)
        .where(item.c.mailbox_id == mailbox_id, or_(lacks_filing, is_complete, lacks_mark))
    )
    stuck = []
    for row in tx.connection.execute(query).mappings():
        values = dict(row)
        next_state = State.FOUND if values.pop("lacks_filing") else State.FILED
        message_id = values.pop("message_id")
        stuck.append((Item(**values), next_state, message_id))
    return stuck


def unfiled(tx: Tx) -> Sequence[tuple[int, str | None]]:
    """E-mails with a synced copy and without an Activity, each with its Message-ID.

    E-mails that are being sent again are left out.
    """
    filed_or_sending = select(filing.c.id).where(
        filing.c.email_id == email.c.id,
        ~filing.c.is_withdrawn,
        or_(filing.c.activity_id.is_not(None), ~filing.c.is_complete),
    )
    synced = select(item.c.id).where(item.c.email_id == email.c.id, item.c.state == State.SYNCED)
    query = select(email.c.id, email.c.message_id).where(
        email.c.company_id == tx.company_id, synced.exists(), ~filed_or_sending.exists()
    )
    return [(row.id, row.message_id) for row in tx.connection.execute(query)]


def count_synced(tx: Tx) -> int:
    """The number of the company's synced copies."""
    query = (
        select(func.count())
        .select_from(item)
        .join(mailbox, mailbox.c.id == item.c.mailbox_id)
        .where(mailbox.c.company_id == tx.company_id, item.c.state == State.SYNCED)
    )
    return int(tx.connection.execute(query).scalar_one())


def mirrors_in(tx: Tx, mailbox_id: int, *, limit: int) -> Mapping[str, int]:
    """The ids of a mailbox's newest mirrors, by Graph id, without those that its owner removed."""
    query = (
        select(mirror.c.graph_id, mirror.c.id)
        .where(mirror.c.mailbox_id == mailbox_id, mirror.c.graph_id.is_not(None))
        .where(mirror.c.reason.is_(None))
        .order_by(mirror.c.id.desc())
        .limit(limit)
    )
    return {row.graph_id: row.id for row in tx.connection.execute(query)}


def note_removed_mirrors(tx: Tx, mirror_ids: Sequence[int]) -> None:
    """Record that the owner removed these mirrors, so that they are not compared again."""
    query = update(mirror).where(mirror.c.id.in_(mirror_ids))
    tx.connection.execute(query.values(reason="removed by its owner"))


# ---- filings and their Activities ---------------------------------------------------------


def filed_since(tx: Tx) -> datetime:
    """A time before which no Activity of a filing was created."""
    first = select(func.min(func.least(filing.c.filed_at, filing.c.intent_at))).where(
        filing.c.company_id == tx.company_id
    )
    company_since = select(company.c.created_at).where(company.c.id == tx.company_id)
    times: list[datetime | None] = [tx.connection.scalar(q) for q in (first, company_since)]
    return min(at for at in times if at is not None)


def filings_with(tx: Tx, keys: Iterable[str]) -> Mapping[str, Filing]:
    """The company's filings with these keys, by key."""
    query = select(*FILING).where(filing.c.company_id == tx.company_id, any_of(filing.c.key, keys))
    rows = tx.connection.execute(query).mappings()
    return {row["key"]: Filing(**row) for row in rows}


def filings_between(
    tx: Tx, first: int, last: int | None, *, filed_before: datetime
) -> Sequence[Filing]:
    """Filings with Activity ids from `first` to `last` (None = no end), ordered by Activity id.

    Newer filings than `filed_before` are left out, since webCRM's search may not list them yet.
    """
    query = select(*FILING).where(
        filing.c.company_id == tx.company_id,
        filing.c.activity_id >= first,
        filing.c.filed_at <= filed_before,
        ~filing.c.is_withdrawn,
    )
    if last is not None:
        query = query.where(filing.c.activity_id <= last)
    rows = tx.connection.execute(query.order_by(filing.c.activity_id)).mappings()
    return [Filing(**row) for row in rows]


def count_filed(tx: Tx) -> int:
    """The number of filings with an Activity that is not withdrawn."""
    query = select(func.count()).where(
        filing.c.company_id == tx.company_id,
        filing.c.activity_id.is_not(None),
        ~filing.c.is_withdrawn,
    )
    return int(tx.connection.execute(query).scalar_one())


def updates_requested(tx: Tx, filing_ids: Iterable[int]) -> frozenset[int]:
    """The ids of those filings that have a change which webCRM has yet to receive."""
    query = select(activity_update.c.filing_id).where(
        any_of(activity_update.c.filing_id, filing_ids)
    )
    return frozenset(tx.connection.execute(query).scalars())


def message_ids(tx: Tx, email_ids: Iterable[int]) -> Mapping[int, str | None]:
    """The Message-IDs of these e-mails, by id."""
    query = select(email.c.id, email.c.message_id).where(any_of(email.c.id, email_ids))
    return {row.id: row.message_id for row in tx.connection.execute(query)}


def email_by_activity(tx: Tx, activity_ids: Sequence[int]) -> Mapping[int, int]:
    """The id of the e-mail in whose history each Activity occurs, by Activity id."""
    number = event.c.facts["activity"].as_integer()
    query = select(number, event.c.email_id).where(
        event.c.company_id == tx.company_id,
        event.c.kind.in_([EventKind.FILED, EventKind.ADOPTED, EventKind.RECOVERED]),
        event.c.email_id.is_not(None),
        number.in_(activity_ids),
    )
    return {row[0]: row[1] for row in tx.connection.execute(query)}


def email_keys(
    tx: Tx, *, ids: Iterable[int] | None = None, is_unfiled: bool = False
) -> Mapping[int, str]:
    """Keys of the company's e-mails by id: of `ids`, of those without a filing, or of all."""
    query = select(email.c.id, email.c.key).where(email.c.company_id == tx.company_id)
    if ids is not None:
        query = query.where(any_of(email.c.id, ids))
    if is_unfiled:
        query = query.where(~select(filing.c.id).where(filing.c.email_id == email.c.id).exists())
    return {row.id: row.key for row in tx.connection.execute(query)}


# ---- due comparisons and their results ---------------------------------------------------------


def request_all(tx: Tx) -> None:
    """Make the comparisons with every mailbox and with webCRM due now, from the start."""
    boxes = select(mailbox.c.id, literal(tx.now, mailbox_proof.c.due_at.type)).where(
        mailbox.c.company_id == tx.company_id
    )
    new = insert(mailbox_proof).from_select(["mailbox_id", "due_at"], boxes)
    keys = [mailbox_proof.c.mailbox_id]
    tx.connection.execute(new.on_conflict_do_update(index_elements=keys, set_={"due_at": tx.now}))
    save_webcrm(tx, due_at=tx.now, next_id=0, differences=[])


def claim_mailbox(tx: Tx, mailbox_id: int, *, retry_at: datetime) -> bool:
    """True if the mailbox is due. It is then next due at `retry_at`, in case this run fails."""
    query = update(mailbox_proof).where(
        mailbox_proof.c.mailbox_id == mailbox_id, mailbox_proof.c.due_at <= tx.now
    )
    return tx.connection.execute(query.values(due_at=retry_at)).rowcount == 1


def claim_webcrm_page(tx: Tx, *, retry_at: datetime) -> int | None:
    """The id of the next page's first Activity, None = webCRM is not due. See `claim_mailbox`."""
    query = update(webcrm_proof).where(
        webcrm_proof.c.company_id == tx.company_id, webcrm_proof.c.due_at <= tx.now
    )
    claimed = query.values(due_at=retry_at).returning(webcrm_proof.c.next_id)
    return tx.connection.execute(claimed).scalar_one_or_none()


def save_mailbox(tx: Tx, mailbox_id: int, differences: Sequence[Mapping[str, object]]) -> None:
    """Record the differences of a mailbox that was compared just now."""
    values = {"due_at": None, "proved_at": tx.now, "differences": list(differences)}
    new = insert(mailbox_proof).values(mailbox_id=mailbox_id, **values)
    keys = [mailbox_proof.c.mailbox_id]
    tx.connection.execute(new.on_conflict_do_update(index_elements=keys, set_=values))


def save_webcrm(tx: Tx, **values: object) -> None:
    """Set columns of the comparison with webCRM."""
    new = insert(webcrm_proof).values(company_id=tx.company_id, **values)
    keys = [webcrm_proof.c.company_id]
    tx.connection.execute(new.on_conflict_do_update(index_elements=keys, set_=values))


def read_webcrm(tx: Tx) -> Comparison:
    """The last comparison with webCRM."""
    query = select(webcrm_proof.c.proved_at, webcrm_proof.c.differences)
    row = tx.connection.execute(query.where(webcrm_proof.c.company_id == tx.company_id)).first()
    return Comparison(row.proved_at, tuple(row.differences)) if row else Comparison(None, ())


def read_mailboxes(tx: Tx) -> Mapping[int, Comparison]:
    """The last comparison of each mailbox, by mailbox id."""
    query = (
        select(mailbox_proof.c.mailbox_id, mailbox_proof.c.proved_at, mailbox_proof.c.differences)
        .join(mailbox, mailbox.c.id == mailbox_proof.c.mailbox_id)
        .where(mailbox.c.company_id == tx.company_id)
    )
    return {
        mailbox_id: Comparison(at, tuple(differences))
        for mailbox_id, at, differences in tx.connection.execute(query)
    }
