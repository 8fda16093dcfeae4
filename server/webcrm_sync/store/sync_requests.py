"""What people asked for in Outlook: presses of the button, wishes about Activities, senders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.jobs import Job
from webcrm_sync.core.matching import MatchedBy
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import EMAIL_COLUMNS as EMAIL
from webcrm_sync.store.emails import Email, read_email
from webcrm_sync.store.filings import FILING, Filing, read_filing
from webcrm_sync.store.schema.requests import activity_update, always_sync, sync_request
from webcrm_sync.store.schema.tables import document, email, event, filing, item, mailbox

#: Kinds of wishes: take the Activity back, let it stand again, move it and no more, write its
#: words anew.
WITHDRAW, STAND, MOVE, RETELL = "withdraw", "stand", "move", "retell"


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """The button, pressed on one copy. `organisations`: the person's own choice."""

    by: str
    organisations: tuple[int, ...]
    pressed_at: datetime


@dataclass(frozen=True, slots=True)
class ActivityUpdate:
    """What webCRM is still to be told about an Activity."""

    kind: str
    move_to: int | None
    asked_at: datetime


def note_request(
    tx: Tx, mailbox_id: int, graph_id: str, *, item_id: str, by: str, organisations: Sequence[int]
) -> None:
    """Remember who asks for this copy, before it is moved. The last press holds.

    `item_id`: Outlook's name of it, which ends with the move.
    """
    facts = {
        "item_id": item_id,
        "by": by,
        "organisations": list(organisations),
        "pressed_at": tx.now,
    }
    new = insert(sync_request).values(mailbox_id=mailbox_id, graph_id=graph_id, **facts)
    keys = [sync_request.c.mailbox_id, sync_request.c.graph_id]
    tx.connection.execute(new.on_conflict_do_update(index_elements=keys, set_=facts))


def requested(tx: Tx, mailbox_id: int, item_ids: Iterable[str]) -> Mapping[str, str]:
    """The Graph ids of copies that the button moved, by the names they had before."""
    query = select(sync_request.c.item_id, sync_request.c.graph_id).where(
        sync_request.c.mailbox_id == mailbox_id, sync_request.c.item_id.in_(list(item_ids))
    )
    return {row.item_id: row.graph_id for row in tx.connection.execute(query)}


def requests(tx: Tx, mailbox_id: int, graph_ids: Iterable[str]) -> Mapping[str, SyncRequest]:
    """The presses on these copies."""
    query = select(
        sync_request.c.graph_id,
        sync_request.c.by,
        sync_request.c.organisations,
        sync_request.c.pressed_at,
    ).where(sync_request.c.mailbox_id == mailbox_id, sync_request.c.graph_id.in_(list(graph_ids)))
    return {
        graph_id: SyncRequest(by, tuple(organisations), at)
        for graph_id, by, organisations, at in tx.connection.execute(query)
    }


def requests_of_email(tx: Tx, email_id: int) -> Sequence[tuple[int, SyncRequest]]:
    """The presses on any copy of this mail, each with its mailbox's id, oldest first."""
    same = (sync_request.c.mailbox_id == item.c.mailbox_id) & (
        sync_request.c.graph_id == item.c.graph_id
    )
    query = (
        select(
            sync_request.c.mailbox_id,
            sync_request.c.by,
            sync_request.c.organisations,
            sync_request.c.pressed_at,
        )
        .join(item, same)
        .where(item.c.email_id == email_id)
        .order_by(sync_request.c.pressed_at)
    )
    return [(i, SyncRequest(by, tuple(o), at)) for i, by, o, at in tx.connection.execute(query)]


def chosen_for(tx: Tx, email_ids: Sequence[int]) -> Mapping[int, tuple[int, ...]]:
    """Per e-mail the Organisations that people chose when they pressed the button."""
    same = (sync_request.c.mailbox_id == item.c.mailbox_id) & (
        sync_request.c.graph_id == item.c.graph_id
    )
    query = (
        select(item.c.email_id, sync_request.c.organisations)
        .join(sync_request, same)
        .where(any_of(item.c.email_id, email_ids))
        .order_by(sync_request.c.pressed_at)
    )
    found: dict[int, tuple[int, ...]] = {}
    for email_id, organisations in tx.connection.execute(query):
        found[email_id] = tuple(dict.fromkeys([*found.get(email_id, ()), *organisations]))
    return {email_id: chosen for email_id, chosen in found.items() if chosen}


