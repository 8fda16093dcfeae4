"""E-mails and their copies: what was found, and the state of each copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, bindparam, func, select, update

from webcrm_sync.core.addresses import strip_plus_tag
from webcrm_sync.core.direction import Direction
from webcrm_sync.core.message import MessageKind, Party
from webcrm_sync.core.pictures import NO_PICTURES, PictureFacts
from webcrm_sync.core.states import UNSETTLED
from webcrm_sync.store.any_of import any_of, any_of_param
from webcrm_sync.store.bulk_rows import bulk_insert, rows_parameter
from webcrm_sync.store.database import Tx
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


#: MatchedBy the key of a mail begins that could not be read.
BARE = "unread-"
#: What is kept of a body until nothing is to be filed of it.
_FORGOTTEN = {"content": None, "cids": None, "pictures": None}
EMAIL_COLUMNS = [email.c[f] for f in Email.__dataclass_fields__ if f not in {"to", "cc", "bcc"}] + [
    email.c.recipients
]


_BY_ID = select(*EMAIL_COLUMNS).where(any_of_param(email.c.id, "ids"))
_UNSETTLED = [s.value for s in UNSETTLED]
_IS_NEEDED = (
    select(item.c.id).where(item.c.email_id == email.c.id, item.c.state.in_(_UNSETTLED)).exists()
)
_FORGET = update(email).where(any_of_param(email.c.id, "ids"), ~_IS_NEEDED).values(**_FORGOTTEN)


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
    new = bulk_insert(email, values[0]).returning(email.c.key, email.c.id)
    result = tx.connection.execute(new, rows_parameter(values))
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
        new = bulk_insert(email_address, rows[0]).on_conflict_do_nothing()
        tx.connection.execute(new, rows_parameter(rows))


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
