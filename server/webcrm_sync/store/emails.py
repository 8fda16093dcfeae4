"""E-mails and their copies: what was found, and the state of each copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, bindparam, delete, func, select, text, update

from webcrm_sync.core.addresses import strip_plus_tag
from webcrm_sync.core.direction import Direction
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.message import MessageKind, Party
from webcrm_sync.core.pictures import NO_PICTURES, PictureFacts
from webcrm_sync.core.states import Reason, State
from webcrm_sync.store.any_of import any_of, any_sent
from webcrm_sync.store.database import Tx
from webcrm_sync.store.rows import insert_of, sent
from webcrm_sync.store.schema.tables import email, email_address, filing, item


@dataclass(frozen=True, slots=True)
class Email:
    """The mail itself. `content`: plain text, None = not kept (any more); `is_raw`: its HTML."""

    id: int
    key: str
    message_id: str | None
    direction: Direction
    kind: MessageKind
    subject: str
    sender: Party | None
    to: tuple[Party, ...]
    cc: tuple[Party, ...]
    bcc: tuple[Party, ...]
    sent_at: datetime | None
    received_at: datetime | None
    has_attachments: bool
    content: str | None
    #: content ids of the pictures that the text shows, None = not kept (any more)
    cids: tuple[str, ...] | None = None
    pictures: PictureFacts = NO_PICTURES
    is_raw: bool = False
    reply_to: tuple[Party, ...] = ()
    sent_by: Party | None = None
    #: when we met it first
    created_at: datetime | None = None

    @property
    def recipients(self) -> tuple[Party, ...]:
        """To, Cc and Bcc in this order."""
        return self.to + self.cc + self.bcc


@dataclass(frozen=True, slots=True)
class Item:
    """One copy of a mail in one mailbox. `folder_id` None = it lies in no sync folder.

    `is_bare`: it could not be read; nothing is known of its mail but, perhaps, the Message-ID.
    """

    id: int
    mailbox_id: int
    folder_id: int | None
    email_id: int
    graph_id: str
    change_key: str
    categories: tuple[str, ...]
    stamp: str | None
    is_past: bool
    state: State
    reason: Reason | None
    detail: str | None
    found_at: datetime
    state_at: datetime
    mark_attempts: int
    is_bare: bool = False


#: What is kept of a body until nothing is to be filed of it.
_FORGOTTEN = {"content": None, "cids": None, "pictures": None}
ITEM_COLUMNS = [item.c[f] for f in Item.__dataclass_fields__]
EMAIL_COLUMNS = [email.c[f] for f in Email.__dataclass_fields__ if f not in {"to", "cc", "bcc"}] + [
    email.c.recipients
]


_LOCK = text("SELECT pg_advisory_xact_lock(7205759, :company)")
_KNOWN = select(*ITEM_COLUMNS).where(
    item.c.mailbox_id == bindparam("mailbox"), any_sent(item.c.graph_id, "graph_ids")
)
_KNOWN_AND_HELD = _KNOWN.order_by(item.c.id).with_for_update()
_HELD = select(item.c.id).order_by(item.c.id).with_for_update()
_COPIES_HELD = _HELD.where(any_sent(item.c.id, "ids"))
_COPIES_OF_HELD = _HELD.where(any_sent(item.c.email_id, "email_ids"))
_UNSEEN = select(item.c.graph_id).where(
    item.c.folder_id == bindparam("folder"), item.c.seen_round < bindparam("round")
)
_BY_ID = select(*EMAIL_COLUMNS).where(any_sent(email.c.id, "ids"))
_UNSETTLED = [s.value for s in (State.FOUND, State.MATCHED, State.WAITING, State.PARKED)]
_IS_NEEDED = (
    select(item.c.id).where(item.c.email_id == email.c.id, item.c.state.in_(_UNSETTLED)).exists()
)
_FORGET = update(email).where(any_sent(email.c.id, "ids"), ~_IS_NEEDED).values(**_FORGOTTEN)


def read_item(row: RowMapping | dict[str, Any]) -> Item:
    """An Item from its row."""
    facts = dict(row)
    facts["categories"] = tuple(row["categories"])
    facts["state"] = State(row["state"])
    facts["reason"] = Reason(row["reason"]) if row["reason"] else None
    return Item(**facts)


def read_email(row: RowMapping) -> Email:
    """An Email from its row."""
    facts = dict(row)
    people = facts.pop("recipients")
    facts["cids"] = None if row["cids"] is None else tuple(row["cids"])
    facts["pictures"] = PictureFacts.from_json(row["pictures"])
    facts["sender"] = Party(*row["sender"]) if row["sender"] else None
    facts["sent_by"] = Party(*row["sent_by"]) if row["sent_by"] else None
    facts["reply_to"] = tuple(Party(*p) for p in row["reply_to"] or ())
    facts["direction"] = Direction(row["direction"])
    facts["kind"] = MessageKind(row["kind"])
    for line in ("to", "cc", "bcc"):
        facts[line] = tuple(Party(*p) for p in people[line])
    return Email(**facts)


def lock_company(tx: Tx) -> None:
    """Let no other transaction of this company take up mails until this one ends.

    Two mailboxes may find two copies of one mail at the same moment.
    """
    tx.connection.execute(_LOCK, {"company": tx.company_id})


def lock_copies(tx: Tx, of: ColumnElement[bool]) -> None:
    """Lock these copies until the end of `tx`, in one order everywhere: else two could deadlock.

    Whoever changes several copies asks for them first: a page of delta has them in Graph's
    order, a batch of marks the newest first.
    """
    tx.connection.execute(_HELD.where(of))


def lock_items(tx: Tx, item_ids: Iterable[int]) -> None:
    """Lock these copies, see `lock_copies`."""
    tx.connection.execute(_COPIES_HELD, {"ids": list(item_ids)})


def lock_copies_of(tx: Tx, email_ids: Iterable[int]) -> None:
    """Lock every copy of these mails, see `lock_copies`."""
    tx.connection.execute(_COPIES_OF_HELD, {"email_ids": list(email_ids)})


def known_items(
    tx: Tx, mailbox_id: int, graph_ids: Iterable[str], *, is_held: bool = False
) -> Mapping[str, Item]:
    """The items of the mailbox among these Graph ids; `is_held`: see `lock_copies`."""
    these = {"mailbox": mailbox_id, "graph_ids": list(graph_ids)}
    rows = tx.connection.execute(_KNOWN_AND_HELD if is_held else _KNOWN, these).mappings()
    return {row["graph_id"]: read_item(row) for row in rows}


def items_of_email(tx: Tx, email_id: int) -> Sequence[Item]:
    """Every copy of a mail."""
    query = select(*ITEM_COLUMNS).where(item.c.email_id == email_id).order_by(item.c.id)
    return [read_item(row) for row in tx.connection.execute(query).mappings()]


def unseen_items(tx: Tx, folder_id: int, round_number: int) -> Sequence[str]:
    """Graph ids that the folder should hold and that its full reading did not meet."""
    of = {"folder": folder_id, "round": round_number}
    return tx.connection.execute(_UNSEEN, of).scalars().all()


def emails_by_id(tx: Tx, ids: Iterable[int]) -> Mapping[int, Email]:
    """These e-mails by id."""
    rows = tx.connection.execute(_BY_ID, {"ids": list(ids)}).mappings()
    return {row["id"]: read_email(row) for row in rows}


def emails_with(tx: Tx, *, message_ids: Iterable[str], keys: Iterable[str] = ()) -> Sequence[Email]:
    """The company's e-mails with one of these Message-IDs or keys, oldest first."""
    condition = any_of(email.c.message_id, message_ids) | any_of(email.c.key, keys)
    query = select(*EMAIL_COLUMNS).where(email.c.company_id == tx.company_id, condition)
    rows = tx.connection.execute(query.order_by(email.c.id)).mappings()
    return [read_email(row) for row in rows]