def by_rule(tx: Tx, mailbox_id: int, email_ids: Sequence[int]) -> frozenset[int]:
    """Which of these e-mails a rule had moved when they were found in this mailbox."""
    query = select(event.c.email_id).where(
        event.c.mailbox_id == mailbox_id,
        event.c.email_id.in_(email_ids),
        event.c.facts["way"].astext == "rule",
    )
    return frozenset(tx.connection.execute(query).scalars())


def mailbox_of_user(tx: Tx, user_id: str) -> int | None:
    """The id of this person's own watched mailbox, None when it is not watched."""
    query = select(mailbox.c.id).where(
        mailbox.c.company_id == tx.company_id, mailbox.c.user_id == user_id
    )
    found: int | None = tx.connection.scalar(query)
    return found


def forget_requests(tx: Tx, mailbox_id: int, graph_id: str) -> None:
    """What was asked for this copy holds no longer."""
    same = (sync_request.c.mailbox_id == mailbox_id) & (sync_request.c.graph_id == graph_id)
    tx.connection.execute(delete(sync_request).where(same))


def emails_by_id(tx: Tx, ids: Iterable[int]) -> Mapping[int, Email]:
    """These e-mails by id."""
    rows = tx.connection.execute(select(*EMAIL).where(any_of(email.c.id, ids))).mappings()
    return {row["id"]: read_email(row) for row in rows}


def add_update(
    tx: Tx,
    filing_ids: Iterable[int],
    kind: str,
    *,
    move_to: int | None = None,
    is_replaced: bool = False,
) -> None:
    """Webcrm is to be told this about these Activities, soon. The last wish holds.

    `is_replaced`: taken back since a person put another Organisation in its place.
    """
    ids = list(filing_ids)
    if not ids:
        return
    facts = {"kind": kind, "move_to": move_to, "asked_at": tx.now, "due_at": tx.now}
    new = insert(activity_update).values([{"filing_id": i, **facts} for i in ids])
    tx.connection.execute(
        new.on_conflict_do_update(index_elements=[activity_update.c.filing_id], set_=facts)
    )
    tx.connection.execute(
        update(filing)
        .where(filing.c.id.in_(ids))
        .values(is_withdrawn=kind == WITHDRAW, is_replaced=is_replaced, is_removed=False)
    )
    if kind == STAND:
        # Its Documents are written again behind its words.
        again = update(filing).where(filing.c.id.in_(ids))
        tx.connection.execute(again.values(is_complete=False, due_at=tx.now))
    tx.defer(Job.FILE, tx.company_id)


def request_rewrite(tx: Tx, filing_id: int) -> None:
    """The words of an Activity are to be written anew, soon. A person's wish goes before it."""
    standing = select(filing.c.id, literal(RETELL), literal(tx.now), literal(tx.now)).where(
        filing.c.id == filing_id, filing.c.activity_id.is_not(None), ~filing.c.is_withdrawn
    )
    columns = ["filing_id", "kind", "asked_at", "due_at"]
    new = insert(activity_update).from_select(columns, standing)
    tx.connection.execute(new.on_conflict_do_nothing())
    tx.defer(Job.FILE, tx.company_id)


def updates(tx: Tx, filing_ids: Iterable[int]) -> Mapping[int, ActivityUpdate]:
    """The open wishes about these filings."""
    query = select(
        activity_update.c.filing_id,
        activity_update.c.kind,
        activity_update.c.move_to,
        activity_update.c.asked_at,
    ).where(activity_update.c.filing_id.in_(list(filing_ids)))
    return {row.filing_id: ActivityUpdate(*row[1:]) for row in tx.connection.execute(query)}


def due_updates(tx: Tx, *, limit: int) -> Sequence[int]:
    """The filings about which webCRM is to be told something now, the oldest wish first.

    Those without an Activity yet must wait.
    """
    ids = (
        _due_updates(tx)
        .order_by(activity_update.c.asked_at, activity_update.c.filing_id)
        .limit(limit)
    )
    return tx.connection.execute(ids).scalars().all()


def read_update(tx: Tx, filing_id: int) -> tuple[ActivityUpdate, Filing, Email] | None:
    """The open wish about this filing, None when it was told meanwhile."""
    open_ = updates(tx, [filing_id])
    row = tx.connection.execute(select(*FILING).where(filing.c.id == filing_id)).mappings().first()
    if row is None or not open_:
        return None
    found = read_filing(row)
    return open_[filing_id], found, emails_by_id(tx, [found.email_id])[found.email_id]


