"""The stored e-mails that a new copy may belong to, and the keys and addresses they share."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import RowMapping, bindparam, func, select, update

from webcrm_sync.core.addresses import fold_address
from webcrm_sync.core.aliases import Aliases
from webcrm_sync.core.direction import Internals
from webcrm_sync.core.email_index import KnownMail
from webcrm_sync.core.identity import UNREAD_PREFIX
from webcrm_sync.core.message import Fingerprint
from webcrm_sync.core.same_mail import MailFeatures
from webcrm_sync.core.word_digest import WordDigest
from webcrm_sync.store.any_of import any_of_param
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.tables import email, filing, item, mailbox
from webcrm_sync.store.schema.tables import mailbox_address as alias

_OF_EMAIL = item.c.email_id == email.c.id
_STAMPS = select(item.c.stamp).where(_OF_EMAIL, item.c.stamp.is_not(None)).scalar_subquery()
_OWN_COPY = select(func.min(item.c.graph_id)).where(
    _OF_EMAIL, item.c.mailbox_id == bindparam("mailbox")
)
_KNOWN_MAILS = (
    select(
        *(email.c.id, email.c.key, email.c.message_id, email.c.subject, email.c.sender),
        *(email.c.recipients, email.c.sent_at, email.c.word_digest, email.c.has_attachments),
        select(filing.c.id).where(filing.c.email_id == email.c.id).exists().label("has_filings"),
        func.array(_STAMPS).label("stamps"),
        _OWN_COPY.scalar_subquery().label("graph_id"),
    )
    .where(
        email.c.company_id == bindparam("company"),
        any_of_param(email.c.message_id, "message_ids") | any_of_param(email.c.key, "keys"),
        ~email.c.key.startswith(UNREAD_PREFIX),  # without content there is nothing to compare
    )
    .order_by(email.c.id)
)
_OWNERS = (
    select(alias.c.address, mailbox.c.address.label("owner"))
    .join(mailbox)
    .where(mailbox.c.company_id == bindparam("company"))
)


def read_known_mails(
    tx: Tx,
    mailbox_id: int,
    *,
    message_ids: Collection[str],
    keys: Collection[str],
) -> Sequence[KnownMail]:
    """The company's e-mails with one of these Message-IDs or keys, oldest first.

    `mailbox_id`: the mailbox of the new copies. Each e-mail's copy in it is read too.
    """
    parameters = {
        "company": tx.company_id,
        "mailbox": mailbox_id,
        "message_ids": list(message_ids),
        "keys": list(keys),
    }
    rows = tx.connection.execute(_KNOWN_MAILS, parameters).mappings()
    return [_known_mail(row) for row in rows]


def change_key(tx: Tx, email_id: int, key: str) -> None:
    """Change the key of an e-mail. No Activity or stamp may carry the old key."""
    tx.connection.execute(update(email).where(email.c.id == email_id).values(key=key))


def read_aliases(tx: Tx, internals: Internals) -> Aliases:
    """The aliases of people: the addresses of a watched mailbox belong to one person."""
    rows = tx.connection.execute(_OWNERS, {"company": tx.company_id})
    owners = {fold_address(row.address): fold_address(row.owner) for row in rows}
    return Aliases(owners, internals)


def _known_mail(row: RowMapping) -> KnownMail:
    people = row["recipients"]
    fingerprint = Fingerprint.from_parts(
        row["sender"].address if row["sender"] else "",
        row["subject"],
        row["sent_at"],
        (person[0] for person in people["to"] + people["cc"]),
    )
    has_files = row["has_attachments"] if row["graph_id"] else None
    return KnownMail(
        key=row["key"],
        features=MailFeatures(fingerprint, WordDigest.from_bytes(row["word_digest"]), has_files),
        message_id=row["message_id"],
        id=row["id"],
        has_filings=row["has_filings"],
        stamps=row["stamps"],
        graph_id=row["graph_id"],
    )
