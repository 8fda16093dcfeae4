"""What goes along of mails: fixed by the first filing, and only added to afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.along import Along
from webcrm_sync.core.attachments import NOT_CHOSEN
from webcrm_sync.core.events import EventKind
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import NO_CONTENT, Email
from webcrm_sync.store.schema.tables import document, email, event, filing

_IS_SENT = filing.c.intent_at.is_not(None) | filing.c.activity_id.is_not(None)
_SENT_FILINGS = select(filing.c.id).where(
    filing.c.email_id == email.c.id, _IS_SENT, ~filing.c.is_withdrawn
)


def of_emails(tx: Tx, email_ids: Iterable[int]) -> Mapping[int, Along | None]:
    """What goes along of each mail, None = what the settings say."""
    query = select(email.c.id, email.c.along).where(any_of(email.c.id, email_ids))
    return {row.id: row.along for row in tx.connection.execute(query)}


def still_holds(tx: Tx, filing_id: int, seen: Email) -> bool:
    """True if what goes along of the mail is what it was when it was `seen`, until `tx` ends."""
    lock = select(filing.c.id).where(filing.c.id == filing_id)
    tx.connection.execute(lock.with_for_update(read=True, key_share=True))
    return of_emails(tx, [seen.id]).get(seen.id) == seen.along


def replace(tx: Tx, email_id: int, along: Along) -> bool:
    """Set what goes along of a mail that is not in webCRM. False if it is, or may be.

    Forgets the content and the attachments that were kept for filing: they may hold what is now
    left out. Outlook has them. Lock the mail's filings before, if it has any.
    """
    query = update(email).where(email.c.id == email_id, ~_SENT_FILINGS.exists())
    if not tx.connection.execute(query.values(along=along, **NO_CONTENT)).rowcount:
        return False
    of_mail = select(filing.c.id).where(filing.c.email_id == email_id)
    is_of_mail = document.c.filing_id.in_(of_mail)
    tx.connection.execute(delete(document).where(is_of_mail, document.c.document_id.is_(None)))
    told = (event.c.email_id == email_id) & (event.c.kind == EventKind.ATTACHMENT_LEFT_OUT)
    tx.connection.execute(delete(event).where(told))
    return True


def widen(tx: Tx, email_id: int, along: Along) -> Sequence[int]:
    """Set what goes along of a mail that is in webCRM: more than before. Returns its filings.

    Attachments that were left out by choice are looked for again: a row without a name stands for
    them until then.
    """
    tx.connection.execute(update(email).where(email.c.id == email_id).values(along=along))
    active = (filing.c.email_id == email_id) & ~filing.c.is_withdrawn
    ids = tx.connection.execute(select(filing.c.id).where(active)).scalars().all()
    # Those of a filing that was never sent are planned when it is.
    unsent = select(filing.c.id).where(filing.c.id.in_(ids), ~_IS_SENT)
    is_planned_again = (document.c.left_out == NOT_CHOSEN) | document.c.filing_id.in_(unsent)
    tx.connection.execute(delete(document).where(document.c.filing_id.in_(ids), is_planned_again))
    sent = select(filing.c.id, literal(0), literal(""), literal(0)).where(
        filing.c.id.in_(ids), _IS_SENT
    )
    columns = ["filing_id", "position", "name", "size"]
    new = insert(document).from_select(columns, sent)
    tx.connection.execute(new.on_conflict_do_nothing())
    reopened = update(filing).where(filing.c.id.in_(ids), filing.c.activity_id.is_not(None))
    tx.connection.execute(reopened.values(is_complete=False, due_at=tx.now))
    return ids


def recall(tx: Tx, email_id: int, along: Along) -> None:
    """Record what an Activity in webCRM says of its mail's choice, unless a choice is known."""
    current = of_emails(tx, [email_id]).get(email_id)
    if not (current and current.is_chosen):
        query = update(email).where(email.c.id == email_id)
        tx.connection.execute(query.values(along=along, **NO_CONTENT))
