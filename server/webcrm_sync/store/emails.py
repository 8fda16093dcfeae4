"""E-mails: one row per mail, whatever the number of its copies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, bindparam, func, select, update

from webcrm_sync.core.addresses import strip_plus_tag
from webcrm_sync.core.along import Along
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
    """The mail itself.

    `content`: its text, or its HTML with `is_raw`; None = deleted or never stored. `cids`: content
    ids of the pictures in its text, None likewise. `created_at`: when its first copy was found.
    `along`: the parts that are filed, None = as the settings say. `left_out_cids`, `is_text_cut`:
    see `core.mail_text.body_text.BodyText`; no column holds them, so they are unknown until the
    mail is read again.
    """

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
    cids: tuple[str, ...] | None = None
    pictures: PictureFacts = NO_PICTURES
    is_raw: bool = False
    reply_to: tuple[Party, ...] = ()
    sent_by: Party | None = None
    created_at: datetime | None = None
    along: Along | None = None
    sensitivity: int | None = None
    left_out_cids: tuple[str, ...] | None = None
    is_text_cut: bool = False

    @property
    def recipients(self) -> tuple[Party, ...]:
        """To, Cc and Bcc in this order."""
        return self.to + self.cc + self.bcc


_RECIPIENT_FIELDS = ("to", "cc", "bcc")
_NOT_STORED = frozenset({*_RECIPIENT_FIELDS, "left_out_cids", "is_text_cut"})
#: Values that delete a mail's content.
NO_CONTENT = {"content": None, "cids": None, "pictures": None}
EMAIL_COLUMNS = [
    email.c[name] for name in ("recipients", *Email.__dataclass_fields__) if name not in _NOT_STORED
]


_BY_ID = select(*EMAIL_COLUMNS).where(any_of_param(email.c.id, "ids"))
_UNSETTLED = list(UNSETTLED)
_IS_NEEDED = (
    select(item.c.id).where(item.c.email_id == email.c.id, item.c.state.in_(_UNSETTLED)).exists()
)
_DELETE_CONTENT = (
    update(email).where(any_of_param(email.c.id, "ids"), ~_IS_NEEDED).values(**NO_CONTENT)
)


def read_email(row: RowMapping) -> Email:
    """An Email from a row of EMAIL_COLUMNS."""
    values = dict(row)
    recipients = values.pop("recipients")
    values |= {name: tuple(Party(*p) for p in recipients[name]) for name in _RECIPIENT_FIELDS}
    values["pictures"] = PictureFacts.from_json(row["pictures"])
    return Email(**values)


def emails_by_id(tx: Tx, ids: Iterable[int]) -> Mapping[int, Email]:
    """These e-mails, by id."""
    rows = tx.connection.execute(_BY_ID, {"ids": list(ids)}).mappings()
    return {row["id"]: read_email(row) for row in rows}


def emails_with(tx: Tx, *, message_ids: Iterable[str], keys: Iterable[str] = ()) -> Sequence[Email]:
    """The company's e-mails with one of these Message-IDs or keys, oldest first."""
    condition = any_of(email.c.message_id, message_ids) | any_of(email.c.key, keys)
    query = select(*EMAIL_COLUMNS).where(email.c.company_id == tx.company_id, condition)
    rows = tx.connection.execute(query.order_by(email.c.id)).mappings()
    return [read_email(row) for row in rows]


def find_emails(tx: Tx, message_id: str) -> Sequence[Email]:
    """The e-mails with this Message-ID, with or without its angle brackets."""
    bare_id = message_id.strip().strip("<>")
    return emails_with(tx, message_ids=[message_id, bare_id, f"<{bare_id}>"], keys=[message_id])


def add_emails(tx: Tx, rows: Sequence[Mapping[str, object]]) -> Mapping[str, int]:
    """Insert e-mails, which all have the same columns. Returns their ids by key."""
    if not rows:
        return {}
    values = [{"company_id": tx.company_id, "created_at": tx.now, **row} for row in rows]
    new = bulk_insert(email, values[0]).returning(email.c.key, email.c.id)
    result = tx.connection.execute(new, rows_parameter(values))
    return {row.key: row.id for row in result}


def overtake_floods(tx: Tx, email_ids: Iterable[int]) -> None:
    """File and mark these mails before those of floods, although they were found in one.

    Mails that another transaction has locked are left out, since waiting for them could deadlock.
    """
    ids = select(email.c.id).where(any_of(email.c.id, email_ids), email.c.is_from_flood)
    unlocked = ids.with_for_update(skip_locked=True).scalar_subquery()
    tx.connection.execute(update(email).where(email.c.id.in_(unlocked)).values(is_from_flood=False))


def without_headers(tx: Tx, email_ids: Iterable[int]) -> Sequence[int]:
    """Ids of the mails that an earlier version stored without headers. Locks them until `tx` ends.

    Mails that another transaction has locked are left out, since waiting for them could deadlock.
    """
    query = select(email.c.id).where(any_of(email.c.id, email_ids), email.c.reply_to.is_(None))
    rows = tx.connection.execute(query.with_for_update(key_share=True, skip_locked=True))
    return rows.scalars().all()


def set_headers(tx: Tx, rows: Mapping[int, Mapping[str, object]]) -> None:
    """Set columns of these mails, by id."""
    if rows:
        query = update(email).where(email.c.id == bindparam("email_id"))
        values = [{"email_id": email_id, **row} for email_id, row in rows.items()]
        tx.connection.execute(query, values)


def add_addresses(tx: Tx, addresses: Iterable[tuple[int, Party]]) -> None:
    """Add external addresses, each with its e-mail's id. Idempotent."""
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


def set_sensitivity(tx: Tx, email_id: int, sensitivity: int) -> None:
    """Set how private the mail is, as somebody marked it in Outlook afterwards."""
    query = update(email).where(
        email.c.id == email_id, email.c.sensitivity.is_distinct_from(sensitivity)
    )
    tx.connection.execute(query.values(sensitivity=sensitivity))


def forget_contents(tx: Tx, email_ids: Sequence[int]) -> None:
    """Delete the content of these mails, except where a copy is still to be filed."""
    tx.connection.execute(_DELETE_CONTENT, {"ids": list(email_ids)})


def forget_old_contents(tx: Tx, older_than: datetime) -> int:
    """Delete the content of mails found before `older_than`. Returns how many had content."""
    query = update(email).where(
        email.c.company_id == tx.company_id,
        email.c.created_at < older_than,
        email.c.content.is_not(None),
    )
    return tx.connection.execute(query.values(**NO_CONTENT)).rowcount


def has_intent(tx: Tx, email_id: int) -> bool:
    """True if webCRM has, or may have, an Activity of this mail."""
    sent = filing.c.intent_at.is_not(None) | filing.c.activity_id.is_not(None)
    query = select(func.count()).where(filing.c.email_id == email_id, sent)
    return bool(tx.connection.scalar(query))
