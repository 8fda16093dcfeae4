"""The Organisations under which a person filed mails lately, from the events."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select, union_all

from webcrm_sync.core.events import EventKind
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.tables import event, filing

#: So many of the person's latest events are read, however long the history is.
_MOST_EVENTS = 200
#: The places that the person chose, by `ix_event_by_mailbox`. Of a moved place the new one.
_CHOSEN = (
    select(event.c.at, event.c.facts["organisations"][-1].as_integer().label("organisation_id"))
    .where(event.c.facts["by_mailbox"].astext == bindparam("by_mailbox"))
    .where(event.c.facts.has_key("by_mailbox"))
    .where(event.c.kind.in_([EventKind.CHOSEN, EventKind.PLACE_ADDED, EventKind.PLACE_MOVED]))
    .where(event.c.company_id == bindparam("company"))
    .order_by(event.c.id.desc())
    .limit(_MOST_EVENTS)
    .subquery()
)
_LATEST = (
    select(event.c.at, event.c.email_id, event.c.kind)
    .where(event.c.mailbox_id == bindparam("mailbox"))
    .order_by(event.c.id.desc())
    .limit(_MOST_EVENTS)
    .subquery()
)
#: The places of the mails that were synced from the person's mailbox.
_SYNCED = (
    select(_LATEST.c.at, filing.c.organisation_id)
    .join(filing, filing.c.email_id == _LATEST.c.email_id)
    .where(_LATEST.c.kind == EventKind.SYNCED, ~filing.c.is_withdrawn)
)
_BOTH = union_all(select(_CHOSEN), _SYNCED).subquery()
_RECENT = (
    select(_BOTH.c.organisation_id)
    .where(_BOTH.c.organisation_id > 0)
    .group_by(_BOTH.c.organisation_id)
    .order_by(func.max(_BOTH.c.at).desc(), _BOTH.c.organisation_id)
    .limit(50)
)


def read_recent(tx: Tx, mailbox_id: int) -> list[int]:
    """Ids of Organisations that the mailbox's owner chose or filed mails under, latest first."""
    parameters = {"company": tx.company_id, "mailbox": mailbox_id, "by_mailbox": str(mailbox_id)}
    return list(tx.connection.execute(_RECENT, parameters).scalars())