def has_due_updates(tx: Tx) -> bool:
    """True when there are wishes to be told to webCRM now."""
    return bool(tx.connection.scalar(select(_due_updates(tx).exists())))


def _due_updates(tx: Tx) -> Select[int]:
    return (
        select(activity_update.c.filing_id)
        .join(filing, filing.c.id == activity_update.c.filing_id)
        .where(filing.c.company_id == tx.company_id, filing.c.activity_id.is_not(None))
        .where(activity_update.c.due_at <= tx.now)
    )


def end_update(tx: Tx, filing_id: int, told: ActivityUpdate) -> None:
    """The wish was told; one that was made since stays open."""
    same = (activity_update.c.filing_id == filing_id) & (
        activity_update.c.asked_at == told.asked_at
    )
    tx.connection.execute(delete(activity_update).where(same))


def postpone_update(tx: Tx, filing_id: int, *, due_at: datetime) -> None:
    """Tell it later."""
    tx.connection.execute(
        update(activity_update)
        .where(activity_update.c.filing_id == filing_id)
        .values(due_at=due_at)
    )


def set_filing(tx: Tx, filing_id: int, **values: object) -> None:
    """Set columns of one filing."""
    tx.connection.execute(update(filing).where(filing.c.id == filing_id).values(**values))


def hold_filings(tx: Tx, email_id: int) -> None:
    """Nobody sends a filing of this mail until the transaction ends."""
    query = select(filing.c.id).where(filing.c.email_id == email_id).with_for_update()
    tx.connection.execute(query)


def mark_chosen(tx: Tx, email_id: int, filing_ids: Sequence[int]) -> None:
    """These filings and those not sent yet count as chosen by a person from now on."""
    is_new = filing.c.intent_at.is_(None) & filing.c.activity_id.is_(None)
    query = update(filing).where(
        filing.c.email_id == email_id, is_new | filing.c.id.in_(filing_ids)
    )
    tx.connection.execute(query.values(how=MatchedBy.PERSON.value))


def forget_choices(tx: Tx, email_id: int) -> None:
    """What was chosen with the button has been followed; it is not followed again."""
    copies = select(item.c.mailbox_id, item.c.graph_id).where(item.c.email_id == email_id)
    same = tuple_(sync_request.c.mailbox_id, sync_request.c.graph_id).in_(copies)
    tx.connection.execute(update(sync_request).where(same).values(organisations=[]))


def drop_filings(tx: Tx, filing_ids: Sequence[int]) -> None:
    """Forget these filings, which were never sent."""
    unsent = filing.c.intent_at.is_(None) & filing.c.activity_id.is_(None)
    tx.connection.execute(delete(filing).where(filing.c.id.in_(filing_ids), unsent))


def documents_of(tx: Tx, filing_id: int) -> Sequence[int]:
    """The ids of the Documents that stand in webCRM for this filing."""
    query = select(document.c.document_id).where(document.c.filing_id == filing_id)
    return [i for i in tx.connection.execute(query).scalars() if i is not None]


def forget_documents(tx: Tx, filing_id: int) -> None:
    """The filing's Documents are gone; they would be planned anew."""
    tx.connection.execute(delete(document).where(document.c.filing_id == filing_id))


def retry_now(tx: Tx, email_id: int) -> None:
    """Whatever of this mail has not reached webCRM is due now, with all its tries before it."""
    open_ = update(filing).where(filing.c.email_id == email_id, ~filing.c.is_complete)
    ids = tx.connection.execute(
        open_.values(due_at=tx.now, attempts=0).returning(filing.c.id)
    ).scalars()
    again = update(document).where(document.c.filing_id.in_(list(ids)))
    tx.connection.execute(again.values(attempts=0))


def senders(tx: Tx, mailbox_id: int) -> frozenset[str]:
    """The senders whose mail a rule of ours moves, as last seen."""
    query = select(always_sync.c.address).where(always_sync.c.mailbox_id == mailbox_id)
    return frozenset(tx.connection.execute(query).scalars())


def save_senders(tx: Tx, mailbox_id: int, addresses: Iterable[str]) -> None:
    """Replace the list of those senders."""
    tx.connection.execute(delete(always_sync).where(always_sync.c.mailbox_id == mailbox_id))
    rows = [{"mailbox_id": mailbox_id, "address": a} for a in sorted(set(addresses))]
    if rows:
        tx.connection.execute(insert(always_sync).on_conflict_do_nothing(), rows)