def find_emails(tx: Tx, wanted: str) -> Sequence[Email]:
    """The e-mails with this Message-ID, with or without its angle brackets."""
    bare = wanted.strip().strip("<>")
    return emails_with(tx, message_ids=[wanted, bare, f"<{bare}>"], keys=[wanted])


def add_emails(tx: Tx, rows: Sequence[Mapping[str, object]]) -> Mapping[str, int]:
    """Insert e-mails; their ids by key."""
    if not rows:
        return {}
    values = [{"company_id": tx.company_id, "created_at": tx.now, **row} for row in rows]
    new = insert_of(email, values[0]).returning(email.c.key, email.c.id)
    result = tx.connection.execute(new, sent(values))
    return {row.key: row.id for row in result}


def without_headers(tx: Tx, email_ids: Iterable[int]) -> Sequence[int]:
    """Those of the mails that an earlier version took up without their headers, locked.

    A mail that somebody else is changing is left out: waiting here could deadlock.
    """
    query = select(email.c.id).where(any_of(email.c.id, email_ids), email.c.reply_to.is_(None))
    rows = tx.connection.execute(query.with_for_update(key_share=True, skip_locked=True))
    return rows.scalars().all()


def set_headers(tx: Tx, rows: Mapping[int, Mapping[str, object]]) -> None:
    """Set the columns of these mails."""
    if rows:
        query = update(email).where(email.c.id == bindparam("email_id"))
        values = [{"email_id": email_id, **row} for email_id, row in rows.items()]
        tx.connection.execute(query, values)


def add_addresses(tx: Tx, addresses: Iterable[tuple[int, Party]]) -> None:
    """Note who is on which e-mail; those known already stay as they are."""
    rows = [
        {
            "email_id": email_id,
            "address": p.folded,
            "domain": p.domain,
            "untagged": strip_plus_tag(p.folded),
        }
        for email_id, p in addresses
    ]
    if rows:
        new = insert_of(email_address, rows[0]).on_conflict_do_nothing()
        tx.connection.execute(new, sent(rows))


def add_items(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert copies."""
    if rows:
        values = [{"found_at": tx.now, "state_at": tx.now, **row} for row in rows]
        tx.connection.execute(insert_of(item, values[0]), sent(values))


def set_item(tx: Tx, item_id: int, **values: object) -> None:
    """Set columns of one copy."""
    tx.connection.execute(update(item).where(item.c.id == item_id).values(**values))


def settle_item(tx: Tx, seen: Item, **values: object) -> bool:
    """Set columns of one copy; False when its state is no longer the one that was seen."""
    query = update(item).where(item.c.id == seen.id, item.c.state == seen.state.value)
    return tx.connection.execute(query.values(**values)).rowcount == 1


def drop_item(tx: Tx, item_id: int) -> None:
    """Forget a copy, and its mail when that was the only one."""
    gone = delete(item).where(item.c.id == item_id).returning(item.c.email_id)
    email_id = tx.connection.execute(gone).scalar_one()
    other = select(item.c.id).where(item.c.email_id == email_id).exists()
    tx.connection.execute(delete(email).where(email.c.id == email_id, ~other))


def mark_seen(tx: Tx, item_ids: Sequence[int], round_number: int) -> None:
    """Note that a reading of the folder met these copies."""
    if item_ids:
        query = update(item).where(any_of(item.c.id, item_ids))
        tx.connection.execute(query.values(seen_round=round_number))


def move_items(
    tx: Tx,
    email_ids: Iterable[int],
    *,
    to: State,
    of: Sequence[State],
    reason: Reason | None = None,
    detail: str | None = None,
    retry_at: datetime | None = None,
) -> Sequence[int]:
    """Bring every copy of these mails that is in one of the states `of` to the state `to`.

    Its categories follow: the mailboxes' mark jobs are enqueued. Returns the mailboxes' ids.
    """
    ours = any_of(item.c.email_id, email_ids) & item.c.state.in_([s.value for s in of])
    lock_copies(tx, ours)
    query = (
        update(item)
        .where(ours)
        .values(
            state=to.value,
            reason=reason.value if reason else None,
            detail=detail,
            state_at=tx.now,
            retry_at=retry_at,
            mark_due_at=tx.now if to.is_end or to is State.FILED else item.c.mark_due_at,
            mark_attempts=0,
        )
        .returning(item.c.mailbox_id)
    )
    mailbox_ids = sorted(set(tx.connection.execute(query).scalars()))
    if to.is_end or to is State.FILED:
        for mailbox_id in mailbox_ids:
            tx.defer(Job.MARK, mailbox_id)
    return mailbox_ids


def forget_contents(tx: Tx, email_ids: Sequence[int]) -> None:
    """Drop the text of these mails where nothing is to be filed of them any more."""
    tx.connection.execute(_FORGET, {"ids": list(email_ids)})


def forget_old_contents(tx: Tx, older_than: datetime) -> int:
    """Drop every text taken up before `older_than`; how many went."""
    query = update(email).where(
        email.c.company_id == tx.company_id,
        email.c.created_at < older_than,
        email.c.content.is_not(None),
    )
    return tx.connection.execute(query.values(**_FORGOTTEN)).rowcount


def has_intent(tx: Tx, email_id: int) -> bool:
    """True when an Activity of this mail stands in webCRM or may be on its way there."""
    sent = filing.c.intent_at.is_not(None) | filing.c.activity_id.is_not(None)
    query = select(func.count()).where(filing.c.email_id == email_id, sent)
    return bool(tx.connection.scalar(query))
